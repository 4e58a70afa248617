//! Which endings of a try are followed by another.

use super::{
    attempt,
    endpoint::{Act, Endpoint},
    get, kind, policy, request,
};
use http::{Method, StatusCode};
use mesh_core::model::{AbortStatus, Retriable, RetryPolicy};
use mesh_tower::{Kind, retry::RetryLayer};
use tower::{Layer, ServiceExt};

const EVERY_ACT: [Act; 24] = [
    Act::Status(200),
    Act::Status(404),
    Act::Status(409),
    Act::Status(418),
    Act::Status(500),
    Act::Status(502),
    Act::Status(503),
    Act::Status(504),
    Act::Limited,
    Act::Grpc(1),
    Act::Grpc(2),
    Act::Grpc(4),
    Act::Grpc(8),
    Act::Grpc(13),
    Act::Grpc(14),
    Act::Fails(Kind::ConnectFailure),
    Act::Fails(Kind::ConnectTimeout),
    Act::Fails(Kind::ConnectionTermination),
    Act::Fails(Kind::RemoteReset),
    Act::Fails(Kind::ProtocolError),
    Act::Fails(Kind::NoEndpoint),
    Act::Refused,
    Act::Unsent,
    Act::Breaks,
];

const UNCONNECTED: [Act; 2] = [Act::Fails(Kind::ConnectFailure), Act::Fails(Kind::ConnectTimeout)];

/// No answer, for whatever reason.
const UNANSWERED: [Act; 7] = [
    UNCONNECTED[0],
    UNCONNECTED[1],
    Act::Fails(Kind::ConnectionTermination),
    Act::Fails(Kind::RemoteReset),
    Act::Fails(Kind::ProtocolError),
    Act::Refused,
    Act::Unsent,
];

fn and(one: &[Act], other: &[Act]) -> Vec<Act> {
    [one, other].concat()
}

/// How many tries there are when the first ends so.
async fn tries(layer: &RetryLayer, method: Method, act: Act) -> usize {
    let endpoint = Endpoint::of([act]);
    let _outcome = layer.layer(endpoint.clone()).oneshot(request(method, &[])).await;
    endpoint.seen().len()
}

async fn retried(layer: RetryLayer, method: Method) -> Vec<Act> {
    let mut retried = Vec::new();
    for act in EVERY_ACT {
        if tries(&layer, method.clone(), act).await > 1 {
            retried.push(act);
        }
    }
    retried
}

#[tokio::test(start_paused = true)]
async fn every_token_retries_what_it_names_and_nothing_else() {
    use Act::{Grpc, Status};
    for (token, expected) in [
        (Retriable::ServerError, and(&[Status(500), Status(502), Status(503), Status(504)], &UNANSWERED)),
        (Retriable::GatewayError, and(&[Status(502), Status(503), Status(504)], &UNANSWERED)),
        (Retriable::Reset, UNANSWERED.to_vec()),
        (Retriable::ResetBeforeRequest, and(&UNCONNECTED, &[Act::Unsent])),
        (Retriable::ConnectFailure, UNCONNECTED.to_vec()),
        (Retriable::Conflict, vec![Status(409)]),
        (Retriable::RefusedStream, vec![Act::Refused]),
        (Retriable::StatusCodes, vec![Status(418)]),
        (Retriable::Headers, vec![]),
        (Retriable::RateLimited, vec![Act::Limited]),
        (Retriable::Http3, vec![]),
        (Retriable::Cancelled, vec![Grpc(1)]),
        (Retriable::DeadlineExceeded, vec![Grpc(4)]),
        (Retriable::Internal, vec![Grpc(13)]),
        (Retriable::ResourceExhausted, vec![Grpc(8)]),
        (Retriable::Unavailable, vec![Grpc(14)]),
    ] {
        let policy = RetryPolicy { statuses: vec![418], ..policy(1, &[token]) };
        assert_eq!(retried(RetryLayer::new(policy), Method::GET).await, expected, "{}", token.name());
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_a_post_without_a_connection_is_retried_and_one_that_got_503_is_not() {
    let retried = retried(RetryLayer::new(RetryPolicy::default()), Method::POST).await;
    let expected = [Act::Grpc(1), Act::Grpc(14), UNCONNECTED[0], UNCONNECTED[1], Act::Refused];
    assert_eq!(retried, expected);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_a_rate_limit_is_not_retried_for_its_status() {
    let policy = RetryPolicy { statuses: vec![429], ..policy(1, &[Retriable::StatusCodes]) };
    let layer = RetryLayer::new(policy);
    assert_eq!(tries(&layer, Method::GET, Act::Limited).await, 1);
    assert_eq!(tries(&layer, Method::GET, Act::Status(429)).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_fault_injected_into_each_try_counts_as_its_answer() {
    let layer = RetryLayer::new(policy(1, &[Retriable::ServerError, Retriable::Unavailable]));
    for (status, expected) in [
        (AbortStatus::Http(StatusCode::BAD_GATEWAY), 2),
        (AbortStatus::Http(StatusCode::NOT_FOUND), 1),
        (AbortStatus::Grpc(14), 2),
        (AbortStatus::Grpc(5), 1),
    ] {
        let act = Act::Fails(Kind::Aborted(status));
        assert_eq!(tries(&layer, Method::GET, act).await, expected, "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_retries_as_the_policy_says_and_the_last_outcome_is_the_callers() {
    for attempts in 0..4 {
        let script = [500, 502, 503, 504, 505].map(Act::Status);
        let endpoint = Endpoint::of(script);
        let layer = RetryLayer::new(policy(attempts, &[Retriable::ServerError]));
        let response = layer.layer(endpoint.clone()).oneshot(get()).await.expect("an answer");
        let seen = endpoint.seen();
        let numbers: Vec<_> = seen.iter().map(|seen| attempt(&seen.headers)).collect();
        assert_eq!(numbers, ["1", "2", "3", "4"][..=attempts as usize]);
        assert_eq!(Act::Status(response.status().as_u16()), script[attempts as usize]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_the_callers() {
    let acts = [Kind::ConnectFailure, Kind::ConnectTimeout].map(Act::Fails);
    let layer = RetryLayer::new(policy(1, &[Retriable::ConnectFailure]));
    let error = layer.layer(Endpoint::of(acts)).oneshot(get()).await.expect_err("no connection");
    assert_eq!(kind(&error), Some(Kind::ConnectTimeout));
}

#[tokio::test(start_paused = true)]
async fn with_caution_only_what_may_be_done_twice_is_retried_after_the_endpoint_may_have_looked_at_it() {
    let policy = policy(1, &[Retriable::ServerError]);
    let untouched = [UNCONNECTED[0], UNCONNECTED[1], Act::Refused, Act::Unsent];
    let layer = RetryLayer::new(policy).only_idempotent();
    assert_eq!(retried(layer.clone(), Method::POST).await, untouched);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(tries(&layer, method, Act::Status(503)).await, 2);
    }
    let endpoint = Endpoint::of([Act::Status(503)]);
    let keyed = request(Method::POST, &[("idempotency-key", "7")]);
    let response = layer.layer(endpoint).oneshot(keyed).await.expect("an answer");
    assert_eq!(response.status(), 200);
}
