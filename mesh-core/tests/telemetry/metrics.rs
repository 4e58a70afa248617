//! What is measured.

use crate::{config, document, telemetry};
use mesh_core::{
    model::{Metric, Side},
    table::{MetricRule, Telemetry},
};
use std::time::Duration;

fn metrics(name: &str, written: &str) -> String {
    document(name, &format!("metrics: {written}"))
}

/// The tags of a metric that differ, as `name=expression` or `-name`.
fn tags(rule: &MetricRule) -> Vec<String> {
    let tag = |tag: &mesh_core::table::TagOverride| match &tag.value {
        Some(value) => format!("{}={value}", tag.name),
        None => format!("-{}", tag.name),
    };
    rule.tags.iter().map(tag).collect()
}

fn kept(telemetry: &Telemetry, side: Side) -> Vec<Metric> {
    Metric::ALL.into_iter().filter(|metric| telemetry.at(side).metrics.is_kept(*metric)).collect()
}

#[test]
fn without_a_document_everything_is_measured_as_usual() {
    let said = telemetry(&[]);
    for side in [Side::Client, Side::Server] {
        assert_eq!(kept(&said, side), Metric::ALL);
        let metrics = &said.at(side).metrics;
        assert_eq!(metrics.reporting_interval, Duration::from_secs(5));
        assert!(Metric::ALL.iter().all(|metric| metrics.rule(*metric).tags.is_empty()));
    }
}

#[test]
fn overrides_are_for_some_metrics_at_some_ends_and_count_in_order() {
    let said = telemetry(&[metrics(
        "shop/a",
        "[{overrides: [\
         {match: {metric: REQUEST_COUNT, mode: CLIENT}, disabled: true}, \
         {match: {metric: ALL_METRICS, mode: SERVER}, disabled: true}, \
         {match: {metric: TCP_SENT_BYTES}, disabled: false}, \
         {tagOverrides: {response_code: {operation: REMOVE}, z: {value: '1'}}}, \
         {match: {metric: REQUEST_SIZE}, tagOverrides: {response_code: {value: string(response.code)}, a: {value: request.host}}}]}]",
    )]);
    let but = |left: Metric| Metric::ALL.into_iter().filter(|metric| *metric != left).collect::<Vec<_>>();
    assert_eq!(kept(&said, Side::Client), but(Metric::RequestCount));
    assert_eq!(kept(&said, Side::Server), [Metric::TcpSentBytes]);
    assert_eq!(tags(said.client.metrics.rule(Metric::RequestCount)), ["-response_code", "z=1"]);
    assert_eq!(
        tags(said.server.metrics.rule(Metric::RequestSize)),
        ["a=request.host", "response_code=string(response.code)", "z=1"]
    );
}

#[test]
fn narrower_documents_add_to_wider_ones() {
    let wide = metrics(
        "istio-system/a",
        "[{reportingInterval: 10s, overrides: [{match: {metric: REQUEST_COUNT}, disabled: true, \
         tagOverrides: {a: {value: '1'}, b: {value: '1'}}}]}]",
    );
    let narrow = metrics(
        "shop/a",
        "[{overrides: [{match: {metric: REQUEST_COUNT}, tagOverrides: {b: {value: '2'}}}]}]",
    );
    let said = telemetry(&[wide.clone(), narrow]);
    let rule = said.client.metrics.rule(Metric::RequestCount);
    assert_eq!((rule.is_disabled, tags(rule)), (true, vec!["a=1".to_owned(), "b=2".to_owned()]));
    assert_eq!(said.client.metrics.reporting_interval, Duration::from_secs(10));

    let again = metrics("shop/a", "[{overrides: [{disabled: false}], reportingInterval: 1s}]");
    let said = telemetry(&[wide, again]);
    assert_eq!(kept(&said, Side::Client), Metric::ALL);
    assert_eq!(said.client.metrics.reporting_interval, Duration::from_secs(1));
}

#[test]
fn who_is_named_last_gets_metrics_and_what_was_said_of_others_is_passed_over() {
    let others = "extensionProviders: [{name: mine, prometheus: {}}, {name: sd, stackdriver: {}}]";
    let disabled = "overrides: [{disabled: true}]";
    for (documents, expected) in [
        (vec![metrics("shop/a", "[{providers: [{name: Prometheus}]}]")], 10),
        (vec![metrics("shop/a", "[{providers: [{name: sd}]}]")], 0),
        (vec![metrics("shop/a", "[{providers: [{name: sd}, {name: mine}]}]")], 10),
        (vec![metrics("shop/a", "[{providers: [{name: nobody}]}]")], 0),
        (
            vec![
                metrics("istio-system/a", &format!("[{{providers: [{{name: prometheus}}], {disabled}}}]")),
                metrics("shop/a", "[{providers: [{name: mine}]}]"),
            ],
            10,
        ),
        (
            vec![
                metrics("istio-system/a", "[{providers: [{name: mine}]}]"),
                metrics("shop/a", &format!("[{{{disabled}}}]")),
            ],
            0,
        ),
        (vec![metrics("shop/a", "[{overrides: [{match: {customMetric: other}, disabled: true}]}]")], 10),
    ] {
        let all: Vec<_> = [config(others)].into_iter().chain(documents).collect();
        assert_eq!(kept(&telemetry(&all), Side::Server).len(), expected, "{all:?}");
    }
}

#[test]
fn the_mesh_says_who_gets_metrics_by_default() {
    for (mesh, expected) in [
        ("defaultProviders: {}", 10),
        ("defaultProviders: {metrics: []}", 0),
        ("defaultProviders: {metrics: [stackdriver]}", 0),
        ("defaultProviders: {metrics: [prometheus]}", 10),
    ] {
        assert_eq!(kept(&telemetry(&[config(mesh)]), Side::Client).len(), expected, "{mesh}");
    }
}
