//! Headers that travel from an inbound request to the calls that it causes.

use futures_util::stream;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_tower::{
    Body, BoxError, Context, Dice, GENERATION_HEADER,
    carry::{CarriedHeaders, CarryInLayer, CarryOutLayer},
};
use std::{convert::Infallible, future::ready};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};

fn group() -> Option<String> {
    let context = Context::current()?;
    let (_, value) = context.headers().iter().find(|(name, _)| name == "x-group")?;
    value.to_str().ok().map(str::to_owned)
}

fn from_group(group: &str) -> Request<Body> {
    Request::builder().header("x-group", group).body(Body::empty()).expect("a valid request")
}

fn carry_in() -> CarryInLayer {
    CarryInLayer::new(CarriedHeaders::default())
}

/// The headers that the next service sees when an application calls with these.
async fn called_with(request: Request<()>) -> HeaderMap {
    let next = service_fn(|request: Request<()>| ready(Ok::<_, Infallible>(request.headers().clone())));
    CarryOutLayer::new().layer(next).oneshot(request).await.expect("it cannot fail")
}

#[tokio::test]
async fn the_context_is_there_in_the_handler_and_while_its_body_is_streamed() {
    let handler = service_fn(|_: Request<Body>| {
        // Already when the service is called, before its future is polled.
        assert_eq!(group().as_deref(), Some("test"));
        async {
            tokio::task::yield_now().await;
            let body = stream::once(async {
                tokio::task::yield_now().await;
                Ok::<_, BoxError>(Frame::data(bytes::Bytes::from(group().unwrap_or_default())))
            });
            Ok::<_, BoxError>(
                Response::builder()
                    .header("x-seen", group().unwrap_or_default())
                    .body(StreamBody::new(body))?,
            )
        }
    });
    let response = carry_in().layer(handler).oneshot(from_group("test")).await.unwrap();
    assert_eq!(response.headers()["x-seen"], "test");
    assert!(Context::current().is_none());
    let streamed = response.into_body();
    tokio::pin!(streamed);
    assert_eq!(streamed.collect().await.unwrap().to_bytes(), "test");
}

#[tokio::test]
async fn two_requests_polled_by_one_task_do_not_see_each_other() {
    let handler = service_fn(|_: Request<Body>| async {
        let before = group();
        tokio::task::yield_now().await;
        assert_eq!(before, group());
        Ok::<_, BoxError>(
            Response::builder().header("x-seen", group().unwrap_or_default()).body(Body::empty())?,
        )
    });
    let service = carry_in().layer(handler);
    let mut one = task::spawn(service.clone().oneshot(from_group("one")));
    let mut two = task::spawn(service.oneshot(from_group("two")));
    assert_pending!(one.poll());
    assert_pending!(two.poll());
    assert_eq!(assert_ready_ok!(one.poll()).headers()["x-seen"], "one");
    assert_eq!(assert_ready_ok!(two.poll()).headers()["x-seen"], "two");
}

#[tokio::test]
async fn a_call_carries_the_headers_of_its_cause_but_for_those_it_sets_itself() {
    let handler = service_fn(|_: Request<Body>| async {
        let inherited = called_with(Request::new(())).await;
        assert_eq!(inherited["x-group"], "test");
        assert_eq!(inherited.get_all("baggage").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert!(!inherited.contains_key("authorization"));

        let own = called_with(Request::builder().header("x-group", "own").body(())?).await;
        assert_eq!(own.get_all("x-group").iter().collect::<Vec<_>>(), ["own"]);
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let request = Request::builder().header("x-group", "test").header("authorization", "secret");
    let request = request.header("baggage", "a=1").header("baggage", "b=2").body(Body::empty()).unwrap();
    carry_in().layer(handler).oneshot(request).await.unwrap();
}

#[tokio::test]
async fn a_request_without_an_id_gets_one_that_the_handler_and_its_calls_share() {
    let handler = service_fn(|request: Request<Body>| async move {
        let id = request.headers()["x-request-id"].clone();
        assert_eq!(id.len(), 36);
        assert_eq!(called_with(Request::new(())).await["x-request-id"], id);
        Ok::<_, BoxError>(Response::builder().header("x-request-id", id).body(Body::empty())?)
    });
    let mut server = carry_in().with_dice(Dice::seeded(1)).layer(handler);
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(server.call(Request::default()).await.unwrap().headers()["x-request-id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_request_with_an_id_keeps_it() {
    let handler = service_fn(|request: Request<Body>| async move {
        assert_eq!(request.headers()["x-request-id"], "mine");
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let request = Request::builder().header("x-request-id", "mine").body(Body::empty()).unwrap();
    carry_in().layer(handler).oneshot(request).await.unwrap();
}

#[tokio::test]
async fn only_what_is_on_the_list_travels() {
    let colour = HeaderName::from_static("x-colour");
    let handler = service_fn(|request: Request<Body>| async move {
        assert!(!request.headers().contains_key("x-request-id"));
        assert_eq!(called_with(Request::new(())).await["x-colour"], "red");
        assert_eq!(group(), None);
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let request =
        Request::builder().header("x-group", "test").header("x-colour", "red").body(Body::empty()).unwrap();
    CarryInLayer::new(CarriedHeaders::only([colour])).layer(handler).oneshot(request).await.unwrap();
}

#[tokio::test]
async fn a_call_without_a_cause_gets_an_id_of_its_own() {
    let (one, two) = (called_with(Request::new(())).await, called_with(Request::new(())).await);
    assert_eq!(one.len(), 1);
    assert_ne!(one["x-request-id"], two["x-request-id"]);
    let named = Request::builder().header("x-request-id", "mine").body(()).unwrap();
    assert_eq!(called_with(named).await["x-request-id"], "mine");
}

#[tokio::test]
async fn the_handler_does_not_see_the_generation() {
    let handler = service_fn(|request: Request<Body>| async move {
        assert!(!request.headers().contains_key(GENERATION_HEADER));
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let request =
        Request::builder().header(GENERATION_HEADER, "0000000000000001").body(Body::empty()).unwrap();
    carry_in().layer(handler).oneshot(request).await.unwrap();
}
