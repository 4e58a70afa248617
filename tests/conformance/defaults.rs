//! What the MeshConfig says where nobody else does.

use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use mesh_core::watch::Standing;
use mesh_tower::{Body, Mesh, respond::Refused};
use std::{
    future::ready,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tests::{
    documents::{Documents, named, service, workload},
    mesh::join,
    soon,
    upstream::Upstream,
    wire::text,
};
use tokio::sync::{Semaphore, mpsc};

/// The MeshConfig with these fields, a line each.
fn mesh_config(fields: &str) -> String {
    let fields: String = fields.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  mesh: |-\n{fields}"
    )
}

/// A workload of a mesh with a MeshConfig and other documents, all of which are accepted.
async fn workload_of(fields: &str, documents: &[&str]) -> (Mesh, Documents) {
    let config = mesh_config(fields);
    let documents = Documents::of(&[&[&*config], documents].concat());
    let mesh = join(&documents).await;
    let status = mesh.status().borrow().clone();
    for document in &status.documents {
        assert_eq!(document.standing, Standing::Serving, "{}: {:?}", document.key, status.faults);
    }
    (mesh, documents)
}

async fn get(mesh: &Mesh, url: &str) -> Response<Body> {
    soon(mesh.client().get(url)).await.expect("an answer")
}

#[tokio::test]
async fn requests_become_http2_on_the_way_to_ports_that_speak_http() {
    let upstream = Upstream::serving(|request: Request<Incoming>| {
        let version = if request.version() == Version::HTTP_2 { "2" } else { "1" };
        ready(Ok(Response::new(Body::from(version))))
    })
    .await;
    for (fields, port_name, expected) in [
        ("h2UpgradePolicy: UPGRADE", "http", "2"),
        ("h2UpgradePolicy: UPGRADE", "something", "1"),
        ("h2UpgradePolicy: DO_NOT_UPGRADE", "http", "1"),
    ] {
        let product = service("product", port_name, upstream.address);
        let (mesh, _documents) = workload_of(fields, &[&product]).await;
        let seen = soon(text(get(&mesh, "http://product/").await)).await;
        assert_eq!(seen, expected, "{fields} {port_name}");
    }
}

#[tokio::test]
async fn a_rule_that_says_nothing_of_retries_has_the_meshs() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let weak = Upstream::serving(move |_: Request<Incoming>| {
        count.fetch_add(1, SeqCst);
        ready(Response::builder().status(503).body(Body::empty()).map_err(Into::into))
    })
    .await;
    let product = service("product", "http", weak.address);
    for (policy, tries) in [("{attempts: 3, retryOn: '503', backoff: 1ms}", 4), ("{attempts: 0}", 1)] {
        let (mesh, _documents) = workload_of(&format!("defaultHttpRetryPolicy: {policy}"), &[&product]).await;
        let before = seen.load(SeqCst);
        assert_eq!(get(&mesh, "http://product/").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(seen.load(SeqCst) - before, tries, "{policy}");
    }
}

#[tokio::test]
async fn endpoints_that_fail_are_left_alone_though_no_rule_says_so() {
    let failing = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&failing);
    let bad = Upstream::serving(move |_: Request<Incoming>| {
        count.fetch_add(1, SeqCst);
        ready(Response::builder().status(500).body(Body::empty()).map_err(Into::into))
    })
    .await;
    let good = Upstream::serving(|_| ready(Ok(Response::new(Body::empty())))).await;
    let fields =
        "defaultTrafficPolicy: {outlierDetection: {consecutive5xxErrors: 2, maxEjectionPercent: 50}}";
    let product = [
        named("product", "http"),
        workload("product", "v1", "http", bad.address),
        workload("product", "v2", "http", good.address),
    ];
    let (mesh, _documents) = workload_of(fields, &product.each_ref().map(String::as_str)).await;
    for _ in 0..40 {
        get(&mesh, "http://product/").await;
    }
    assert_eq!(failing.load(SeqCst), 2);
}

/// A server that answers as many requests as the gate lets through, and says when one has come.
async fn behind(gate: &Arc<Semaphore>) -> (Upstream, mpsc::UnboundedReceiver<()>) {
    let (came, coming) = mpsc::unbounded_channel();
    let gate = Arc::clone(gate);
    let upstream = Upstream::serving(move |_: Request<Incoming>| {
        let (gate, came) = (Arc::clone(&gate), came.clone());
        async move {
            let _ = came.send(());
            gate.acquire().await?.forget();
            Ok(Response::new(Body::empty()))
        }
    })
    .await;
    (upstream, coming)
}

#[tokio::test]
async fn bounds_that_no_rule_writes_are_the_meshs_for_services_and_for_unknown_hosts() {
    let gate = Arc::new(Semaphore::new(0));
    let (upstream, mut coming) = behind(&gate).await;
    let SocketAddr::V4(address) = upstream.address else { panic!("127.0.0.1") };
    let product = service("product", "http", upstream.address);
    let fields = "defaultTrafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}";
    let (mesh, _documents) = workload_of(fields, &[&product]).await;
    for url in ["http://product/".to_owned(), format!("http://{address}/")] {
        let (client, asked) = (mesh.client(), url.clone());
        let first = tokio::spawn(async move { client.get(&asked).await.expect("an answer").status() });
        soon(coming.recv()).await;
        let refused = get(&mesh, &url).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{url}");
        assert_eq!(refused.extensions().get::<Refused>().map(|refused| refused.flag), Some("UO"), "{url}");
        gate.add_permits(1);
        assert_eq!(soon(first).await.expect("no panic"), StatusCode::OK);
    }
}
