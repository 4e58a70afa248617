//! Bodies go to the request and to its copies.

use super::{Arrivals, settle, shadow};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use mesh_core::model::Share;
use mesh_tower::{Body, BoxError, mirror::MirrorLayer};
use tokio::sync::mpsc;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_test::mock::{self, Handle};

type Sent = Result<Frame<Bytes>, BoxError>;
type Feed = mpsc::UnboundedSender<Sent>;

fn data(text: &'static str) -> Sent {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

/// A request whose body the test sends frame by frame.
fn piecemeal() -> (Feed, Request<Body>) {
    let (feed, receiver) = mpsc::unbounded_channel();
    let frames = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    let body = Body::new(StreamBody::new(frames.boxed()));
    (feed, Request::post("http://product/").body(body).expect("a request"))
}

/// A request under way: what feeds its body, the body as its service has it, and where its copies arrive. The last part
/// keeps it under way.
async fn under_way(held: usize) -> (Feed, Body, Arrivals, impl Sized) {
    let (shadow, arrivals) = shadow();
    let layer = MirrorLayer::new(shadow, Share::ALL).with_held(held);
    let (mut service, mut upstream): (_, Handle<Request<Body>, Response<Body>>) = mock::spawn_layer(layer);
    let (feed, request) = piecemeal();
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    let (request, answer) = assert_ready!(upstream.poll_request()).expect("the request");
    (feed, request.into_body(), arrivals, (response, answer, service, upstream))
}

async fn next(body: &mut Body) -> Bytes {
    body.frame().await.expect("a frame").expect("no error").into_data().expect("data")
}

#[tokio::test(start_paused = true)]
async fn a_copy_gets_each_frame_when_the_request_takes_it_and_trailers() {
    let (feed, mut own, mut arrivals, _held) = under_way(1 << 20).await;
    let mut copy = arrivals.recv().await.unwrap().request.into_body();
    for text in ["a", "bc"] {
        feed.send(data(text)).unwrap();
        let mut waiting = task::spawn(copy.frame());
        assert_pending!(waiting.poll());
        assert_eq!(next(&mut own).await, text);
        assert_eq!(waiting.await.unwrap().unwrap().into_data().unwrap(), text);
    }
    let trailers = HeaderMap::from_iter([(HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))]);
    feed.send(Ok(Frame::trailers(trailers.clone()))).unwrap();
    drop(feed);
    for body in [own, copy] {
        assert_eq!(body.collect().await.unwrap().trailers(), Some(&trailers));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_nobody_reads_is_cut_when_it_falls_back_too_far_and_the_request_goes_on() {
    let (feed, mut own, mut arrivals, _held) = under_way(2 * (128 + 4)).await;
    let mut copy = arrivals.recv().await.unwrap().request.into_body();
    for _ in 0..3 {
        feed.send(data("abcd")).unwrap();
        assert_eq!(next(&mut own).await, "abcd");
    }
    feed.send(data("end")).unwrap();
    drop(feed);
    assert_eq!(own.collect().await.unwrap().to_bytes(), "end");
    for _ in 0..2 {
        assert_eq!(next(&mut copy).await, "abcd");
    }
    // What it has is not the whole, and must not look so.
    assert!(copy.frame().await.unwrap().is_err());
    assert!(copy.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_keeps_up_may_be_longer_than_what_is_held() {
    let (feed, mut own, mut arrivals, _held) = under_way(128 + 4).await;
    let mut copy = arrivals.recv().await.unwrap().request.into_body();
    for _ in 0..9 {
        feed.send(data("abcd")).unwrap();
        assert_eq!(next(&mut own).await, "abcd");
        assert_eq!(next(&mut copy).await, "abcd");
    }
    drop(feed);
    assert!(own.frame().await.is_none() && copy.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_body_breaks_or_is_given_up_cuts_its_copies() {
    for breaks in [true, false] {
        let (feed, mut own, mut arrivals, _held) = under_way(1 << 20).await;
        let mut copy = arrivals.recv().await.unwrap().request.into_body();
        feed.send(data("a")).unwrap();
        next(&mut own).await;
        if breaks {
            feed.send(Err("broken".into())).unwrap();
            assert!(own.frame().await.unwrap().is_err());
        } else {
            drop(own);
        }
        assert_eq!(next(&mut copy).await, "a");
        assert!(copy.frame().await.unwrap().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_for_a_copy_that_is_over() {
    let (feed, mut own, mut arrivals, _held) = under_way(1 << 20).await;
    let copy = arrivals.recv().await.unwrap();
    let bytes = Bytes::from(b"abcd".to_vec());
    feed.send(Ok(Frame::data(bytes.clone()))).unwrap();
    next(&mut own).await;
    assert!(!bytes.is_unique());
    drop(copy);
    settle().await;
    assert!(bytes.is_unique());
    feed.send(Ok(Frame::data(bytes.clone()))).unwrap();
    next(&mut own).await;
    assert!(bytes.is_unique());
}

#[tokio::test(start_paused = true)]
async fn a_body_says_how_long_it_is_to_both() {
    let (shadow, mut arrivals) = shadow();
    let (mut service, mut upstream): (_, Handle<Request<Body>, Response<Body>>) =
        mock::spawn_layer(MirrorLayer::new(shadow, Share::ALL));
    let whole = Body::new(http_body_util::Full::new(Bytes::from_static(b"abcdef")));
    assert_ready_ok!(service.poll_ready());
    let _response = service.call(Request::post("http://product/").body(whole).unwrap());
    let (request, _answer) = assert_ready!(upstream.poll_request()).expect("the request");
    let copy = arrivals.recv().await.unwrap().request.into_body();
    for mut body in [request.into_body(), copy] {
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(6), false));
        assert_eq!(next(&mut body).await, "abcdef");
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none());
    }
}
