//! Endpoints take turns.

use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::Viewpoint,
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
    let text = format!("{SERVICE}{instances}");
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert_eq!(status.faults, []);
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
