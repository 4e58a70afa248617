//! Services that are asked whether requests may pass.

use super::{Guarded, header};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mesh_tower::{Body, BoxError};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tests::{
    asked::{
        self,
        auth::{Allowed, CheckRequest, CheckResponse, Code, Denied, header as option},
    },
    documents::service,
    mesh::until,
    soon,
    upstream::{Upstream, nobody},
    wire::{data, fed, text},
};

/// A MeshConfig whose provider is asked about every request, written as YAML's flow style has it.
pub(super) fn asking(provider: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |-\n    \
         extensionProviders:\n    - {{name: door, {provider}}}\n---\n\
         apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: ask}}\n\
         spec: {{action: CUSTOM, provider: {{name: door}}, rules: [{{to: [{{operation: {{paths: [/guarded*]}}}}]}}]}}\n"
    )
}

pub(super) const HTTP: &str = "envoyExtAuthzHttp: {service: door.default.svc.cluster.local, port: 80, \
    includeRequestBodyInCheck: {maxRequestBytes: 10}, headersToUpstreamOnAllow: [x-user]}";
pub(super) const GRPC: &str =
    "envoyExtAuthzGrpc: {service: default/door.default.svc.cluster.local, port: 80}";

/// Lets those pass whose word is `sesame`, in a header or as the body, by the name of `known`.
pub(super) async fn door() -> Upstream {
    Upstream::serving(|request: Request<Incoming>| async {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let is_right =
            body == "sesame" || head.headers.get("authorization").is_some_and(|word| word == "sesame");
        let answer = Response::builder().header("x-user", "known").header("x-asked", head.uri.to_string());
        let answer = answer.status(if is_right { 200 } else { 401 });
        Ok::<_, BoxError>(answer.body(Body::from(Bytes::from_static(b"the word?")))?)
    })
    .await
}

#[tokio::test]
async fn a_service_that_speaks_http_lets_those_pass_whom_it_knows() {
    let door = door().await;
    let guarded = Guarded::by(&[&service("door", "http", door.address), &asking(HTTP)]).await;
    let refused = guarded.get("/guarded?a=b").await;
    assert_eq!((refused.status().as_u16(), header(refused.headers(), "x-asked")), (401, "/guarded?a=b"));
    assert_eq!(soon(text(refused)).await, "the word?");

    let known = Request::get("/guarded").header("authorization", "sesame").header("x-user", "somebody else");
    let passed = guarded.send(known, Body::empty()).await;
    assert_eq!((passed.status().as_u16(), header(passed.headers(), "x-user")), (200, "known"));

    // The body is told, and passes all the same.
    let (feed, body) = fed();
    feed.send(data("ses")).expect("a body that is read");
    feed.send(data("ame")).expect("a body that is read");
    drop(feed);
    let passed = guarded.send(Request::post("/guarded"), body).await;
    assert_eq!((passed.status().as_u16(), soon(text(passed)).await.as_str()), (200, "sesame"));
    let refused = guarded.send(Request::post("/guarded"), Body::from("much too long for it")).await;
    assert_eq!(refused.status(), 413);

    // Nobody is asked about what no rule is for.
    assert_eq!(guarded.get("/open").await.status(), 200);
}

#[tokio::test]
async fn a_service_that_speaks_grpc_says_what_passes_and_what_does_not() {
    let door = asked::grpc(|question: CheckRequest| {
        let request = question.attributes?.request?.http?;
        let is_known = request.headers.get("authorization").is_some_and(|word| word == "sesame");
        let denied = Denied {
            status: Some(Code { code: 407 }),
            headers: vec![option("x-asked", &request.path, 2)],
            body: request.host,
        };
        let ok = Allowed { headers: vec![option("x-user", "known", 2)], ..Allowed::default() };
        Some(match is_known {
            true => CheckResponse { ok: Some(ok), ..CheckResponse::default() },
            false => CheckResponse { status: Some(Code { code: 16 }), denied: Some(denied), ok: None },
        })
    })
    .await;
    let guarded = Guarded::by(&[&service("door", "grpc", door.address), &asking(GRPC)]).await;
    let refused = guarded.get("/guarded").await;
    assert_eq!((refused.status().as_u16(), header(refused.headers(), "x-asked")), (407, "/guarded"));
    assert_eq!(soon(text(refused)).await, "product");
    for _ in 0..3 {
        let known = Request::get("/guarded").header("authorization", "sesame");
        let passed = guarded.send(known, Body::empty()).await;
        assert_eq!((passed.status().as_u16(), header(passed.headers(), "x-user")), (200, "known"));
    }
    // One connection serves all questions.
    assert_eq!(door.accepted(), 1);
}

#[tokio::test]
async fn a_service_that_is_away_lets_nobody_pass_unless_it_may_be_done_without() {
    let nobody = nobody().await;
    for (more, status) in [("", 403), (", statusOnError: '503'", 503), (", failOpen: true", 200)] {
        for (protocol, provider) in [("http", HTTP), ("grpc", GRPC)] {
            let provider = provider.replace("port: 80", &format!("port: 80{more}"));
            let guarded = Guarded::by(&[&service("door", protocol, nobody), &asking(&provider)]).await;
            assert_eq!(guarded.get("/guarded").await.status(), status, "{protocol} {more}");
        }
    }
}

#[tokio::test]
async fn who_is_asked_follows_the_documents() {
    let door = door().await;
    let service = service("door", "http", door.address);
    let guarded = Guarded::by(&[&service]).await;
    assert_eq!(guarded.get("/guarded").await.status(), 200);
    guarded.documents.replace("mesh.yaml", &[&*service, &asking(HTTP)].join("---\n"));
    until(&guarded.mesh, |status| status.generation.0 > 1).await;
    assert_eq!(guarded.get("/guarded").await.status(), 401);
    // A policy that names nobody we know lets nobody pass.
    guarded.documents.replace(
        "mesh.yaml",
        &[&*service, &asking(HTTP).replace("{name: door, ", "{name: window, ")].join("---\n"),
    );
    until(&guarded.mesh, |status| status.generation.0 > 2).await;
    let refused = guarded.get("/guarded").await;
    assert_eq!((refused.status().as_u16(), soon(text(refused)).await.as_str()), (403, "RBAC: access denied"));
}

#[tokio::test]
async fn a_client_that_leaves_gives_up_the_question() {
    struct Gone(Arc<AtomicUsize>, tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            let _ = self.1.send(());
        }
    }
    let (gone, (told, mut tells)) = (Arc::new(AtomicUsize::new(0)), tokio::sync::mpsc::unbounded_channel());
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let count = Arc::clone(&gone);
    let door = Upstream::serving(move |_: Request<Incoming>| {
        let held = Gone(Arc::clone(&count), told.clone());
        let _ = begun.send(());
        async move {
            let _held = held;
            std::future::pending().await
        }
    })
    .await;
    let guarded = Guarded::by(&[&service("door", "http", door.address), &asking(HTTP)]).await;
    let address = guarded.address;
    let asked = tokio::spawn(async move {
        let stream = tokio::net::TcpStream::connect(address).await.expect("an open port");
        let mut client = tests::wire::http1(stream).await;
        let request =
            Request::get("/guarded").header("host", "product").body(Body::empty()).expect("a request");
        let _ = client.send_request(request).await;
    });
    soon(begins.recv()).await.expect("a question");
    asked.abort();
    soon(tells.recv()).await.expect("a question that was given up");
    assert_eq!(gone.load(SeqCst), 1);
}
