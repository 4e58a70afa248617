//! Retries by documents.

use super::{
    endpoint::{Act, Endpoint},
    kind,
};
use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    model::GatewayName,
    source::Batch,
    table::{GatewayRole, Viewpoint},
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    Body, BoxError, Kind,
    balance::{Balance, BalanceBody, BalanceLayer},
    retry::{CountedBody, Retry, RetryLayer},
    route::{Route, RouteLayer},
    timeout::TimeoutLayer,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_test::{assert_pending, task};
use tower::{Layer, ServiceExt};

const PRODUCT: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: one}
spec: {address: 10.0.0.1, labels: {app: product}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: two}
spec: {address: 10.0.0.2, labels: {app: product}}
";

pub(crate) type Stack = Route<Retry<Balance<Endpoint>>>;

/// A rule for all requests to `product`, in YAML's flow style.
pub(crate) fn rule(extra: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: product}}\n\
         spec:\n  hosts: [product]\n  gateways: [mesh, door]\n  http:\n  - {{route: [{{destination: {{host: product}}}}]{extra}}}\n"
    )
}

/// A traffic policy for `product`, in YAML's flow style.
pub(crate) fn traffic(policy: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {policy}}}\n"
    )
}

pub(crate) fn publish(publisher: &mut Publisher, documents: &[String]) {
    let text = format!("{PRODUCT}{}", documents.concat());
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

pub(crate) fn table(documents: &[String]) -> (Publisher, Handle) {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publish(&mut publisher, documents);
    (publisher, handle)
}

pub(crate) fn stack(handle: &Handle, endpoint: &Endpoint) -> Stack {
    let retry = RetryLayer::routed().layer(BalanceLayer::new().layer(endpoint.clone()));
    RouteLayer::new(handle.clone()).layer(retry)
}

fn post() -> Request<Body> {
    Request::post("http://product/").body(Body::empty()).expect("a request")
}

async fn send(stack: &Stack) -> Result<Response<CountedBody<BalanceBody<Body>>>, BoxError> {
    stack.clone().oneshot(post()).await
}

fn tries(endpoint: &Endpoint) -> usize {
    endpoint.seen().len()
}

#[tokio::test(start_paused = true)]
async fn by_default_a_post_to_a_dead_endpoint_is_retried_on_another_one_and_a_post_that_got_503_is_not() {
    let (_publisher, handle) = table(&[]);
    let endpoint = Endpoint::of([Act::Fails(Kind::ConnectFailure), Act::Status(200), Act::Status(503)]);
    let stack = stack(&handle, &endpoint);
    assert_eq!(send(&stack).await.expect("an answer").status(), 200);
    let upstreams: BTreeSet<_> = endpoint.seen().into_iter().map(|seen| seen.upstream).collect();
    assert_eq!(upstreams.len(), 2);
    assert_eq!(send(&stack).await.expect("an answer").status(), 503);
    assert_eq!(tries(&endpoint), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_avoids_the_endpoint_that_was_tried_even_when_that_one_has_the_turn() {
    let (_publisher, handle) = table(&[]);
    let (failing, other) = (Endpoint::of([Act::Fails(Kind::ConnectFailure)]), Endpoint::default());
    let turns = BalanceLayer::new();
    let by_turns = |endpoint: &Endpoint| -> Stack {
        let retry = RetryLayer::routed().layer(turns.layer(endpoint.clone()));
        RouteLayer::new(handle.clone()).layer(retry)
    };
    let mut waiting = task::spawn(Box::pin(by_turns(&failing).oneshot(post())));
    assert_pending!(waiting.poll());
    // Takes the turn of the other endpoint.
    send(&by_turns(&other)).await.expect("an answer");
    waiting.await.expect("an answer");
    let upstreams: BTreeSet<_> = failing.seen().into_iter().map(|seen| seen.upstream).collect();
    assert_eq!(upstreams.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_rule_says_how_often_and_zero_is_never() {
    for (retries, expected) in [
        (", retries: {attempts: 1, retryOn: '503'}", 2),
        (", retries: {attempts: 3, retryOn: gateway-error}", 4),
        (", retries: {attempts: 3, retryOn: '409'}", 1),
        (", retries: {attempts: 0}", 1),
    ] {
        let (_publisher, handle) = table(&[rule(retries)]);
        let endpoint = Endpoint::of([Act::Status(503); 9]);
        assert_eq!(send(&stack(&handle, &endpoint)).await.expect("an answer").status(), 503);
        assert_eq!(tries(&endpoint), expected, "{retries}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_for_each_try_is_ignored_unless_it_is_shorter_than_that_of_the_request() {
    for (per_try, expected) in
        [("999ms", Kind::PerTryTimeout), ("1s", Kind::RouteTimeout), ("2s", Kind::RouteTimeout)]
    {
        let retries =
            format!(", timeout: 1s, retries: {{attempts: 1, perTryTimeout: {per_try}, retryOn: '409'}}");
        let (_publisher, handle) = table(&[rule(&retries)]);
        let endpoint = Endpoint::of([Act::Hangs]);
        let retry = RetryLayer::routed().layer(BalanceLayer::new().layer(endpoint));
        let stack = RouteLayer::new(handle).layer(TimeoutLayer::routed().layer(retry));
        let error = stack.oneshot(post()).await.expect_err("it hangs");
        assert_eq!(kind(&error), Some(expected), "{per_try}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_gateway_a_request_cannot_ask_for_retries() {
    let role = GatewayRole::Named(GatewayName { namespace: "shop".into(), name: "door".into() });
    let (mut publisher, handle) =
        channel(Viewpoint { namespace: "shop".into(), gateway: role, ..Viewpoint::default() });
    let door = "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: door}\n\
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n";
    publish(&mut publisher, &[door.to_owned(), rule("")]);
    let endpoint = Endpoint::of([Act::Status(503), Act::Fails(Kind::ConnectFailure)]);
    let retry = RetryLayer::routed().layer(BalanceLayer::new().layer(endpoint.clone()));
    let stack = RouteLayer::new(handle).at_gateway(80, false).layer(retry);
    const HOST: &str = "product.shop.svc.cluster.local";
    for expected in [1, 2] {
        let request = Request::get("/").header("host", HOST).header("x-envoy-retry-on", "5xx");
        let request = request.body(Body::empty()).expect("a request");
        stack.clone().oneshot(request).await.expect("an answer");
        let seen = endpoint.seen();
        assert_eq!(seen.len(), expected);
        assert!(!seen[0].headers.contains_key("x-envoy-retry-on"));
    }
}
