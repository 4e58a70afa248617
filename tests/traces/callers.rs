//! Callers that have a trace of their own, and those that ask for one.

use super::{
    chain::{Chain, Protocol, traced, values},
    collector::Collector,
};
use std::time::Duration;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// One whose name says nothing, and is none that 1 % takes.
const ID: &str = "00000064-0000-4000-8000-000000000000";

async fn chain(share: u32, more: &str) -> (Collector, Chain) {
    let collector = Collector::new().await;
    let chain = Chain::plain(&traced(collector.address, Protocol::Grpc, share, more)).await;
    (collector, chain)
}

#[tokio::test]
async fn a_caller_that_speaks_w3c_keeps_its_trace() {
    let (collector, chain) = chain(0, "").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let seen = chain.seen(&[("traceparent", &parent), ("tracestate", "mine=1")]).await;
    let spans = collector.spans(5).await;
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    assert_eq!(spans[0].parent, SPAN);
    assert_eq!(values(&seen, "traceparent"), [format!("00-{TRACE}-{}-01", spans[4].id)]);
    assert_eq!(values(&seen, "tracestate"), ["mine=1"]);
    assert!(values(&seen, "b3").is_empty() && values(&seen, "x-b3-traceid").is_empty(), "{seen}");
}

#[tokio::test]
async fn a_caller_that_speaks_b3_keeps_its_trace() {
    let (collector, chain) = chain(0, "").await;
    let seen = chain.seen(&[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-sampled", "1")]).await;
    let spans = collector.spans(5).await;
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    assert_eq!(spans[0].parent, SPAN);
    assert_eq!(values(&seen, "x-b3-traceid"), [TRACE]);
    assert_eq!(values(&seen, "x-b3-spanid"), [&*spans[4].id]);
    assert_eq!(values(&seen, "x-b3-parentspanid"), [&*spans[3].id]);
    assert_eq!(values(&seen, "x-b3-sampled"), ["1"]);
}

#[tokio::test]
async fn what_is_not_traced_passes_untouched() {
    let (collector, chain) = chain(1, "").await;
    let parent = format!("00-{TRACE}-{SPAN}-00");
    let single = format!("{TRACE}-{SPAN}-0");
    for headers in [
        &[("traceparent", &*parent), ("tracestate", "a=1")][..],
        &[("b3", &*single)],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-sampled", "0")],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)],
        &[("b3", "0")],
        &[],
    ] {
        let seen = chain.seen(&[headers, &[("x-request-id", ID)]].concat()).await;
        for name in ["traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"] {
            let sent: Vec<_> =
                headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect();
            assert_eq!(values(&seen, name), sent, "{name} of {headers:?}");
        }
        assert_eq!(values(&seen, "x-request-id"), [ID]);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(collector.so_far().is_empty(), "{:#?}", collector.so_far());
}

#[tokio::test]
async fn without_anybody_who_gets_spans_nothing_is_touched() {
    let chain = Chain::plain("").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let seen =
        chain.seen(&[("traceparent", &parent), ("x-request-id", ID), ("x-client-trace-id", "1")]).await;
    assert_eq!(values(&seen, "traceparent"), [parent]);
    assert_eq!(values(&seen, "x-request-id"), [ID]);
}

#[tokio::test]
async fn strangers_cannot_force_a_trace_as_members_can() {
    let (collector, chain) = chain(1, "").await;
    let forced = ID.replace("-4", "-a");
    let seen = chain.seen(&[("x-request-id", &forced), ("x-envoy-force-trace", "1")]).await;
    assert_eq!(values(&seen, "x-request-id"), [ID]);
    assert!(values(&seen, "traceparent").is_empty(), "{seen}");

    let client = chain.members[1].client();
    let request =
        http::Request::get("http://b/").header("x-request-id", ID).header("x-envoy-force-trace", "1");
    let response = client.request(request.body(mesh_tower::Body::empty()).expect("a request")).await;
    let seen = tests::wire::text(response.expect("an answer")).await;
    assert_eq!(values(&seen, "x-request-id"), [forced]);
    let spans = collector.spans(2).await;
    assert_eq!(spans.iter().map(|span| &*span.service).collect::<Vec<_>>(), ["a.default", "b.default"]);
}

#[tokio::test]
async fn a_client_may_ask_for_a_trace() {
    let (collector, chain) = chain(1, "").await;
    let seen = chain.seen(&[("x-request-id", ID), ("x-client-trace-id", "mine")]).await;
    assert_eq!(values(&seen, "x-request-id"), [ID.replace("-4", "-b")]);
    assert_eq!(collector.spans(5).await[0].tags["guid:x-client-trace-id"], "mine");
}

#[tokio::test]
async fn a_trace_that_is_not_to_be_told_of_is_not() {
    let (collector, chain) = chain(100, ", disableContextPropagation: true").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let seen = chain.seen(&[("traceparent", &parent), ("b3", "1")]).await;
    assert!(values(&seen, "b3").is_empty());
    let spans = collector.spans(5).await;
    assert_eq!((&*spans[0].trace, &*spans[0].parent), (TRACE, SPAN));
    assert!(spans[2..].iter().all(|span| span.trace != TRACE), "{spans:#?}");
}

#[tokio::test]
async fn where_spans_are_not_reported_traces_go_on() {
    let (collector, chain) = chain(100, ", disableSpanReporting: true").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let seen = chain.seen(&[("traceparent", &parent)]).await;
    assert_eq!(values(&seen, "traceparent"), [parent]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(collector.so_far().is_empty());
}
