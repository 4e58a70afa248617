use super::{
    bearing,
    issuer::{ISSUER, Issuer, claims, clock, jwks},
    send,
};
use http::Request;
use mesh_core::{
    dialect::Setting,
    model::{Labels, Model},
    source::Batch,
    table::Viewpoint,
    watch::{Ledger, channel},
};
use mesh_tower::{
    Arrival, Body, Context, Kind, Token,
    jwt::{JwtLayer, Keys},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The layer of a workload of the service `catalog` for which this Policy is written.
fn layer(issuer: &Issuer, spec: &str) -> JwtLayer {
    layer_for(issuer, "{name: catalog}", spec)
}

fn layer_for(issuer: &Issuer, target: &str, spec: &str) -> JwtLayer {
    let labels = Labels::from([("app".to_owned(), "catalog".to_owned())]);
    let viewpoint = Viewpoint { namespace: "shop".to_owned(), labels, ..Viewpoint::default() };
    let (mut publisher, handle) = channel(viewpoint);
    publisher.publish(&model(issuer, target, spec));
    JwtLayer::inbound(handle, Keys::inline()).with_clock(Arc::new(clock))
}

/// What a Policy of the service `catalog` means.
fn model(issuer: &Issuer, target: &str, spec: &str) -> Model {
    let keys = jwks(&[issuer.jwk()]);
    let spec = spec.replace("JWT", &format!("issuer: '{ISSUER}', jwks: '{keys}'"));
    let documents = format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: catalog, namespace: shop}}, \
         spec: {{selector: {{app: catalog}}, ports: [{{port: 80, name: http, targetPort: 8080}}]}}}}\n---\n\
         {{apiVersion: authentication.istio.io/v1alpha1, kind: Policy, metadata: {{name: catalog, namespace: shop}}, \
         spec: {{targets: [{target}], {spec}}}}}"
    );
    let batch = Arc::new(Batch::of("shop.yaml".into(), documents.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.faults.iter().all(|fault| !fault.is_refusal()), "{:?}", status.faults);
    model
}

fn without_token(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

async fn kind(layer: &JwtLayer, request: Request<Body>) -> Option<Kind> {
    send(layer, request).await.err().map(|error| error.kind())
}

#[tokio::test]
async fn a_policy_of_2019_asks_for_a_token_and_passes_it_on() {
    let issuer = Issuer::new("a");
    let layer = layer(&issuer, "origins: [{jwt: {JWT}}], principalBinding: USE_ORIGIN");
    let token = issuer.token(&claims(&json!({})));
    let seen = send(&layer, bearing(&token)).await.unwrap();
    assert_eq!(seen.headers()["authorization"], format!("Bearer {token}"));
    let name = seen.headers().keys().find(|name| name.as_str().starts_with("istio-sec-")).unwrap();
    assert_eq!(seen.headers()[name], token.split('.').nth(1).unwrap());
    let principal = format!("{ISSUER}/magnus");
    assert_eq!(seen.extensions().get::<Token>().unwrap().principal(), Some(&*principal));

    assert_eq!(kind(&layer, without_token("/")).await, Some(Kind::NoOrigin));
    for bad in
        ["nonsense", &issuer.token(&claims(&json!({"exp": 1}))), &Issuer::new("a").token(&claims(&json!({})))]
    {
        assert_eq!(kind(&layer, bearing(bad)).await, Some(Kind::NoOrigin));
    }
    let mut spoofed = bearing(&token);
    spoofed.headers_mut().append(name, "evil".parse().unwrap());
    let seen = send(&layer, spoofed).await.unwrap();
    assert_eq!(seen.headers().get_all(name).iter().count(), 1);
}

#[tokio::test]
async fn a_caller_has_the_workloads_name_unless_the_policy_says_otherwise() {
    let issuer = Issuer::new("a");
    let layer = layer(&issuer, "origins: [{jwt: {JWT}}]");
    let seen = send(&layer, bearing(&issuer.token(&claims(&json!({}))))).await.unwrap();
    let said = seen.extensions().get::<Token>().unwrap();
    assert_eq!((said.principal(), said.get(&["sub"])), (None, Some(&json!("magnus"))));
}

#[tokio::test]
async fn a_token_is_asked_for_on_the_paths_that_trigger_it() {
    let issuer = Issuer::new("a");
    let rules = "triggerRules: [{excludedPaths: [{exact: /health}, {prefix: /public/}]}]";
    let layer = layer(&issuer, &format!("origins: [{{jwt: {{JWT, {rules}}}}}]"));
    for (path, is_asked) in [
        ("/health", false),
        ("/health?a=b", false),
        ("/public/a", false),
        ("/a", true),
        ("/healthy", true),
        // Who reads it in the other way is not let past.
        ("/public/../a", true),
        ("/public/%2e%2e/a", true),
    ] {
        let expected = is_asked.then_some(Kind::NoOrigin);
        assert_eq!(kind(&layer, without_token(path)).await, expected, "{path}");
    }
    // Where none is asked for, a bad one does not matter.
    let mut request = bearing("nonsense");
    *request.uri_mut() = "/health".parse().unwrap();
    assert_eq!(kind(&layer, request).await, None);
}

#[tokio::test]
async fn an_optional_origin_is_looked_at_and_not_asked_for() {
    let issuer = Issuer::new("a");
    let layer =
        layer(&issuer, "origins: [{jwt: {JWT}}], originIsOptional: true, principalBinding: USE_ORIGIN");
    assert_eq!(kind(&layer, without_token("/")).await, None);
    let seen = send(&layer, bearing("nonsense")).await.unwrap();
    assert!(seen.extensions().get::<Token>().is_none());
    let seen = send(&layer, bearing(&issuer.token(&claims(&json!({}))))).await.unwrap();
    assert!(seen.extensions().get::<Token>().is_some());
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_nobodys() {
    let issuer = Issuer::new("a");
    let layer = layer(&issuer, "principalBinding: USE_ORIGIN");
    assert_eq!(kind(&layer, without_token("/")).await, Some(Kind::NoOrigin));
}

#[tokio::test]
async fn a_policy_for_one_port_asks_there_alone() {
    let issuer = Issuer::new("a");
    let layer = layer_for(&issuer, "{name: catalog, ports: [{number: 80}]}", "origins: [{jwt: {JWT}}]");
    let at = |port: u16| {
        let mut request = without_token("/");
        let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        request.extensions_mut().insert(Arrival::new(address(9), address(port)));
        request
    };
    assert_eq!(kind(&layer, at(8080)).await, Some(Kind::NoOrigin));
    assert_eq!(kind(&layer, at(9090)).await, None);
}

#[tokio::test]
async fn nobody_is_judged_by_an_older_table_that_asked_for_less() {
    let (mut publisher, handle) = channel(Viewpoint {
        namespace: "shop".to_owned(),
        labels: Labels::from([("app".to_owned(), "catalog".to_owned())]),
        ..Viewpoint::default()
    });
    let issuer = Issuer::new("a");
    let lax = handle.snapshot();
    publisher.publish(&model(&issuer, "{name: catalog}", "origins: [{jwt: {JWT}}]"));
    let layer = JwtLayer::inbound(handle, Keys::inline()).with_clock(Arc::new(clock));
    let pinned = Context::default().pinned(lax, Instant::now() + Duration::from_secs(15));
    assert_eq!(pinned.scope(kind(&layer, without_token("/"))).await, Some(Kind::NoOrigin));
}
