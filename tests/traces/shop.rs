//! The traces of the shop, whose services say nothing of them.

use super::collector::{Collector, Span};
use http::Method;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::time::Duration;
use tests::{shop::Shop, soon};

/// A collector of these many spans of the trace that a client asked for.
async fn asked_for(collector: &Collector, count: usize) -> Vec<Span> {
    soon(async {
        loop {
            let spans = collector.so_far();
            let is_first = |span: &&Span| span.tags.contains_key("guid:x-client-trace-id");
            let trace = spans.iter().find(is_first).map(|span| span.trace.clone());
            // Others are kept by chance.
            let spans: Vec<_> =
                spans.into_iter().filter(|span| trace.as_ref() == Some(&span.trace)).collect();
            if spans.len() >= count {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test]
async fn every_call_of_the_shop_has_its_place_in_the_trace_of_a_request() {
    let collector = Collector::new().await;
    let endpoint = format!("http://{}", collector.address);
    let shop = Shop::open_in(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)], &[]).await;
    shop.create(1).await;
    let token = shop.token("reader").await;
    let mut visitor = shop.connect().await;
    let request = visitor.request(Method::GET, "/product-composite/1");
    let request =
        request.header("authorization", format!("Bearer {token}")).header("x-client-trace-id", "mine");
    let reply = visitor.send(request, "").await;
    assert_eq!(reply.status, 200, "{reply:?}");

    let spans = asked_for(&collector, 9).await;
    let one = |service: &str, kind, parent: &str| {
        let found =
            spans.iter().filter(|span| span.service == service && span.kind == kind && span.parent == parent);
        let [span] = &*found.collect::<Vec<_>>() else { panic!("one span of {service}: {spans:#?}") };
        span.id.clone()
    };
    let arrived = one("istio-ingressgateway.hands-on", SpanKind::Server, "");
    let sent = one("istio-ingressgateway.hands-on", SpanKind::Client, &arrived);
    let composite = one("product-composite.hands-on", SpanKind::Server, &sent);
    for service in ["product", "recommendation", "review"] {
        let called = |span: &&Span| span.parent == composite && span.name.starts_with(&format!("{service}."));
        let [call] = &*spans.iter().filter(called).collect::<Vec<_>>() else {
            panic!("one call of {service}: {spans:#?}")
        };
        assert_eq!((&*call.service, call.kind), ("product-composite.hands-on", SpanKind::Client));
        one(&format!("{service}.hands-on"), SpanKind::Server, &call.id);
    }
    assert_eq!(spans.len(), 9, "{spans:#?}");
}
