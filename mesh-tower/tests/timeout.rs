//! Bounded requests, with a paused clock.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_tower::{
    Body, BoxError, Error, Kind,
    respond::RespondLayer,
    timeout::{TimeoutBody, TimeoutLayer},
};
use std::{
    future::{pending, ready},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, ServiceExt, service_fn};
use tower_test::mock;

const LIMIT: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(86_400);

fn is_timeout(error: &BoxError) -> bool {
    error.downcast_ref::<Error>().map(Error::kind) == Some(Kind::RouteTimeout)
}

fn data(text: &'static str) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn body(frames: impl Stream<Item = Result<Frame<Bytes>, BoxError>> + Send + 'static) -> Body {
    Body::new(StreamBody::new(frames))
}

/// The response to a request when the inner service answers at once with this one.
async fn answered(
    layer: TimeoutLayer,
    request: Request<Body>,
    response: Response<Body>,
) -> Response<Pin<Box<TimeoutBody<Body>>>> {
    let mut response = Some(response);
    let inner = service_fn(move |_| ready(response.take().ok_or(BoxError::from("called twice"))));
    layer.layer(inner).oneshot(request).await.expect("it is answered at once").map(Box::pin)
}

#[tokio::test(start_paused = true)]
async fn a_response_that_does_not_come_is_given_up_at_the_limit_and_its_work_dropped() {
    let (mut service, mut upstream) =
        mock::spawn_layer::<Request<Body>, Response<Body>, _>(TimeoutLayer::new(LIMIT));
    let (witness, start) = (Arc::new(()), Instant::now());
    let mut request = Request::<Body>::default();
    request.extensions_mut().insert(Arc::clone(&witness));
    assert_ready_ok!(service.poll_ready());
    let error = service.call(request).await.unwrap_err();
    assert!(is_timeout(&error));
    assert_eq!(start.elapsed(), LIMIT);
    drop(service);
    assert!(matches!(upstream.poll_request(), Poll::Ready(Some(_))));
    assert!(matches!(upstream.poll_request(), Poll::Ready(None)));
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_ended_with_an_error_at_the_limit_of_the_whole_request() {
    let inner = service_fn(|_: Request<Body>| async {
        sleep(Duration::from_secs(2)).await;
        Ok::<_, BoxError>(Response::new(body(stream::iter([data("begun")]).chain(stream::pending()))))
    });
    let start = Instant::now();
    let response = TimeoutLayer::new(LIMIT).layer(inner).oneshot(Request::default()).await.unwrap();
    let mut body = Box::pin(response.into_body());
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "begun");
    assert!(is_timeout(&body.frame().await.unwrap().unwrap_err()));
    assert_eq!(start.elapsed(), LIMIT);
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_always_has_more_is_ended_at_the_limit_too() {
    let endless = Response::new(body(stream::repeat_with(|| data("more"))));
    let mut body = answered(TimeoutLayer::new(LIMIT), Request::default(), endless).await.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    advance(LIMIT).await;
    assert!(is_timeout(&body.frame().await.unwrap().unwrap_err()));
}

#[tokio::test(start_paused = true)]
async fn data_and_trailers_in_time_pass_untouched() {
    let trailers =
        HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    let whole = Response::new(body(stream::iter([data("all"), Ok(Frame::trailers(trailers.clone()))])));
    let response = answered(TimeoutLayer::new(LIMIT), Request::default(), whole).await;
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "all");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_complete_may_be_read_late() {
    let response = answered(TimeoutLayer::new(LIMIT), Request::default(), Response::new(Body::empty())).await;
    advance(LONG).await;
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_there_is_no_timer() {
    for layer in [TimeoutLayer::new(Duration::ZERO), TimeoutLayer::routed()] {
        let stuck = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
        let mut response = task::spawn(layer.layer(stuck).oneshot(Request::default()));
        assert_pending!(response.poll());
        advance(LONG).await;
        assert!(!response.is_woken());
        assert_pending!(response.poll());

        let begun = Response::new(body(stream::pending()));
        let mut body = answered(layer, Request::default(), begun).await.into_body();
        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
        advance(LONG).await;
        assert!(!frame.is_woken());
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgraded_connection_is_not_cut() {
    for (method, status) in
        [(Method::GET, StatusCode::SWITCHING_PROTOCOLS), (Method::CONNECT, StatusCode::OK)]
    {
        let request = Request::builder().method(method).body(Body::empty()).unwrap();
        let upgraded = Response::builder().status(status).body(body(stream::pending())).unwrap();
        let mut body = answered(TimeoutLayer::new(LIMIT), request, upgraded).await.into_body();
        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
        advance(LONG).await;
        assert!(!frame.is_woken(), "{status}");
        assert_pending!(frame.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn a_grpc_call_is_held_to_the_shorter_of_two_limits() {
    for (asked, limit) in [("1S", Duration::from_secs(1)), ("9S", LIMIT)] {
        let stuck = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
        let mut request = Request::<Body>::default();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        request.headers_mut().insert("grpc-timeout", HeaderValue::from_static(asked));
        let start = Instant::now();
        let error = TimeoutLayer::new(LIMIT).layer(stuck).oneshot(request).await.unwrap_err();
        assert!(is_timeout(&error));
        assert_eq!(start.elapsed(), limit, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_starts_when_the_body_has_been_sent_or_is_sent_no_further() {
    let upload = || {
        let slow = stream::iter(["a", "b"]).then(|text| async move {
            sleep(LIMIT).await;
            data(text)
        });
        Request::new(body(slow))
    };
    // An endpoint that reads all of it, and one that reads the half, and neither ever answers.
    for (reads, sent_after) in [(3, 2 * LIMIT), (1, LIMIT)] {
        let stuck = service_fn(move |request: Request<Body>| async move {
            let mut body = request.into_body();
            for _ in 0..reads {
                let _ = body.frame().await;
            }
            drop(body);
            pending::<Result<Response<Body>, BoxError>>().await
        });
        let start = Instant::now();
        let error = TimeoutLayer::new(LIMIT).layer(stuck).oneshot(upload()).await.unwrap_err();
        assert!(is_timeout(&error));
        assert_eq!(start.elapsed(), sent_after + LIMIT);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_began_before_the_request_was_sent_has_its_time_from_then_on() {
    let upload = stream::iter(["a"]).then(|text| async move {
        sleep(LIMIT).await;
        data(text)
    });
    let early = service_fn(|request: Request<Body>| async {
        tokio::spawn(request.into_body().collect());
        Ok::<_, BoxError>(Response::new(body(stream::pending())))
    });
    let start = Instant::now();
    let response = TimeoutLayer::new(LIMIT).layer(early).oneshot(Request::new(body(upload))).await.unwrap();
    let mut body = Box::pin(response.into_body());
    assert!(is_timeout(&body.frame().await.unwrap().unwrap_err()));
    assert_eq!(start.elapsed(), 2 * LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_request_may_name_another_limit_or_none() {
    const NAME: &str = "x-envoy-upstream-rq-timeout-ms";
    let quick = || {
        service_fn(|request: Request<Body>| async move {
            assert!(!request.headers().contains_key(NAME));
            sleep(LIMIT * 2).await;
            Ok::<_, BoxError>(Response::new(Body::empty()))
        })
    };
    for (asked, ends_after) in [("500", Some(500)), ("0", None), ("7000", None), ("x", Some(3000))] {
        let mut request = Request::<Body>::default();
        request.headers_mut().insert(NAME, HeaderValue::from_static(asked));
        let start = Instant::now();
        let outcome = TimeoutLayer::new(LIMIT).layer(quick()).oneshot(request).await;
        let ended_after = outcome.err().map(|error| {
            assert!(is_timeout(&error));
            start.elapsed().as_millis()
        });
        assert_eq!(ended_after, ends_after, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_may_ask_for_nothing_in_the_place_of_an_error_about_time() {
    for (kind, status) in [(None, 204), (Some(Kind::PerTryTimeout), 204), (Some(Kind::NoEndpoint), 503)] {
        let inner = service_fn(move |_: Request<Body>| async move {
            match kind {
                Some(kind) => Err::<Response<Body>, _>(BoxError::from(Error::new(kind))),
                None => pending().await,
            }
        });
        let mut request = Request::<Body>::default();
        request
            .headers_mut()
            .insert("x-envoy-upstream-rq-timeout-alt-response", HeaderValue::from_static("1"));
        let answering = RespondLayer::new().layer(TimeoutLayer::new(LIMIT).layer(inner));
        let response = answering.oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().is_empty(), status == 204);
    }
}
