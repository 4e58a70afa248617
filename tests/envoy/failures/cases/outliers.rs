//! Endpoints that are left out, and limits of retries.

use crate::failures::{
    case::{Case, grpc, http},
    script::{Step, Step::*, answer, trailers_only},
};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [ejections(), failures(), limits()].into_iter().flatten().collect()
}

fn ejections() -> Vec<Case> {
    let fives = [Answer(answer(500)); 12];
    let gateways = [Answer(answer(503)); 12];
    vec![
        outlier("five errors in a row eject", &fives, json!({})).in_turn(7),
        outlier("two errors in a row eject", &fives, json!({"consecutive5xxErrors": 2})).in_turn(4),
        outlier(
            "a good answer begins the row anew",
            &[fives[0], Answer(answer(200)), fives[0]],
            json!({"consecutive5xxErrors": 2}),
        )
        .in_turn(5),
        outlier("zero errors eject nobody", &fives, json!({"consecutive5xxErrors": 0})).in_turn(7),
        outlier("gateway errors eject", &gateways, json!({"consecutiveGatewayErrors": 2})).in_turn(4),
        outlier("a 500 is no gateway error", &fives, json!({"consecutiveGatewayErrors": 2})).in_turn(4),
        outlier("closed connections eject", &[Close; 6], json!({"consecutive5xxErrors": 2})).in_turn(4),
        outlier("refused connections eject", &[], json!({"consecutive5xxErrors": 2}))
            .endpoints(0, 1)
            .in_turn(4),
        outlier(
            "another endpoint gets what one is left out of",
            &fives[..1],
            json!({"consecutive5xxErrors": 1}),
        )
        .endpoints(2, 0)
        .in_turn(5),
        outlier(
            "no more are ejected than may be",
            &fives,
            json!({"consecutive5xxErrors": 1, "maxEjectionPercent": 50}),
        )
        .endpoints(2, 0)
        .in_turn(5),
        outlier(
            "ten percent of one is nobody",
            &fives,
            json!({"consecutive5xxErrors": 1, "maxEjectionPercent": 10}),
        )
        .in_turn(3),
        outlier(
            "the ejected serve when too few are left",
            &fives,
            json!({"consecutive5xxErrors": 1, "minHealthPercent": 60}),
        )
        .in_turn(3),
        outlier("tries of one request eject", &fives, json!({"consecutive5xxErrors": 2})).again(1).in_turn(2),
        grpc("statuses of gRPC eject", &[UNAVAILABLE; 6])
            .policy("outlierDetection", json!({"consecutive5xxErrors": 2, "maxEjectionPercent": 100}))
            .never_again()
            .in_turn(4),
    ]
}

/// What counts besides answers.
fn failures() -> Vec<Case> {
    let fives = [Answer(answer(500)); 12];
    vec![
        outlier("too late answers eject", &[Stall; 4], json!({"consecutiveGatewayErrors": 2}))
            .timeout("0.4s")
            .in_turn(3),
        outlier("tries that are too late eject", &[Stall; 4], json!({"consecutive5xxErrors": 2}))
            .retries(json!({"attempts": 1, "retryOn": "reset", "perTryTimeout": "0.3s"}))
            .in_turn(2),
        outlier("late answers break the row of refused connections", &[Stall; 4], split())
            .timeout("0.4s")
            .in_turn(3),
        outlier("refused connections are counted apart", &[], split()).endpoints(0, 1).in_turn(4),
        outlier("a connection that was there breaks their row", &[Close; 6], split()).in_turn(4),
        outlier("answers are not counted with them", &fives, split()).in_turn(4),
    ]
}

/// Limits of retries.
fn limits() -> Vec<Case> {
    vec![
        http("one retry at once", &[Answer(answer(503)), Answer(answer(503)), Stall])
            .policy("connectionPool", json!({"http": {"maxRetries": 1}}))
            .again(1)
            .timeout("0.8s")
            .at_once(2),
        http("a budget of one retry", &[Answer(answer(503)), Answer(answer(503)), Stall])
            .policy("retryBudget", json!({"percent": 1.0, "minRetryConcurrency": 1}))
            .again(1)
            .timeout("0.8s")
            .at_once(2),
    ]
}

const UNAVAILABLE: Step =
    Answer(trailers_only(&[("content-type", "application/grpc"), ("grpc-status", "14")]));

/// A service whose endpoints may all be ejected, and stay so for the time of a test.
fn outlier(name: &'static str, script: &[Step], rules: Value) -> Case {
    let mut detection = json!({"maxEjectionPercent": 100, "interval": "60s", "baseEjectionTime": "60s"});
    for (field, value) in rules.as_object().into_iter().flatten() {
        detection[field] = value.clone();
    }
    http(name, script).policy("outlierDetection", detection).never_again()
}

fn split() -> Value {
    json!({"splitExternalLocalOriginErrors": true, "consecutiveLocalOriginFailures": 2, "consecutive5xxErrors": 0})
}
