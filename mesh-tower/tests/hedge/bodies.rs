//! Bodies that are sent twice at once.

use super::{AFTER, LONG, client, get, pass, send};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_tower::{Body, BoxError, hedge::HedgeLayer};
use tokio::sync::mpsc;

type Sent = Result<Frame<Bytes>, BoxError>;

fn data(text: &'static str) -> Sent {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn put(body: Body) -> Request<Body> {
    Request::put("http://product/1").body(body).expect("a request")
}

/// A request whose body the test sends frame by frame.
fn piecemeal() -> (mpsc::UnboundedSender<Sent>, Request<Body>) {
    let (feed, receiver) = mpsc::unbounded_channel();
    let frames = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    (feed, put(Body::new(StreamBody::new(frames.boxed()))))
}

async fn next(body: &mut Body) -> Bytes {
    body.frame().await.expect("a frame").expect("no error").into_data().expect("data")
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_whole_is_sent_twice() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let mut waiting = send(&client, put("whole".into()));
    pass(&mut waiting, AFTER).await;
    for _ in 0..2 {
        let body = arrivals.try_recv().unwrap().request.into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_streams_is_sent_again_when_all_of_it_is_sent_and_the_first_try_keeps_its_own() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let (feed, request) = piecemeal();
    let mut waiting = send(&client, request);
    let mut first = arrivals.try_recv().unwrap();
    feed.send(data("a")).unwrap();
    assert_eq!(next(first.request.body_mut()).await, "a");
    pass(&mut waiting, LONG).await;
    assert!(arrivals.try_recv().is_err());

    let trailers = HeaderMap::from_iter([(HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))]);
    feed.send(Ok(Frame::trailers(trailers.clone()))).unwrap();
    drop(feed);
    let last = first.request.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(last.trailers_ref(), Some(&trailers));
    assert!(first.request.body_mut().frame().await.is_none());
    pass(&mut waiting, std::time::Duration::ZERO).await;
    pass(&mut waiting, AFTER).await;
    let second = arrivals.try_recv().unwrap();
    // Who is slow to notice the end is told of it still.
    assert!(first.request.body_mut().frame().await.is_none() && !first.is_reset());
    let whole = second.request.into_body().collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers));
    assert_eq!(whole.to_bytes(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_more_than_the_limit_or_one_that_breaks_is_sent_once() {
    for (frames, is_hedged) in [
        (vec![data("abcd"), data("ef")], true),
        (vec![data("abcd"), data("efg")], false),
        (vec![data("abcd"), Err("broken".into())], false),
    ] {
        let (client, mut arrivals) = client(&HedgeLayer::after(AFTER).with_body_limit(6));
        let mut waiting = send(&client, put(Body::new(StreamBody::new(stream::iter(frames)))));
        let mut first = arrivals.try_recv().unwrap();
        while let Some(Ok(_)) = first.request.body_mut().frame().await {}
        pass(&mut waiting, std::time::Duration::ZERO).await;
        pass(&mut waiting, LONG).await;
        assert_eq!(arrivals.try_recv().is_ok(), is_hedged);
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_be_done_twice_is_sent_once_unless_the_caller_is_bold() {
    let layer = HedgeLayer::after(AFTER);
    let key = ("idempotency-key", "1");
    for (layer, header, is_hedged) in [
        (layer.clone(), None, false),
        (layer.clone(), Some(key), true),
        (layer.clone().with_any_method(), None, true),
        (layer.with_any_method(), Some(("upgrade", "websocket")), false),
    ] {
        let (client, mut arrivals) = client(&layer);
        let mut request = get();
        *request.method_mut() = Method::POST;
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let mut waiting = send(&client, request);
        let _first = arrivals.try_recv().unwrap();
        pass(&mut waiting, LONG).await;
        assert_eq!(arrivals.try_recv().is_ok(), is_hedged, "{header:?}");
    }
}
