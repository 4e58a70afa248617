//! Bounds on connections and requests.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh, respond::Refused};
use std::sync::Arc;
use tests::{
    documents::{Documents, routes, service},
    mesh::join,
    soon,
    upstream::Upstream,
    wire::text,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

fn bounded(pool: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {{connectionPool: {pool}}}}}\n"
    )
}

/// A service that answers as many requests as the gate lets through, and says when one has come.
async fn slow(gate: &Arc<Semaphore>) -> (Upstream, mpsc::UnboundedReceiver<()>) {
    let (came, coming) = mpsc::unbounded_channel();
    let gate = Arc::clone(gate);
    let upstream = Upstream::serving(move |_: Request<Incoming>| {
        let (gate, came) = (Arc::clone(&gate), came.clone());
        async move {
            let _ = came.send(());
            gate.acquire().await?.forget();
            Ok(Response::new(Body::from("hello")))
        }
    })
    .await;
    (upstream, coming)
}

fn ask(mesh: &Mesh) -> JoinHandle<Response<Body>> {
    let client = mesh.client();
    tokio::spawn(async move { soon(client.get("http://product/")).await.expect("an answer") })
}

async fn assert_overflows(mesh: &Mesh) {
    let refused = soon(ask(mesh)).await.expect("no panic");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["x-envoy-overloaded"], "true");
    assert_eq!(refused.extensions().get::<Refused>().map(|refused| refused.flag), Some("UO"));
    assert_eq!(
        soon(text(refused)).await,
        "upstream connect error or disconnect/reset before headers. reset reason: overflow"
    );
}

/// Asks until one is refused: which of the requests that were sent together came first is not told.
async fn overflow(mesh: &Mesh, waiting: &mut Vec<JoinHandle<Response<Body>>>) {
    let mut second = ask(mesh);
    let mut third = ask(mesh);
    let refused = tokio::select! {
        refused = &mut second => { waiting.push(third); refused }
        refused = &mut third => { waiting.push(second); refused }
    };
    assert_eq!(refused.expect("no panic").status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn line_14_one_request_is_under_way_one_waits_and_the_next_is_told_that_there_are_too_many() {
    for port_name in ["http", "http2"] {
        let gate = Arc::new(Semaphore::new(0));
        let (upstream, mut coming) = slow(&gate).await;
        let pool = "{tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1, maxConcurrentStreams: 1}}";
        let product = service("product", port_name, upstream.address);
        let documents = Documents::of(&[&product, &bounded(pool)]);
        let mesh = join(&documents).await;
        assert!(mesh.status().borrow().faults.is_empty(), "{:?}", mesh.status().borrow().faults);
        let mut admitted = vec![ask(&mesh)];
        soon(coming.recv()).await;
        overflow(&mesh, &mut admitted).await;
        assert_overflows(&mesh).await;
        gate.add_permits(2);
        for request in admitted {
            assert_eq!(soon(text(request.await.unwrap())).await, "hello");
        }
        assert_eq!(upstream.accepted(), 1);
    }
}

#[tokio::test]
async fn what_is_under_way_counts_after_a_publish_and_newer_bounds_hold_at_once() {
    let gate = Arc::new(Semaphore::new(0));
    let (upstream, mut coming) = slow(&gate).await;
    let product = service("product", "http", upstream.address);
    let documents = Documents::of(&[&product]);
    documents.write("pool.yaml", &bounded("{http: {http2MaxRequests: 1}}"));
    let mesh = join(&documents).await;
    let first = ask(&mesh);
    soon(coming.recv()).await;
    assert_overflows(&mesh).await;
    publish(&mesh, || documents.write("more.yaml", &routes("other", "[{directResponse: {status: 204}}]")))
        .await;
    assert_overflows(&mesh).await;
    publish(&mesh, || documents.write("pool.yaml", &bounded("{http: {http2MaxRequests: 2}}"))).await;
    let second = ask(&mesh);
    soon(coming.recv()).await;
    assert_overflows(&mesh).await;
    gate.add_permits(2);
    for request in [first, second] {
        assert_eq!(soon(text(request.await.unwrap())).await, "hello");
    }
}

async fn publish(mesh: &Mesh, change: impl FnOnce()) {
    let mut handle = mesh.handle();
    let before = handle.snapshot().generation();
    change();
    while soon(handle.published()).await.expect("a mesh that follows").generation() == before {}
}

#[tokio::test]
async fn two_subsets_have_their_bounds_each() {
    let gate = Arc::new(Semaphore::new(0));
    let (upstream, mut coming) = slow(&gate).await;
    let rule = "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {name: product}\n\
         spec: {host: product, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}, \
                subsets: [{name: v1, labels: {version: v1}}]}\n";
    let to_v1 = routes(
        "product",
        "[{match: [{uri: {prefix: /v1}}], route: [{destination: {host: product, subset: v1}}]}, \
          {route: [{destination: {host: product}}]}]",
    );
    let documents = Documents::of(&[&service("product", "http", upstream.address), rule, &to_v1]);
    let mesh = join(&documents).await;
    let whole = ask(&mesh);
    soon(coming.recv()).await;
    assert_overflows(&mesh).await;
    let client = mesh.client();
    let of_subset = tokio::spawn(async move { client.get("http://product/v1").await.expect("an answer") });
    soon(coming.recv()).await;
    gate.add_permits(2);
    for request in [whole, of_subset] {
        assert_eq!(soon(request).await.unwrap().status(), StatusCode::OK);
    }
}
