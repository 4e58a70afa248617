//! Copies by documents.

use super::{Arrivals, fine, settle, shadow};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    AnswerBy, Body, BoxError, Routed,
    mirror::{Mirror, MirrorLayer},
    rewrite::{Rewrite, RewriteLayer},
    route::{Route, RouteLayer},
    timeout::TimeoutLayer,
};
use std::{future::Ready, sync::Arc, time::Duration};
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt, service_fn};

/// A service of two ports, or one without an instance.
fn service(name: &str, instance: Option<&str>) -> String {
    let service = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80}}, {{name: http-b, port: 81}}]}}\n---\n"
    );
    let instance = instance.map(|address| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: {name}}}\n\
             spec: {{address: {address}, labels: {{app: {name}}}}}\n---\n"
        )
    });
    service + &instance.unwrap_or_default()
}

fn publish(publisher: &mut Publisher, to: &str, extra: &str) {
    let documents = [
        service("product", Some("10.0.0.1")),
        service("new", Some("10.0.0.2")),
        service("other", Some("10.0.0.3")),
        service("empty", None),
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: product}}\n\
             spec: {{hosts: [product], http: [{{route: [{{destination: {{host: {to}}}}}], {extra}}}]}}\n"
        ),
    ];
    let batch = Arc::new(Batch::of("shop.yaml".into(), documents.concat().as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

fn table(to: &str, extra: &str) -> (Publisher, Handle) {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publish(&mut publisher, to, extra);
    (publisher, handle)
}

type Fine = fn(Request<Body>) -> Ready<Result<Response<Body>, BoxError>>;
type Stack = Route<Rewrite<Mirror<tower::util::ServiceFn<Fine>>>>;

/// A stack for requests to `to` by a rule with this besides.
fn stack(to: &str, extra: &str) -> (Stack, Arrivals) {
    let (shadow, arrivals) = shadow();
    let mirror = MirrorLayer::routed(shadow).layer(service_fn(fine as Fine));
    (RouteLayer::new(table(to, extra).1).layer(RewriteLayer::routed().layer(mirror)), arrivals)
}

async fn send(stack: &Stack, url: &str) {
    let request = Request::get(url).body(Body::empty()).expect("a request");
    stack.clone().oneshot(request).await.expect("an answer");
}

/// The destinations of the copies that have arrived.
async fn destinations(arrivals: &mut Arrivals) -> Vec<String> {
    settle().await;
    let mut seen = Vec::new();
    while let Ok(copy) = arrivals.try_recv() {
        let routed = copy.request.extensions().get::<Routed>().expect("a decision");
        seen.push(routed.backend().expect("a backend").expect("a backend").name.to_string());
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn every_mirror_of_the_rule_gets_its_share_at_the_requests_port() {
    let mirrors = "mirrors: [{destination: {host: new}}, {destination: {host: nobody}}, \
                   {destination: {host: other, port: {number: 80}}}, {destination: {host: other}, percentage: {value: 0}}]";
    let (stack, mut arrivals) = stack("product", mirrors);
    send(&stack, "http://product:81/").await;
    let expected = ["outbound|81||new.shop.svc.cluster.local", "outbound|80||other.shop.svc.cluster.local"];
    assert_eq!(destinations(&mut arrivals).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_what_the_service_gets_with_the_changes_of_the_rule() {
    let changes = "mirror: {host: new}, rewrite: {uri: /v2, authority: catalogue}, headers: {request: {set: {x-from: shop}}}";
    let (stack, mut arrivals) = stack("product", changes);
    send(&stack, "http://product/").await;
    let copy = arrivals.recv().await.unwrap().request;
    assert_eq!(
        (copy.uri().to_string(), &copy.headers()["x-from"]),
        ("http://catalogue/v2".into(), &"shop".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn without_mirrors_or_without_a_destination_of_its_own_a_request_is_not_copied() {
    for (to, extra) in [
        ("product", "timeout: 1s"),
        ("product", "mirror: {host: new}, mirrorPercentage: {value: 0}"),
        ("nobody", "mirror: {host: new}"),
        ("empty", "mirror: {host: new}"),
    ] {
        let (stack, mut arrivals) = stack(to, extra);
        send(&stack, "http://product/").await;
        assert!(destinations(&mut arrivals).await.is_empty(), "{to}: {extra}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_has_the_time_of_the_rule_for_itself() {
    let (stack, mut arrivals) = stack("product", "mirror: {host: new}, timeout: 2s");
    let started = Instant::now();
    send(&stack, "http://product/").await;
    arrivals.recv().await.unwrap().over().await;
    assert_eq!(started.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_told_what_time_its_request_has_and_has_it_from_the_end_of_its_own_body() {
    let (shadow, mut arrivals) = shadow();
    let reads = service_fn(|request: Request<Body>| async {
        request.into_body().collect().await?;
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let timed = TimeoutLayer::routed().layer(MirrorLayer::routed(shadow).layer(reads));
    let stack = RouteLayer::new(table("product", "mirror: {host: new}, timeout: 2s").1).layer(timed);
    let frames = stream::iter([Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"a")))]);
    let request = Request::post("http://product/").header("x-envoy-upstream-rq-timeout-ms", "1500");
    let started = Instant::now();
    stack.oneshot(request.body(Body::new(StreamBody::new(frames))).unwrap()).await.unwrap();

    let mut copy = arrivals.recv().await.unwrap();
    assert_eq!(copy.request.headers()["x-envoy-expected-rq-timeout-ms"], "1500");
    let by = AnswerBy::of_request(copy.request.extensions()).unwrap().clone();
    advance(Duration::from_secs(5)).await;
    settle().await;
    assert!(!copy.is_over() && !by.has_passed(Instant::now()));
    std::mem::take(copy.request.body_mut()).collect().await.unwrap();
    copy.over().await;
    assert!(by.has_passed(Instant::now()));
    assert_eq!(started.elapsed(), Duration::from_millis(6500));
}

#[tokio::test(start_paused = true)]
async fn a_mirror_with_too_many_copies_leaves_others_theirs_and_keeps_its_count_over_a_publish() {
    let (shadow, mut arrivals) = shadow();
    let both = "mirrors: [{destination: {host: new}}, {destination: {host: other}}]";
    let (mut publisher, handle) = table("product", "mirror: {host: new}");
    let mirror = MirrorLayer::routed(shadow).with_most(1).layer(service_fn(fine as Fine));
    let stack = RouteLayer::new(handle).layer(RewriteLayer::routed().layer(mirror));

    send(&stack, "http://product/").await;
    let first = arrivals.recv().await.unwrap();
    publish(&mut publisher, "product", both);
    send(&stack, "http://product/").await;
    assert_eq!(destinations(&mut arrivals).await, ["outbound|80||other.shop.svc.cluster.local"]);
    drop(first);
    settle().await;
    send(&stack, "http://product/").await;
    assert_eq!(destinations(&mut arrivals).await.len(), 2);
}
