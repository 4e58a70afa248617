//! Requests that are tried again, with a paused clock.

mod asked;
mod bodies;
mod endings;
mod endpoint;
mod limits;
mod routed;
mod waits;

use http::{HeaderMap, Method, Request, Response};
use mesh_core::model::{Retriable, RetryOn, RetryPolicy};
use mesh_tower::{Body, BoxError, Error, Kind, retry::RetryLayer};
use std::{sync::Arc, task::Poll};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_test::mock;

fn policy(attempts: u32, on: &[Retriable]) -> RetryPolicy {
    let on = on.iter().fold(RetryOn::NONE, |on, kind| on.with(*kind));
    RetryPolicy { attempts, on, ..RetryPolicy::default() }
}

fn request(method: Method, headers: &[(&'static str, &'static str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri("http://product/");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).expect("a request")
}

fn get() -> Request<Body> {
    request(Method::GET, &[])
}

fn kind(error: &BoxError) -> Option<Kind> {
    error.downcast_ref::<Error>().map(Error::kind)
}

fn attempt(headers: &HeaderMap) -> &str {
    headers.get("x-envoy-attempt-count").and_then(|value| value.to_str().ok()).unwrap_or("none")
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_for_readiness_of_its_own_and_a_drop_releases_it() {
    let layer = RetryLayer::new(policy(2, &[Retriable::ConnectFailure]));
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer);
    let witness = Arc::new(());
    let mut request = get();
    request.extensions_mut().insert(Arc::clone(&witness));
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());

    upstream.allow(0);
    let (_, answer) = assert_ready!(upstream.poll_request()).expect("the first try");
    answer.send_error(Error::new(Kind::ConnectFailure));
    assert_pending!(response.poll());
    tokio::time::advance(std::time::Duration::from_millis(25)).await;
    assert!(response.is_woken());
    assert_pending!(response.poll());
    assert_pending!(upstream.poll_request());

    upstream.allow(1);
    assert!(response.is_woken());
    assert_pending!(response.poll());
    let (second, _answer) = assert_ready!(upstream.poll_request()).expect("the second try");
    assert_eq!(attempt(second.headers()), "2");
    assert!(second.extensions().get::<Arc<()>>().is_some());
    drop((response, service, second));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(matches!(upstream.poll_request(), Poll::Ready(None)));
}
