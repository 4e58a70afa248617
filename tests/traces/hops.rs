//! One request makes one trace, in which every hop has its place.

use super::{
    chain::{Chain, Protocol, traced, values},
    collector::{Collector, Span},
};
use http::Response;
use mesh_tower::Body;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// Where a span is: whose it is, and at which end of a call.
fn hops(spans: &[Span]) -> Vec<(&str, SpanKind)> {
    spans.iter().map(|span| (&*span.service, span.kind)).collect()
}

async fn one_request_makes_one_trace(protocol: Protocol) {
    let collector = Collector::new().await;
    let chain = Chain::plain(&traced(collector.address, protocol, 100, "")).await;
    let seen = chain.seen(&[]).await;
    let spans = collector.spans(5).await;
    let expected = [
        ("gate.default", SpanKind::Server),
        ("gate.default", SpanKind::Client),
        ("a.default", SpanKind::Server),
        ("a.default", SpanKind::Client),
        ("b.default", SpanKind::Server),
    ];
    assert_eq!(hops(&spans), expected);
    assert_eq!(spans[0].parent, "", "nobody was before");
    for (span, cause) in spans[1..].iter().zip(&spans) {
        assert_eq!(
            (&span.trace, &span.parent),
            (&cause.trace, &cause.id),
            "{span:#?} is caused by {cause:#?}"
        );
        assert!(cause.began <= span.began && span.ended <= cause.ended, "{span:#?} is a part of {cause:#?}");
    }
    // `b` got what names the span at its own door.
    let last = &spans[4];
    assert_eq!(values(&seen, "traceparent"), [format!("00-{}-{}-03", last.trace, last.id)]);
    assert_eq!(values(&seen, "x-request-id")[0].as_bytes()[14], b'9');
}

#[tokio::test]
async fn over_grpc_one_request_makes_one_trace_with_all_hops_in_order() {
    one_request_makes_one_trace(Protocol::Grpc).await;
}

#[tokio::test]
async fn over_http_one_request_makes_one_trace_with_all_hops_in_order() {
    one_request_makes_one_trace(Protocol::Http).await;
}

#[tokio::test]
async fn spans_have_the_names_and_tags_of_istio() {
    let collector = Collector::new().await;
    let more = ", customTags: {colour: {literal: {value: red}}, who: {header: {name: x-who, defaultValue: nobody}}, \
                line: {formatter: {value: '%REQ(:METHOD)% %RESPONSE_CODE%'}}}";
    let chain = Chain::plain(&traced(collector.address, Protocol::Grpc, 100, more)).await;
    let seen = chain.seen(&[("x-who", "me")]).await;
    let spans = collector.spans(5).await;
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    let port = |address: std::net::SocketAddr| address.port();
    let b = port(spans[3].tags["upstream_address"].parse().expect("an address"));
    let a = port(spans[1].tags["upstream_address"].parse().expect("an address"));
    let expected = [
        "a.default.svc.cluster.local:80/whole*".to_owned(),
        "router outbound|80||a.default.svc.cluster.local egress".to_owned(),
        format!("a.default.svc.cluster.local:{a}/*"),
        "b.default.svc.cluster.local:80/*".to_owned(),
        format!("b.default.svc.cluster.local:{b}/*"),
    ];
    assert_eq!(names, expected);
    let id = values(&seen, "x-request-id")[0];
    for (name, value) in [
        ("guid:x-request-id", id),
        ("http.url", "http://b/part/2?of=3"),
        ("http.method", "GET"),
        ("http.protocol", "HTTP/1.1"),
        ("http.status_code", "200"),
        ("user_agent", "-"),
        ("downstream_cluster", "-"),
        ("component", "proxy"),
        ("response_flags", "-"),
        ("request_size", "0"),
        ("upstream_cluster", "outbound|80||b.default.svc.cluster.local"),
        ("upstream_cluster.name", "outbound|80||b.default.svc.cluster.local"),
        ("istio.canonical_service", "a"),
        ("istio.canonical_revision", "v1"),
        ("istio.namespace", "default"),
        ("istio.cluster_id", "Kubernetes"),
        ("istio.mesh_id", "cluster.local"),
        ("colour", "red"),
        ("who", "nobody"),
        ("line", "GET 200"),
    ] {
        assert_eq!(spans[3].tags.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(spans[3].tags["response_size"].parse::<u64>().is_ok_and(|size| size > 0));
    assert_eq!(spans[0].tags["http.url"], "http://shop.example/whole/1?x=y");
    assert_eq!((&*spans[0].tags["who"], &*spans[0].tags["user_agent"]), ("me", "test"));
    assert!(spans.iter().all(|span| !span.is_error && !span.tags.contains_key("error")));
}

#[tokio::test]
async fn what_fails_is_an_error_in_every_span_that_it_passes() {
    let collector = Collector::new().await;
    let documents = traced(collector.address, Protocol::Grpc, 100, "");
    let chain =
        Chain::new(&documents, |_, _| async { Ok(Response::builder().status(503).body(Body::empty())?) })
            .await;
    assert_eq!(chain.ask(&[]).await.0, 503);
    let spans = collector.spans(3).await;
    for span in &spans {
        assert!(span.is_error, "{span:#?}");
        assert_eq!((&*span.tags["error"], &*span.tags["http.status_code"]), ("true", "503"));
    }
}

#[tokio::test]
async fn what_the_mesh_refuses_is_told_with_its_reason() {
    let collector = Collector::new().await;
    let documents = traced(collector.address, Protocol::Grpc, 100, "");
    let nowhere = "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: b}\n\
                   spec: {host: b, subsets: [{name: none, labels: {version: none}}]}\n---\n\
                   apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b}\n\
                   spec: {hosts: [b], http: [{route: [{destination: {host: b, subset: none}}]}]}\n";
    let chain = Chain::plain(&(documents + nowhere)).await;
    let (status, _) = chain.ask(&[]).await;
    assert_eq!(status, 503);
    let spans = collector.spans(4).await;
    let expected = [
        ("gate.default", SpanKind::Server),
        ("gate.default", SpanKind::Client),
        ("a.default", SpanKind::Server),
        ("a.default", SpanKind::Client),
    ];
    assert_eq!(hops(&spans), expected);
    assert_eq!((&*spans[3].tags["response_flags"], spans[3].is_error), ("UH", true));
}
