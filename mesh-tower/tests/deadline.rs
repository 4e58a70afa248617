//! The time that a caller gives a request, and the calls that the request causes, with a paused clock.

use futures_util::stream;
use http::{Request, Response};
use http_body_util::StreamBody;
use mesh_core::model::{Retriable, RetryOn, RetryPolicy};
use mesh_tower::{
    Body, BoxError, Context, Error, Kind,
    carry::{CarriedHeaders, CarryInLayer},
    respond::RespondLayer,
    retry::RetryLayer,
    timeout::TimeoutLayer,
};
use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";
const HOUR: Duration = Duration::from_secs(3600);

fn carry() -> CarryInLayer {
    CarryInLayer::new(CarriedHeaders::default())
}

fn waiting(millis: &str) -> Request<Body> {
    Request::post("/").header(EXPECTED, millis).body(Body::from("short")).expect("a request")
}

fn grpc(timeout: &str, body: Body) -> Request<Body> {
    let request = Request::post("/").header("content-type", "application/grpc");
    request.header("grpc-timeout", timeout).body(body).expect("a request")
}

fn endless() -> Body {
    Body::new(StreamBody::new(stream::pending::<Result<http_body::Frame<bytes::Bytes>, BoxError>>()))
}

fn kind(error: &BoxError) -> Option<Kind> {
    error.downcast_ref::<Error>().map(Error::kind)
}

/// A handler that never answers.
fn stuck() -> impl Service<Request<Body>, Response = Response<Body>, Error = BoxError, Future: Send> + Clone {
    service_fn(|_: Request<Body>| pending())
}

