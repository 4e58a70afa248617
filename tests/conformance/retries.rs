//! Requests that are tried again.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh};
use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tests::{
    documents::{Documents, named, routes, workload},
    mesh::join,
    soon,
    upstream::{Upstream, nobody},
    wire::text,
};

async fn post(mesh: &Mesh) -> Response<Body> {
    let request = Request::post("http://product/").body(Body::from("posted")).expect("a request");
    soon(mesh.client().request(request)).await.expect("an answer")
}

#[tokio::test]
async fn line_6_a_post_to_a_dead_endpoint_is_retried_on_another_one_and_a_post_that_got_503_is_not() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let weak = Upstream::serving(move |_: Request<Incoming>| {
        count.fetch_add(1, SeqCst);
        ready(Response::builder().status(503).body(Body::from("weak")).map_err(Into::into))
    })
    .await;
    let dead = workload("product", "v2", "http", nobody().await);
    let alive = workload("product", "v1", "http", weak.address);
    let documents = Documents::of(&[&named("product", "http"), &alive, &dead]);
    let mesh = join(&documents).await;
    for requests in 1..=6 {
        let response = post(&mesh).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(soon(text(response)).await, "weak");
        assert_eq!(seen.load(SeqCst), requests);
    }
}

#[tokio::test]
async fn line_7_a_limit_for_each_try_is_ignored_if_the_request_has_no_more_and_zero_attempts_are_none() {
    for (retries, expected) in [
        ("{attempts: 2, perTryTimeout: 50ms, retryOn: 5xx}", 3),
        ("{attempts: 2, perTryTimeout: 500ms, retryOn: 5xx}", 1),
        ("{attempts: 0}", 1),
    ] {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let stuck = Upstream::serving(move |_: Request<Incoming>| {
            count.fetch_add(1, SeqCst);
            pending()
        })
        .await;
        let rules = routes(
            "product",
            &format!("[{{route: [{{destination: {{host: product}}}}], timeout: 0.5s, retries: {retries}}}]"),
        );
        let one = workload("product", "v1", "http", stuck.address);
        let documents = Documents::of(&[&named("product", "http"), &one, &rules]);
        let response = post(&join(&documents).await).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(seen.load(SeqCst), expected, "{retries}");
    }
}
