//! Refusals as answers.

use http::{HeaderMap, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mesh_core::{model::AbortStatus, table::Missing};
use mesh_tower::{
    Body, BoxError, Error, Kind, TokenFault,
    respond::{EXPLAIN, Refused, RespondLayer},
};
use std::future::ready;
use tower::{Layer, ServiceExt, service_fn};

const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason: ";

async fn answer(kind: Kind, request: Request<Body>) -> Response<Body> {
    let inner = service_fn(|_| ready(Err::<Response<Body>, _>(Error::new(kind))));
    RespondLayer::new().layer(inner).oneshot(request).await.expect("a refusal of the mesh is answered")
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn grpc() -> Request<Body> {
    Request::post("/shop.Product/Get")
        .header(CONTENT_TYPE, "application/grpc")
        .body(Body::empty())
        .expect("valid")
}

/// A kind, and what it is answered with: status, flag, details and body.
type Row = (Kind, u16, &'static str, String, String);

/// What becomes of calls.
fn of_calls() -> Vec<Row> {
    let early =
        |reason: &str| format!("upstream_reset_before_response_started{{{}}}", reason.replace(' ', "_"));
    let reset = |reason: &str| format!("{RESET}{reason}");
    let teapot = AbortStatus::Http(StatusCode::IM_A_TEAPOT);
    vec![
        (Kind::NoRoute, 404, "NR", "route_not_found".to_owned(), String::new()),
        (Kind::UnknownHost, 502, "-", "direct_response".to_owned(), String::new()),
        (Kind::NoCluster(Missing::Subset), 503, "NC", "cluster_not_found".to_owned(), String::new()),
        (Kind::NoEndpoint, 503, "UH", "no_healthy_upstream".to_owned(), "no healthy upstream".to_owned()),
        (
            Kind::ConnectFailure,
            503,
            "UF",
            early("remote connection failure"),
            reset("remote connection failure"),
        ),
        (Kind::Overflow, 503, "UO", early("overflow"), reset("overflow")),
        (Kind::ConnectTimeout, 503, "UF", early("connection timeout"), reset("connection timeout")),
        (
            Kind::ConnectionTermination,
            503,
            "UC",
            early("connection termination"),
            reset("connection termination"),
        ),
        (Kind::RemoteReset, 503, "UR", early("remote reset"), reset("remote reset")),
        (Kind::ProtocolError, 502, "UPE", early("protocol error"), reset("protocol error")),
        (
            Kind::RouteTimeout,
            504,
            "UT",
            "upstream_response_timeout".to_owned(),
            "upstream request timeout".to_owned(),
        ),
        (
            Kind::PerTryTimeout,
            504,
            "UT",
            "upstream_per_try_timeout".to_owned(),
            "upstream request timeout".to_owned(),
        ),
        (Kind::Aborted(teapot), 418, "FI", "fault_filter_abort".to_owned(), "fault filter abort".to_owned()),
    ]
}

/// What becomes of those who may not come in.
fn of_strangers() -> Vec<Row> {
    vec![
        (
            Kind::BadToken(TokenFault::Expired),
            401,
            "-",
            "jwt_authn_access_denied{Jwt_is_expired}".to_owned(),
            "Jwt is expired".to_owned(),
        ),
        (
            Kind::BadToken(TokenFault::Audience),
            403,
            "-",
            "jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}".to_owned(),
            "Audiences in Jwt are not allowed".to_owned(),
        ),
        (
            Kind::NoOrigin,
            401,
            "-",
            "istio_authn_access_denied".to_owned(),
            "Origin authentication failed.".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn every_refusal_is_answered_as_envoy_does() {
    for (kind, status, flag, details, body) in of_calls().into_iter().chain(of_strangers()) {
        let response = answer(kind, Request::default()).await;
        assert_eq!(response.status(), status, "{kind:?}");
        let refused = response.extensions().get::<Refused>().unwrap();
        assert_eq!((refused.kind, refused.flag, &*refused.details), (kind, flag, &*details));
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
        assert_eq!(content_type, (!body.is_empty()).then_some("text/plain"), "{kind:?}");
        let overloaded = response.headers().get("x-envoy-overloaded").map(|value| value.to_str().unwrap());
        assert_eq!(overloaded, (kind == Kind::Overflow).then_some("true"), "{kind:?}");
        assert_eq!(text(response).await, body);
    }
}

#[tokio::test]
async fn a_grpc_call_is_answered_with_headers_alone() {
    for (kind, code, message) in [
        (Kind::NoRoute, "12", None),
        (Kind::NoEndpoint, "14", Some("no healthy upstream")),
        (Kind::Aborted(AbortStatus::Http(StatusCode::FORBIDDEN)), "7", Some("fault filter abort")),
        (Kind::Aborted(AbortStatus::Http(StatusCode::IM_A_TEAPOT)), "2", Some("fault filter abort")),
    ] {
        let response = answer(kind, grpc()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
        assert_eq!(response.headers()["grpc-status"], code, "{kind:?}");
        assert_eq!(response.headers().get("grpc-message").map(|value| value.to_str().unwrap()), message);
        assert!(http_body::Body::is_end_stream(response.body()));
    }
}

#[tokio::test]
async fn an_injected_grpc_status_is_told_to_grpc_clients_alone() {
    let aborted = Kind::Aborted(AbortStatus::Grpc(8));
    let response = answer(aborted, grpc()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "8");
    assert_eq!(response.headers()["grpc-message"], "fault filter abort");
    let response = answer(aborted, Request::default()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
    assert!(!response.headers().contains_key("grpc-status"));
}

#[tokio::test]
async fn head_learns_the_length_of_a_body_that_it_does_not_get() {
    let request = Request::builder().method(Method::HEAD).body(Body::empty()).unwrap();
    let response = answer(Kind::NoEndpoint, request).await;
    assert_eq!(response.headers()["content-length"], "19");
    assert!(text(response).await.is_empty());
}

#[tokio::test]
async fn an_error_within_another_is_not_the_meshs_to_answer() {
    let wrapped = || std::io::Error::other(Error::new(Kind::NoRoute));
    let inner = service_fn(|_| ready(Err::<Response<Body>, BoxError>(wrapped().into())));
    let error = RespondLayer::new().layer(inner).oneshot(Request::<Body>::default()).await.unwrap_err();
    assert!(error.is::<std::io::Error>());
}

#[tokio::test]
async fn trailers_of_a_response_pass() {
    let trailers = HeaderMap::from_iter([(CONTENT_TYPE, "text/plain".parse().unwrap())]);
    let frames =
        futures_util::stream::iter([Ok::<_, BoxError>(http_body::Frame::trailers(trailers.clone()))]);
    let mut response = Some(Response::new(Body::new(http_body_util::StreamBody::new(frames))));
    let inner = service_fn(move |_| ready(response.take().ok_or(BoxError::from("called twice"))));
    let response = RespondLayer::new().layer(inner).oneshot(Request::<Body>::default()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().trailers(), Some(&trailers));
}

#[tokio::test]
async fn the_reason_is_told_to_who_asks_where_it_may_be_told() {
    let ask = async |explains, asks| {
        let inner = service_fn(|_| {
            let why = std::io::Error::other("grün\nand x-evil: 1");
            ready(Err::<Response<Body>, _>(Error::because(Kind::ConnectFailure, why)))
        });
        let mut request = Request::<Body>::default();
        if asks {
            request.headers_mut().insert(EXPLAIN, http::HeaderValue::from_static("1"));
        }
        let layer = RespondLayer::new().explaining(explains);
        let answer = layer.layer(inner).oneshot(request).await.expect("a refusal of the mesh is answered");
        answer.headers().get("x-mesh-explain").map(|told| told.to_str().expect("text").to_owned())
    };
    let told = ask(true, true).await.expect("a reason");
    assert!(told.starts_with("UF upstream_reset_before_response_started{"), "{told}");
    for (explains, asks) in [(true, false), (false, true), (false, false)] {
        assert_eq!(ask(explains, asks).await, None, "{explains} {asks}");
    }
}

#[tokio::test]
async fn an_answer_of_the_application_is_not_explained() {
    let inner = service_fn(|_| ready(Ok::<_, BoxError>(Response::new(Body::empty()))));
    let request = Request::get("/").header(EXPLAIN, "1").body(Body::empty()).expect("a request");
    let layer = RespondLayer::new().explaining(true).layer(inner);
    let answer = layer.oneshot(request).await.expect("an answer");
    assert!(!answer.headers().contains_key(EXPLAIN));
}
