//! Who may ask what of a service, and at a gateway.

use http::{Request, Response, StatusCode, header::HOST};
use mesh_tower::{Body, BoxError};
use std::net::SocketAddr;
use tests::{
    documents::Documents,
    gate::{Gate, door, mirror},
    mesh::{join, serve, until},
    soon,
    upstream::{Upstream, listener},
    wire::{self, text},
};
use tokio::net::TcpStream;
use tower::service_fn;

/// A policy of every workload of the namespace.
fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )
}

/// A service that is kept by these policies, and answers with the path that it was asked for.
struct Kept {
    address: SocketAddr,
    documents: Documents,
    mesh: mesh_tower::Mesh,
}

impl Kept {
    async fn by(policies: &[&str]) -> Self {
        let documents = Documents::of(policies);
        let mesh = join(&documents).await;
        let (listener, address) = listener().await;
        let app = service_fn(|request: Request<Body>| async move {
            Ok::<_, BoxError>(Response::new(Body::from(request.uri().path().to_owned())))
        });
        serve(&mesh, listener, app);
        Self { address, documents, mesh }
    }

    async fn answer(&self, request: http::request::Builder) -> (StatusCode, String) {
        let response = send(self.address, request).await;
        (response.status(), soon(text(response)).await)
    }

    async fn status(&self, path: &str) -> StatusCode {
        self.answer(Request::get(path)).await.0
    }
}

async fn send(address: SocketAddr, request: http::request::Builder) -> Response<hyper::body::Incoming> {
    let mut client = wire::http1(TcpStream::connect(address).await.expect("an open port")).await;
    let request = request.header(HOST, "product").body(Body::empty()).expect("a request");
    soon(client.send_request(request)).await.expect("an answer")
}

fn denied() -> (StatusCode, String) {
    (StatusCode::FORBIDDEN, "RBAC: access denied".to_owned())
}

#[tokio::test]
async fn line_16_a_policy_without_rules_denies_all_and_an_empty_rule_allows_all() {
    let nothing = Kept::by(&[&policy("nothing", "{}")]).await;
    assert_eq!(nothing.answer(Request::get("/")).await, denied());
    let all = Kept::by(&[&policy("all", "{rules: [{}]}")]).await;
    assert_eq!(all.answer(Request::get("/a")).await, (StatusCode::OK, "/a".to_owned()));
}

#[tokio::test]
async fn line_16_what_denies_beats_what_allows() {
    let kept = Kept::by(&[
        &policy("all", "{rules: [{}]}"),
        &policy("private", "{action: DENY, rules: [{to: [{operation: {paths: ['/private*']}}]}]}"),
    ])
    .await;
    assert_eq!(kept.status("/public").await, StatusCode::OK);
    for path in ["/private", "/private/1", "/public/../private", "/%70rivate", "/public/%2e%2e/private"] {
        assert_eq!(kept.answer(Request::get(path)).await, denied(), "{path}");
    }
}

#[tokio::test]
async fn line_16_a_header_that_is_missing_is_not_what_it_must_not_be() {
    let rule = "{rules: [{when: [{key: 'request.headers[x-group]', notValues: [test]}]}]}";
    let kept = Kept::by(&[&policy("group", rule)]).await;
    assert_eq!(kept.status("/").await, StatusCode::OK);
    assert_eq!(kept.answer(Request::get("/").header("x-group", "other")).await.0, StatusCode::OK);
    assert_eq!(kept.answer(Request::get("/").header("X-Group", "test")).await, denied());
    let twice = Request::get("/").header("x-group", "other").header("x-group", "test");
    assert_eq!(kept.answer(twice).await, denied());
}

#[tokio::test]
async fn line_16_a_grpc_client_is_told_in_grpcs_words() {
    let kept = Kept::by(&[&policy("nothing", "{}")]).await;
    let request = Request::post("/pkg.Service/Method").header("content-type", "application/grpc");
    let response = send(kept.address, request).await;
    assert_eq!(
        (response.status(), response.headers()["grpc-status"].as_bytes()),
        (StatusCode::OK, &b"7"[..])
    );
}

#[tokio::test]
async fn line_16_callers_are_known_by_their_address_and_policies_change_under_way() {
    let from = |block: &str| {
        policy("near", &format!("{{rules: [{{from: [{{source: {{ipBlocks: [{block}]}}}}]}}]}}"))
    };
    let kept = Kept::by(&[]).await;
    assert_eq!(kept.status("/").await, StatusCode::OK);
    kept.documents.write("near.yaml", &from("10.0.0.0/8"));
    until(&kept.mesh, |status| !status.documents.is_empty()).await;
    assert_eq!(kept.answer(Request::get("/")).await, denied());
    let before = kept.mesh.handle().snapshot().generation();
    kept.documents.write("near.yaml", &from("127.0.0.0/8"));
    until(&kept.mesh, |status| status.generation > before).await;
    assert_eq!(kept.status("/").await, StatusCode::OK);
}

#[tokio::test]
async fn line_16_a_gateway_keeps_its_policies_before_it_routes() {
    let server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}";
    let rule = "{to: [{operation: {hosts: [nobody.example.com]}}, {operation: {paths: [/private]}}]}";
    let spec =
        format!("{{action: DENY, selector: {{matchLabels: {{istio: ingressgateway}}}}, rules: [{rule}]}}");
    let upstream = Upstream::serving(mirror).await;
    let doors = format!("{}---\n{}", door(&[server]), policy("door", &spec));
    let gate = Gate::open(upstream.address, &[80], &doors, |_, _| {}).await;
    let status = async |host: &str, path: &str| {
        let mut client =
            wire::http1(TcpStream::connect(gate.addresses[0]).await.expect("an open port")).await;
        let request = Request::get(path).header(HOST, host).body(Body::empty()).expect("a request");
        soon(client.send_request(request)).await.expect("an answer").status()
    };
    assert_eq!(status("shop.example.com", "/").await, StatusCode::OK);
    assert_eq!(status("shop.example.com", "/private").await, StatusCode::FORBIDDEN);
    // No route is for it, which is not what it is told.
    assert_eq!(status("Nobody.example.com:8080", "/").await, StatusCode::FORBIDDEN);
    assert_eq!(status("other.example.com", "/").await, StatusCode::NOT_FOUND);
}
