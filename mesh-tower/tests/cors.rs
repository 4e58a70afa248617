//! Pages of other origins.

use http::{Method, Request, Response, StatusCode};
use mesh_core::model::{CorsPolicy, TextMatch, UnmatchedPreflights};
use mesh_tower::{Body, BoxError, Error, Kind, cors::CorsLayer, respond::RespondLayer};
use std::convert::Infallible;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

fn layer(unmatched_preflights: UnmatchedPreflights) -> CorsLayer {
    CorsLayer::new(CorsPolicy {
        origins: vec![TextMatch::Exact("https://shop".into())],
        methods: Some(http::HeaderValue::from_static("GET,PUT")),
        headers: None,
        exposed: None,
        max_age: None,
        allows_credentials: false,
        unmatched_preflights,
    })
}

fn request(method: Method, origin: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri("http://product/").header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    request.body(Body::empty()).expect("a valid request")
}

/// What a service behind the layer answers, and whether it was asked.
async fn ask(layer: CorsLayer, request: Request<Body>) -> (Response<Body>, bool) {
    let inner = service_fn(async |_: Request<Body>| {
        let response = Response::builder().status(StatusCode::ACCEPTED);
        let response = response.header("access-control-allow-origin", "https://its-own");
        Ok::<_, Infallible>(response.body(Body::empty()).expect("a valid response"))
    });
    let response = layer.layer(inner).oneshot(request).await.expect("an answer");
    let was_asked = response.status() == StatusCode::ACCEPTED;
    (response, was_asked)
}

fn allowed(response: &Response<Body>) -> Option<&str> {
    let values: Vec<_> = response.headers().get_all("access-control-allow-origin").iter().collect();
    assert!(values.len() <= 1, "{values:?}");
    values.first().map(|value| value.to_str().expect("text"))
}

#[tokio::test]
async fn an_answer_is_marked_in_the_place_of_what_the_service_says() {
    let (response, was_asked) =
        ask(layer(UnmatchedPreflights::Forward), request(Method::GET, "https://shop")).await;
    assert!(was_asked);
    assert_eq!(allowed(&response), Some("https://shop"));
    assert!(!response.headers().contains_key("access-control-allow-methods"));
}

#[tokio::test]
async fn a_preflight_is_answered_without_asking_the_service() {
    let asked = request(Method::OPTIONS, "https://shop");
    let (response, was_asked) = ask(layer(UnmatchedPreflights::Forward), asked).await;
    assert!(!was_asked);
    assert_eq!((response.status(), allowed(&response)), (StatusCode::OK, Some("https://shop")));
    assert_eq!(response.headers()["access-control-allow-methods"], "GET,PUT");
}

#[tokio::test]
async fn another_origin_is_the_services_affair_unless_its_preflights_are_ignored() {
    for (policy, method, asks) in [
        (UnmatchedPreflights::Forward, Method::GET, true),
        (UnmatchedPreflights::Forward, Method::OPTIONS, true),
        (UnmatchedPreflights::Ignore, Method::GET, true),
        (UnmatchedPreflights::Ignore, Method::OPTIONS, false),
    ] {
        let (response, was_asked) = ask(layer(policy), request(method.clone(), "https://elsewhere")).await;
        assert_eq!(was_asked, asks, "{policy:?} {method}");
        assert_eq!(allowed(&response), asks.then_some("https://its-own"), "{policy:?} {method}");
        assert_eq!(response.headers().len(), usize::from(asks));
    }
}

#[tokio::test]
async fn a_page_can_read_what_the_mesh_refuses() {
    let failing = service_fn(async |_: Request<Body>| {
        Err::<Response<Body>, BoxError>(Error::new(Kind::RouteTimeout).into())
    });
    let service = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(layer(UnmatchedPreflights::Forward))
        .service(failing);
    let response = service.oneshot(request(Method::GET, "https://shop")).await.expect("an answer");
    assert_eq!((response.status(), allowed(&response)), (StatusCode::GATEWAY_TIMEOUT, Some("https://shop")));
}
