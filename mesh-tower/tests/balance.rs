//! Endpoints take turns.

use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    model::{GatewayName, Protocol},
    source::Batch,
    table::{GatewayRole, Viewpoint},
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    Body, BoxError, Error, Kind, Upstream,
    balance::{Balance, BalanceLayer},
    route::{Route, RouteLayer},
};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80, targetPort: 8080}]}
";

fn instance(address: &str, weight: u32) -> String {
    let name = address.replace('.', "-");
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{name}}}\n\
         spec: {{address: {address}, labels: {{app: product}}, weight: {weight}}}\n"
    )
}

fn publish(publisher: &mut Publisher, instances: &[(&str, u32)]) {
    let instances: String = instances.iter().map(|(address, weight)| instance(address, *weight)).collect();
    publish_text(publisher, &format!("{SERVICE}{instances}"));
}

fn publish_text(publisher: &mut Publisher, text: &str) {
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

fn table(instances: &[(&str, u32)]) -> (Publisher, Handle) {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publish(&mut publisher, instances);
    (publisher, handle)
}

/// Answers with the endpoint that was chosen.
type Chooser = BoxCloneService<Request<Body>, Response<String>, BoxError>;

fn chooser(handle: &Handle) -> Chooser {
    let answer = service_fn(|request: Request<Body>| async move {
        let upstream = request.extensions().get::<Upstream>().map(ToString::to_string);
        Ok::<_, Infallible>(Response::new(upstream.unwrap_or_default()))
    });
    let service: Route<Balance<_>> = RouteLayer::new(handle.clone()).layer(BalanceLayer::new().layer(answer));
    BoxCloneService::new(service)
}

async fn choose(chooser: &Chooser, url: &str) -> Result<String, BoxError> {
    let request = Request::get(url).body(Body::empty())?;
    Ok(chooser.clone().oneshot(request).await?.into_body())
}

async fn count(chooser: &Chooser, requests: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for _ in 0..requests {
        *seen.entry(choose(chooser, "http://product/").await.expect("an endpoint")).or_default() += 1;
    }
    seen
}

fn expected(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(endpoint, count)| ((*endpoint).to_owned(), *count)).collect()
}

#[tokio::test]
async fn every_endpoint_gets_its_share() {
    let (_publisher, handle) = table(&[("10.0.0.1", 1), ("10.0.0.2", 3)]);
    let seen = count(&chooser(&handle), 40).await;
    assert_eq!(seen, expected(&[("10.0.0.1:8080", 10), ("10.0.0.2:8080", 30)]));
}

#[tokio::test]
async fn clones_take_turns_together() {
    let (_publisher, handle) = table(&[("10.0.0.1", 1), ("10.0.0.2", 1)]);
    let one = chooser(&handle);
    let other = one.clone();
    let first = choose(&one, "http://product/").await.expect("an endpoint");
    let second = choose(&other, "http://product/").await.expect("an endpoint");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_new_table_changes_who_takes_turns() {
    let (mut publisher, handle) = table(&[("10.0.0.1", 1)]);
    let chooser = chooser(&handle);
    assert_eq!(count(&chooser, 2).await, expected(&[("10.0.0.1:8080", 2)]));
    publish(&mut publisher, &[("10.0.0.2", 1), ("10.0.0.3", 1)]);
    assert_eq!(count(&chooser, 4).await, expected(&[("10.0.0.2:8080", 2), ("10.0.0.3:8080", 2)]));
}

#[tokio::test]
async fn nobody_to_send_to_is_a_refusal() {
    let (_publisher, handle) = table(&[]);
    let error = choose(&chooser(&handle), "http://product/").await.expect_err("there is no endpoint");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::NoEndpoint));
}

const PASSING: &str = "apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: passing}
spec: {hosts: [a.example, '*.b.example'], ports: [{number: 8080, name: http2, protocol: HTTP2}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: named}
spec: {hosts: ['*.c.example'], resolution: DYNAMIC_DNS, ports: [{number: 90, name: http, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: out}
spec:
  hosts: ['*.example']
  gateways: [door]
  http:
  - match: [{authority: {prefix: x.c.}}]
    route: [{destination: {host: '*.c.example'}}]
  - route: [{destination: {host: a.example}}]
";

#[tokio::test]
async fn an_entry_without_resolution_is_the_address_that_is_asked_for_spoken_to_as_it_says() {
    let (mut publisher, handle) = table(&[]);
    publish_text(&mut publisher, PASSING);
    let upstream = service_fn(|request: Request<Body>| async move {
        Ok::<_, Infallible>(Response::new(request.extensions().get::<Upstream>().cloned()))
    });
    let chooser: Route<Balance<_>> = RouteLayer::new(handle).layer(BalanceLayer::new().layer(upstream));
    for (url, address, protocol) in [
        ("http://a.example:8080/", "a.example:8080", Protocol::Http2),
        ("http://x.y.b.example:8080/", "x.y.b.example:8080", Protocol::Http2),
        ("http://x.c.example:90/", "x.c.example:90", Protocol::Http),
        ("http://x.c.example:91/", "x.c.example:91", Protocol::Unknown),
    ] {
        let request = Request::get(url).body(Body::empty()).expect("a request");
        let upstream = chooser.clone().oneshot(request).await.expect("its own address").into_body();
        let upstream = upstream.expect("an upstream");
        assert_eq!((upstream.to_string(), upstream.protocol), (address.to_owned(), protocol), "{url}");
    }
}

#[tokio::test]
async fn at_a_gateway_only_a_name_can_be_asked_for_and_on_the_port_of_its_entry() {
    let role = GatewayRole::Named(GatewayName { namespace: "shop".into(), name: "door".into() });
    let viewpoint = Viewpoint { namespace: "shop".into(), gateway: role, ..Viewpoint::default() };
    let (mut publisher, handle) = channel(viewpoint);
    publish_text(&mut publisher, PASSING);
    let answer = service_fn(|request: Request<Body>| async move {
        let upstream = request.extensions().get::<Upstream>().map(ToString::to_string);
        Ok::<_, Infallible>(Response::new(upstream))
    });
    let layer = RouteLayer::new(handle).at_gateway(80, false);
    let chooser = layer.layer(BalanceLayer::new().layer(answer));
    let ask = |host: &str| {
        let request = Request::get("/").header("host", host).body(Body::empty()).expect("a request");
        chooser.clone().oneshot(request)
    };
    let upstream = ask("x.c.example").await.expect("its own name").into_body();
    assert_eq!(upstream.as_deref(), Some("x.c.example:90"));
    let error = ask("a.example").await.expect_err("the gateway's own address");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::NoEndpoint));
}

#[tokio::test]
async fn a_host_that_nobody_described_is_its_own_address() {
    let (_publisher, handle) = table(&[]);
    let chooser = chooser(&handle);
    for (url, upstream) in [
        ("http://example.com/", "example.com:80"),
        ("http://Example.com:8080/", "example.com:8080"),
        ("http://10.1.2.3:99/", "10.1.2.3:99"),
        ("http://[::1]:99/", "[::1]:99"),
    ] {
        assert_eq!(choose(&chooser, url).await.expect("its own address"), upstream, "{url}");
    }
}

#[tokio::test]
async fn what_asks_for_tls_is_not_sent_in_plain_text() {
    let (_publisher, handle) = table(&[("10.0.0.1", 1)]);
    let chooser = chooser(&handle);
    let error = choose(&chooser, "https://example.com/").await.expect_err("no TLS yet");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::ConnectFailure));
}
