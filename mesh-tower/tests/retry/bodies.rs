//! Bodies that are sent again.

use super::{
    endpoint::{Act, Endpoint},
    get, policy,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use mesh_core::model::{Retriable, RetryPolicy};
use mesh_tower::{Body, BoxError, retry::RetryLayer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, ServiceExt};
use tower_test::mock;

type Sent = Result<Frame<Bytes>, BoxError>;

fn data(text: &'static str) -> Sent {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn post(body: Body) -> Request<Body> {
    Request::post("http://product/").body(body).expect("a request")
}

fn streamed(frames: Vec<Sent>) -> Request<Body> {
    post(Body::new(StreamBody::new(stream::iter(frames))))
}

/// A body that the test sends frame by frame.
fn piecemeal() -> (mpsc::UnboundedSender<Sent>, Request<Body>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let frames = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    (sender, post(Body::new(StreamBody::new(frames.boxed()))))
}

fn layer() -> RetryLayer {
    RetryLayer::new(policy(2, &[Retriable::ServerError]))
}

async fn bodies(layer: RetryLayer, request: Request<Body>) -> Vec<Bytes> {
    let endpoint = Endpoint::of([Act::Status(503), Act::Status(503)]);
    let _outcome = layer.layer(endpoint.clone()).oneshot(request).await;
    endpoint.seen().into_iter().map(|seen| seen.body).collect()
}

#[tokio::test(start_paused = true)]
async fn a_body_is_sent_again_whether_it_was_whole_or_streamed() {
    assert_eq!(bodies(layer(), post(Body::from("whole"))).await, ["whole"; 3]);
    assert_eq!(bodies(layer(), streamed(vec![data("stre"), data(""), data("amed")])).await, ["streamed"; 3]);
    assert_eq!(bodies(layer(), get()).await, [""; 3]);
}

#[tokio::test(start_paused = true)]
async fn trailers_are_sent_again() {
    let trailers = HeaderMap::from_iter([(HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))]);
    let endpoint = Endpoint::of([Act::Status(503)]);
    let request = streamed(vec![data("a"), Ok(Frame::trailers(trailers.clone()))]);
    layer().layer(endpoint.clone()).oneshot(request).await.expect("an answer");
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert_eq!((&*seen.body, seen.trailers), (&b"a"[..], Some(trailers.clone())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_more_than_the_limit_is_sent_once_and_whole() {
    let frames = || vec![data("abcd"), data("ef")];
    assert_eq!(bodies(layer().with_body_limit(6), streamed(frames())).await, ["abcdef"; 3]);
    assert_eq!(bodies(layer().with_body_limit(5), streamed(frames())).await, ["abcdef"]);
    assert_eq!(bodies(layer().with_body_limit(6), post(Body::from("abcdef"))).await, ["abcdef"; 3]);
    assert_eq!(bodies(layer().with_body_limit(5), post(Body::from("abcdef"))).await, ["abcdef"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_of_a_body_is_dropped_when_it_turns_out_too_long() {
    let (mut service, mut upstream) =
        mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer().with_body_limit(5));
    let (sender, request) = piecemeal();
    let kept = Bytes::from(b"abcd".to_vec());
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    let (first, _answer) = assert_ready!(upstream.poll_request()).expect("the first try");
    let mut body = first.into_body();
    for (frame, is_dropped) in [(Ok(Frame::data(kept.clone())), false), (data("ef"), true)] {
        sender.send(frame).expect("somebody reads");
        body.frame().await.unwrap().unwrap();
        assert_eq!(kept.is_unique(), is_dropped);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_its_time_from_when_its_own_request_has_been_sent() {
    const LIMIT: Duration = Duration::from_millis(70);
    let on = policy(1, &[Retriable::ServerError]);
    let limited = RetryLayer::new(RetryPolicy { per_try_timeout: Some(LIMIT), ..on });
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(limited);
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(streamed(vec![data("a")])));
    assert_pending!(response.poll());
    let (first, answer) = assert_ready!(upstream.poll_request()).expect("the first try");
    first.into_body().collect().await.expect("a body");
    answer.send_response(Response::builder().status(503).body(Body::empty()).unwrap());
    assert_pending!(response.poll());
    tokio::time::advance(Duration::from_millis(25)).await;
    assert_pending!(response.poll());

    let (second, _answer) = assert_ready!(upstream.poll_request()).expect("the second try");
    tokio::time::advance(LIMIT * 9).await;
    assert_pending!(response.poll());
    second.into_body().collect().await.expect("a body");
    assert!(response.is_woken());
    assert_pending!(response.poll());
    tokio::time::advance(LIMIT).await;
    assert!(assert_ready!(response.poll()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_ends_the_request() {
    let endpoint = Endpoint::default();
    let request = streamed(vec![data("a"), Err("broken".into())]);
    let error = layer().layer(endpoint.clone()).oneshot(request).await.expect_err("the body broke");
    assert_eq!(error.to_string(), "broken");
    assert!(endpoint.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_streamed_and_a_try_before_its_end_goes_on_where_the_last_one_was() {
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer());
    let (sender, request) = piecemeal();
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    let (first, answer) = assert_ready!(upstream.poll_request()).expect("the first try");
    let mut first = first.into_body();

    sender.send(data("a")).expect("somebody reads");
    assert_eq!(first.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    let mut next = task::spawn(first.frame());
    assert_pending!(next.poll());
    answer.send_response(Response::builder().status(503).body(Body::empty()).unwrap());
    assert_pending!(response.poll());
    tokio::time::advance(Duration::from_millis(25)).await;
    assert_pending!(response.poll());

    let (second, answer) = assert_ready!(upstream.poll_request()).expect("the second try");
    let mut second = second.into_body();
    assert_eq!(second.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    // What the first try still reads is not its to have.
    assert!(assert_ready!(next.poll()).unwrap().is_err());
    sender.send(data("b")).expect("somebody reads");
    drop(sender);
    assert_eq!(second.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
    assert!(second.frame().await.is_none());
    answer.send_response(Response::default());
    assert_ready_ok!(response.poll());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_not_read_and_is_dropped_with_the_request() {
    let read = Arc::new(AtomicUsize::new(0));
    let witness = Arc::clone(&read);
    let frames = stream::poll_fn(move |_| {
        witness.fetch_add(1, Relaxed);
        Poll::Ready(None::<Sent>)
    });
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer());
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(post(Body::new(StreamBody::new(frames)))));
    assert_pending!(response.poll());
    let arrived = assert_ready!(upstream.poll_request());
    assert_eq!(read.load(Relaxed), 0);
    drop((arrived, response));
    assert_eq!(Arc::strong_count(&read), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_says_how_long_it_is_in_every_try() {
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer());
    assert_ready_ok!(service.poll_ready());
    // Its length is known though it is a stream, as one from a connection that said Content-Length.
    let body = Body::new(http_body_util::Full::new(Bytes::from_static(b"abcdef")));
    let mut response = task::spawn(service.call(post(body)));
    for _ in 0..2 {
        assert_pending!(response.poll());
        let (request, answer) = assert_ready!(upstream.poll_request()).expect("a try");
        let mut body = request.into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(6), false));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abcdef");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        answer.send_response(Response::builder().status(500).body(Body::empty()).unwrap());
        assert_pending!(response.poll());
        tokio::time::advance(Duration::from_millis(75)).await;
    }
}
