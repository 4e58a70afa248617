//! How many copies there are, and how long they may go on.

use super::{fine, get, settle, shadow};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_core::model::Share;
use mesh_tower::{Body, BoxError, mirror::MirrorLayer};
use std::{
    future::{pending, ready},
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, advance},
};
use tokio_test::{assert_pending, task};
use tower::{Layer, ServiceExt, service_fn};

const LINGER: Duration = Duration::from_secs(15);
const LONG: Duration = Duration::from_secs(86_400);

/// A body of so many KiB, and what tells that somebody read to its end, or dropped it before.
fn watched(length: usize) -> (Body, mpsc::UnboundedReceiver<()>) {
    let (ended, end) = mpsc::unbounded_channel();
    let data = stream::repeat_with(|| Ok::<_, BoxError>(Frame::data(Bytes::from_static(&[0; 1 << 10]))));
    let last = stream::poll_fn(move |_| {
        let _ = ended.send(());
        Poll::Ready(None)
    });
    (Body::new(StreamBody::new(data.take(length).chain(last))), end)
}

fn open() -> Body {
    Body::new(StreamBody::new(stream::pending::<Result<Frame<Bytes>, BoxError>>()))
}

#[tokio::test(start_paused = true)]
async fn only_so_many_copies_are_under_way_and_one_that_ends_makes_room() {
    let (shadow, mut arrivals) = shadow();
    let layer = MirrorLayer::new(shadow, Share::ALL).with_most(2);
    // All services of a layer share the limit.
    let [one, other] = [(); 2].map(|()| layer.layer(service_fn(fine)));
    for path in ["/1", "/2", "/3"] {
        one.clone().oneshot(get(path)).await.unwrap();
    }
    let first = arrivals.recv().await.unwrap();
    let second = arrivals.recv().await.unwrap();
    settle().await;
    assert!(arrivals.try_recv().is_err());
    first.answer.send(Ok(Response::default())).unwrap();
    settle().await;
    for path in ["/4", "/5"] {
        other.clone().oneshot(get(path)).await.unwrap();
    }
    assert_eq!(arrivals.recv().await.unwrap().path(), "/4");
    settle().await;
    assert!(arrivals.try_recv().is_err() && !second.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_copy_outlives_its_request_by_so_much_and_no_more() {
    let (shadow, mut arrivals) = shadow();
    let layer = MirrorLayer::new(shadow, Share::ALL);
    let started = Instant::now();
    layer.layer(service_fn(fine)).oneshot(get("/")).await.unwrap();
    arrivals.recv().await.unwrap().over().await;
    assert_eq!(started.elapsed(), LINGER);

    let failing = service_fn(|_: Request<Body>| ready(Err::<Response<Body>, _>(BoxError::from("no"))));
    let started = Instant::now();
    layer.clone().with_linger(LINGER * 2).layer(failing).oneshot(get("/")).await.unwrap_err();
    arrivals.recv().await.unwrap().over().await;
    assert_eq!(started.elapsed(), LINGER * 2);

    let stuck = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
    let mut waiting = task::spawn(layer.layer(stuck).oneshot(get("/")));
    assert_pending!(waiting.poll());
    let mut copy = arrivals.recv().await.unwrap();
    advance(LONG).await;
    settle().await;
    assert!(!copy.is_over());
    let started = Instant::now();
    drop(waiting);
    copy.over().await;
    assert_eq!(started.elapsed(), LINGER);
}

#[tokio::test(start_paused = true)]
async fn a_request_lasts_to_the_end_of_its_response() {
    let (shadow, mut arrivals) = shadow();
    let long = service_fn(|_: Request<Body>| ready(Ok::<_, BoxError>(Response::new(open()))));
    let response = MirrorLayer::new(shadow, Share::ALL).layer(long).oneshot(get("/")).await.unwrap();
    let mut copy = arrivals.recv().await.unwrap();
    advance(LONG).await;
    settle().await;
    assert!(!copy.is_over());
    let started = Instant::now();
    drop(response);
    copy.over().await;
    assert_eq!(started.elapsed(), LINGER);

    // Read to its end, it need not be dropped.
    let (shadow, mut arrivals) = super::shadow();
    let response =
        MirrorLayer::new(shadow, Share::ALL).layer(service_fn(fine)).oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    while body.frame().await.is_some() {}
    let started = Instant::now();
    arrivals.recv().await.unwrap().over().await;
    assert_eq!(started.elapsed(), LINGER);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_copy_is_read_to_its_end_unless_that_is_too_far() {
    for (length, is_read) in [(1 << 10, true), ((1 << 10) + 1, false)] {
        let (shadow, mut arrivals) = shadow();
        MirrorLayer::new(shadow, Share::ALL).layer(service_fn(fine)).oneshot(get("/")).await.unwrap();
        let (body, mut end) = watched(length);
        arrivals.recv().await.unwrap().answer.send(Ok(Response::new(body))).unwrap();
        assert_eq!(end.recv().await.is_some(), is_read, "{length} KiB");
    }
}
