//! Requests that are sent once more when they are slow.

use http::{Request, Response};
use hyper::body::Incoming;
use mesh_tower::{Body, hedge::HedgeLayer};
use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tests::{
    documents::{Documents, named, workload},
    mesh::join,
    soon,
    upstream::Upstream,
    wire::text,
};
use tower::{Layer, ServiceExt};

#[tokio::test]
async fn a_request_that_hangs_at_one_endpoint_is_answered_by_another() {
    for port_name in ["http", "http2"] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let stuck = Upstream::serving(move |_: Request<Incoming>| {
            count.fetch_add(1, SeqCst);
            pending()
        })
        .await;
        let quick = Upstream::serving(|_: Request<Incoming>| ready(Ok(Response::new("quick".into())))).await;
        let [one, two] = [("v1", &stuck), ("v2", &quick)]
            .map(|(version, upstream)| workload("product", version, port_name, upstream.address));
        let documents = Documents::of(&[&named("product", port_name), &one, &two]);
        let mesh = join(&documents).await;
        let client = HedgeLayer::after(Duration::from_millis(20)).layer(mesh.client());
        for _ in 0..30 {
            let request = Request::put("http://product/").body(Body::from("text")).expect("a request");
            let response = soon(client.clone().oneshot(request)).await.expect("an answer");
            assert_eq!(soon(text(response)).await, "quick");
        }
        assert!(asked.load(SeqCst) > 0, "somebody was asked who does not answer");
    }
}
