//! Who may ask what, at the door of a service.

use http::{Request, Response, StatusCode};
use mesh_core::{
    dialect::Setting,
    identity::{Claims, SpiffeId},
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    Arrival, Body, BoxError, PeerIdentity, Token,
    authorize::AuthorizeLayer,
    normalize::NormalizeLayer,
    respond::{Refused, RespondLayer},
};
use std::{net::SocketAddr, sync::Arc};
use tower::{Layer, ServiceExt, service_fn};

fn model(spec: &str, mesh: &str) -> mesh_core::model::Model {
    let text = format!(
        "{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p}}, spec: {spec}}}\n---\n\
         {{apiVersion: v1, kind: ConfigMap, metadata: {{name: istio, namespace: istio-system}}, data: {{mesh: {mesh}}}}}"
    );
    let batch = Arc::new(Batch::of("policies.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.faults.iter().all(|fault| !fault.is_error()), "{:?}", status.faults);
    model
}

fn published(spec: &str, mesh: &str) -> (Publisher, Handle) {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publisher.publish(&model(spec, mesh));
    (publisher, handle)
}

fn arrival(principal: Option<&str>) -> Arrival {
    let (peer, local) = (SocketAddr::from(([10, 0, 0, 9], 4711)), SocketAddr::from(([10, 0, 0, 1], 8080)));
    let identity = principal.map(|principal| PeerIdentity {
        id: SpiffeId::parse(&format!("spiffe://{principal}")).expect("an id"),
        certificate_hash: [0; 32],
    });
    match identity {
        None => Arrival::new(peer, local),
        identity => Arrival::over_tls(peer, local, Some("product"), identity),
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).extension(arrival(None)).body(Body::empty()).expect("a request")
}

/// The answer of a server with these layers, whose application answers 200 with the path that it saw.
async fn answer(handle: &Handle, request: Request<Body>) -> (Response<Body>, String) {
    let app = service_fn(|request: Request<Body>| async move {
        Ok::<_, BoxError>(Response::new(Body::from(request.uri().path().to_owned())))
    });
    let server = AuthorizeLayer::inbound(handle.clone()).layer(app);
    let server = RespondLayer::new().layer(NormalizeLayer::new(handle.clone()).layer(server));
    let response = server.oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.expect("a body").to_bytes();
    (Response::from_parts(parts, Body::empty()), String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_refusal_is_envoys_and_tells_the_caller_nothing() {
    let (_publisher, handle) =
        published("{action: DENY, rules: [{to: [{operation: {paths: ['/admin*']}}]}]}", "{}");
    let (allowed, body) = answer(&handle, get("/shop")).await;
    assert_eq!((allowed.status(), body.as_str()), (StatusCode::OK, "/shop"));
    let (denied, body) = answer(&handle, get("/admin/1")).await;
    assert_eq!((denied.status(), body.as_str()), (StatusCode::FORBIDDEN, "RBAC: access denied"));
    assert!(denied.headers().values().all(|value| !value.to_str().unwrap_or_default().contains("shop")));
    let refused = denied.extensions().get::<Refused>().expect("it is the mesh's");
    assert_eq!(refused.details, "rbac_access_denied_matched_policy[ns[shop]-policy[p]-rule[0]]");
    assert_eq!(refused.flag, "-");
}

#[tokio::test]
async fn a_grpc_client_is_told_in_grpcs_words() {
    let (_publisher, handle) = published("{}", "{}");
    let mut request = get("/pkg.Service/Method");
    request.headers_mut().insert("content-type", "application/grpc".parse().expect("a value"));
    let (denied, _) = answer(&handle, request).await;
    assert_eq!(denied.status(), StatusCode::OK);
    assert_eq!(denied.headers()["grpc-status"], "7");
    assert_eq!(denied.headers()["grpc-message"], "RBAC: access denied");
}

#[tokio::test]
async fn the_caller_is_the_one_that_the_connection_has_verified() {
    let (_publisher, handle) =
        published("{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/cart]}}]}]}", "{}");
    let from = |principal: Option<&str>| {
        let mut request = get("/");
        request.extensions_mut().insert(arrival(principal));
        request
    };
    let status = async |request| answer(&handle, request).await.0.status();
    assert_eq!(status(from(Some("cluster.local/ns/shop/sa/cart"))).await, StatusCode::OK);
    assert_eq!(status(from(Some("cluster.local/ns/shop/sa/other"))).await, StatusCode::FORBIDDEN);
    assert_eq!(status(from(None)).await, StatusCode::FORBIDDEN);
    // What a header says is not who somebody is.
    let mut request = from(None);
    let said = "By=x;URI=spiffe://cluster.local/ns/shop/sa/cart".parse().expect("a value");
    request.headers_mut().insert("x-forwarded-client-cert", said);
    assert_eq!(status(request).await, StatusCode::FORBIDDEN);
    assert_eq!(status(Request::new(Body::empty())).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_end_user_is_the_one_of_the_verified_token() {
    let (_publisher, handle) = published("{rules: [{from: [{source: {requestPrincipals: ['i/*']}}]}]}", "{}");
    let mut request = get("/");
    assert_eq!(answer(&handle, get("/")).await.0.status(), StatusCode::FORBIDDEN);
    let claims = serde_json::json!({"iss": "i", "sub": "me"}).as_object().cloned().expect("claims");
    request.extensions_mut().insert(Token(Arc::new(Claims::new(claims))));
    assert_eq!(answer(&handle, request).await.0.status(), StatusCode::OK);
}

#[tokio::test]
async fn proxies_are_believed_about_their_client_as_far_as_the_mesh_says() {
    let rule = "{rules: [{from: [{source: {remoteIpBlocks: [1.1.1.1]}}]}]}";
    let forwarded = || {
        let mut request = get("/");
        request.headers_mut().insert("x-forwarded-for", "9.9.9.9, 1.1.1.1".parse().expect("a value"));
        request
    };
    let (_publisher, nobody) = published(rule, "{}");
    assert_eq!(answer(&nobody, forwarded()).await.0.status(), StatusCode::FORBIDDEN);
    let (_publisher, one) = published(rule, "{defaultConfig: {gatewayTopology: {numTrustedProxies: 1}}}");
    assert_eq!(answer(&one, forwarded()).await.0.status(), StatusCode::OK);
    assert_eq!(answer(&one, get("/")).await.0.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn no_spelling_of_a_path_walks_around_a_rule() {
    let rule = "{action: DENY, rules: [{to: [{operation: {paths: ['/private*']}}]}]}";
    let merging = "{pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}}";
    for (mesh, path) in [
        ("{}", "/public/../private"),
        ("{}", "/public/%2e%2E/private"),
        ("{}", "/%70rivate"),
        ("{}", "/public\\..\\private"),
        ("{}", "/./private/1"),
        (merging, "//private"),
        (merging, "/public%2F..%2fprivate"),
        (merging, "/public/..%5cprivate"),
    ] {
        let (_publisher, handle) = published(rule, mesh);
        assert_eq!(answer(&handle, get(path)).await.0.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let (_publisher, handle) = published(rule, "{}");
    let (unread, body) = answer(&handle, get("/private%00")).await;
    assert_eq!((unread.status(), body.as_str()), (StatusCode::BAD_REQUEST, ""));
    // What the application sees is what the rules have seen.
    assert_eq!(answer(&handle, get("/a/../%62//c%2F")).await.1, "/b//c%2F");
}

#[tokio::test]
async fn nobody_chooses_the_policies_that_they_are_judged_by() {
    let (mut publisher, handle) = published("{rules: [{}]}", "{}");
    let older = handle.snapshot();
    publisher.publish(&model("{}", "{}"));
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    let context = mesh_tower::Context::new(vec![]).pinned(older, until);
    let (denied, _) = context.scope(answer(&handle, get("/"))).await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_gateway_looks_at_its_listeners_port_and_host() {
    let (_publisher, handle) = published(
        "{action: DENY, rules: [{to: [{operation: {ports: ['443'], hosts: ['deny.example.com']}}]}]}",
        "{}",
    );
    let app = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
    let status = async |port, host: &str| {
        let request = Request::get("/").header("host", host).extension(arrival(None)).body(Body::empty());
        let server = AuthorizeLayer::inbound(handle.clone()).at_gateway(port, port == 443).layer(app);
        let server = RespondLayer::new().layer(server);
        server.oneshot(request.expect("a request")).await.expect("an answer").status()
    };
    assert_eq!(status(443, "DENY.example.com").await, StatusCode::FORBIDDEN);
    assert_eq!(status(443, "deny.example.com:443").await, StatusCode::FORBIDDEN);
    assert_eq!(status(443, "example.com").await, StatusCode::OK);
    assert_eq!(status(80, "deny.example.com").await, StatusCode::OK);
}