/// A handler that answers after an hour.
fn slow() -> impl Service<Request<Body>, Response = Response<Body>, Error = BoxError, Future: Send> + Clone {
    service_fn(|_: Request<Body>| async {
        sleep(HOUR).await;
        Ok(Response::new(Body::empty()))
    })
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_dropped_when_its_caller_has_given_up_and_the_answer_is_504() {
    struct Gone(Arc<AtomicBool>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    for request in [waiting("300"), grpc("300m", endless())] {
        let is_grpc = request.headers().contains_key("grpc-timeout");
        let (gone, start) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let witness = Arc::clone(&gone);
        let handler = service_fn(move |_: Request<Body>| {
            let gone = Gone(Arc::clone(&witness));
            async move {
                let _gone = gone;
                pending::<Result<Response<Body>, BoxError>>().await
            }
        });
        let server = RespondLayer::new().layer(carry().layer(handler));
        let response = server.oneshot(request).await.expect("an answer");
        assert_eq!(start.elapsed(), Duration::from_millis(300));
        assert!(gone.load(SeqCst));
        assert_eq!(response.status(), if is_grpc { 200 } else { 504 });
        assert_eq!(response.headers().get("grpc-status").is_some_and(|status| status == "14"), is_grpc);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_a_caller_that_says_nothing_has_all_the_time() {
    let zero = waiting("0");
    let nonsense = waiting("soon");
    for request in [Request::default(), zero, nonsense, grpc("soon", Body::empty())] {
        let answer = carry().layer(slow()).oneshot(request).await;
        assert!(answer.is_ok());
    }
    let answer = carry().without_deadlines().layer(slow()).oneshot(waiting("300")).await;
    assert!(answer.is_ok());
}

#[tokio::test(start_paused = true)]
async fn time_that_begins_with_the_end_of_a_long_body_does_not_begin_with_its_head() {
    let long = waiting("300").map(|_| Body::from("long".repeat(1 << 15)));
    let unknown = waiting("300").map(|_| endless());
    for request in [long, unknown] {
        assert!(carry().layer(slow()).oneshot(request).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_has_what_is_left_of_the_time_of_its_cause() {
    for (limit, expected) in [(Duration::ZERO, 200), (HOUR, 200), (Duration::from_millis(50), 50)] {
        let took = Arc::new(Mutex::new(None));
        let told = Arc::clone(&took);
        let handler = service_fn(move |_: Request<Body>| {
            let told = Arc::clone(&told);
            async move {
                sleep(Duration::from_millis(100)).await;
                let start = Instant::now();
                let error = TimeoutLayer::new(limit).layer(stuck()).oneshot(Request::default()).await;
                assert_eq!(kind(&error.expect_err("it is stuck")), Some(Kind::RouteTimeout));
                *told.lock().expect("no panic") = Some(start.elapsed().as_millis());
                Ok::<_, BoxError>(Response::new(Body::empty()))
            }
        });
        // A handler that is told that its call was late has a moment to say so.
        let deadline = Instant::now() + Duration::from_millis(300);
        Context::default().due(deadline).scope(handler.oneshot(Request::default())).await.expect("an answer");
        assert_eq!(*took.lock().expect("no panic"), Some(expected), "{limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_not_put_off_by_a_body_that_is_still_being_sent() {
    let start = Instant::now();
    let call = TimeoutLayer::new(HOUR).layer(stuck()).oneshot(Request::new(endless()));
    let error = Context::default().due(start + Duration::from_secs(1)).scope(call).await;
    assert_eq!(kind(&error.expect_err("it is stuck")), Some(Kind::RouteTimeout));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_already_is_not_begun() {
    let begun = Arc::new(AtomicBool::new(false));
    let witness = Arc::clone(&begun);
    let inner = service_fn(move |_: Request<Body>| {
        witness.store(true, SeqCst);
        async { Ok::<_, BoxError>(Response::new(Body::empty())) }
    });
    let call = TimeoutLayer::new(HOUR).layer(inner).oneshot(Request::default());
    let error = Context::default().due(Instant::now()).scope(call).await.expect_err("it is late");
    assert_eq!(kind(&error), Some(Kind::RouteTimeout));
    assert!(!begun.load(SeqCst));
}

#[tokio::test(start_paused = true)]
async fn each_process_tells_the_next_what_is_left() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let next = service_fn(move |request: Request<Body>| {
        let header =
            |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        told.lock().expect("no panic").push((header(EXPECTED), header("grpc-timeout")));
        async { Ok::<_, BoxError>(Response::new(Body::empty())) }
    });
    let client = TimeoutLayer::new(HOUR).layer(RetryLayer::new(RetryPolicy::default()).layer(next));
    let handler = service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            sleep(Duration::from_millis(100)).await;
            let mut call = Request::<Body>::default();
            if let Some(kind) = request.headers().get("content-type") {
                call.headers_mut().insert("content-type", kind.clone());
            }
            client.oneshot(call).await
        }
    });
    let server = carry().layer(handler);
    for request in [waiting("300"), grpc("5S", Body::empty()), Request::default()] {
        server.clone().oneshot(request).await.expect("an answer");
    }
    let text = |text: &str| Some(text.to_owned());
    let expected = [(text("200"), None), (text("4900"), text("4900m")), (text("3600000"), None)];
    assert_eq!(*seen.lock().expect("no panic"), expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_that_would_begin_too_late() {
    let backoff = Duration::from_millis(100);
    let on = RetryOn::NONE.with(Retriable::ServerError);
    let policy = RetryPolicy { attempts: 9, on, backoff, ..RetryPolicy::default() };
    let dice = mesh_tower::Dice::seeded(3);
    let failing = service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(Response::builder().status(503).body(Body::empty())?)
    });
    let layer = RetryLayer::new(policy).with_dice(dice);
    let start = Instant::now();
    let call = TimeoutLayer::new(Duration::from_millis(400)).layer(layer.layer(failing));
    let response = call.oneshot(Request::default()).await.expect("the endpoint's own answer, not a timeout");
    assert_eq!(response.status(), 503);
    // The waits grow to a second: one of them is not begun, long before nine retries were made.
    assert!(start.elapsed() < Duration::from_millis(400));
}
