//! Limits that a service keeps.

use super::{answer, behind, header, limit, model, status, workload};
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mesh_tower::{Body, BoxError, Caller, rate_limit::RateLimitLayer, respond::Refused};
use prost::Message;
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: limits}\nspec: {ports: [{name: grpc, port: 8081}]}\n";

#[derive(Clone, PartialEq, Message)]
struct Asked {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(message, repeated, tag = "2")]
    descriptors: Vec<Descriptor>,
    #[prost(uint32, tag = "3")]
    hits_addend: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Descriptor {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Said {
    #[prost(int32, tag = "1")]
    overall_code: i32,
    #[prost(message, repeated, tag = "2")]
    statuses: Vec<Status>,
    #[prost(message, repeated, tag = "3")]
    response_headers: Vec<Pair>,
    #[prost(message, repeated, tag = "4")]
    request_headers: Vec<Pair>,
    #[prost(bytes = "vec", tag = "5")]
    raw_body: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, optional, tag = "2")]
    limit: Option<Limit>,
    #[prost(uint32, tag = "3")]
    remaining: u32,
    #[prost(message, optional, tag = "4")]
    reset: Option<Seconds>,
}

#[derive(Clone, PartialEq, Message)]
struct Limit {
    #[prost(uint32, tag = "1")]
    requests: u32,
    #[prost(int32, tag = "2")]
    unit: i32,
    #[prost(string, tag = "3")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

fn pair(key: &str, value: &str) -> Pair {
    Pair { key: key.into(), value: value.into() }
}

/// What a limiting service was asked.
type Seen = Arc<Mutex<Vec<(http::request::Parts, Asked)>>>;

/// A workload with this global limit, whose service says this; `None` says nothing for good.
fn asking(
    global: &str,
    said: Option<Said>,
) -> (BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>, Seen) {
    let (mut publisher, handle) = workload();
    publisher.publish(&model(&[SERVICE, &limit(global)]));
    let seen = Seen::default();
    let asked = Arc::clone(&seen);
    let service = service_fn(move |request: Request<Body>| {
        let (asked, said) = (Arc::clone(&asked), said.clone());
        async move {
            let (head, body) = request.into_parts();
            let message = Asked::decode(&body.collect().await?.to_bytes()[5..])?;
            asked.lock().expect("no panic").push((head, message));
            let Some(said) = said else { return pending().await };
            Ok::<_, BoxError>(grpc(&said))
        }
    });
    (behind(RateLimitLayer::inbound(handle.clone()).with_caller(Caller::new(handle, service))), seen)
}

fn grpc(said: &Said) -> Response<Body> {
    let message = said.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    let frame = [&[0][..], &length.to_be_bytes(), &message].concat();
    let trailers =
        http::HeaderMap::from_iter([("grpc-status".parse().expect("a name"), "0".parse().expect("a value"))]);
    let body =
        http_body_util::Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::builder().header(CONTENT_TYPE, "application/grpc").body(Body::new(body)).expect("an answer")
}

fn global(more: &str) -> String {
    format!(
        "{{global: {{service: limits.shop.svc.cluster.local, port: 8081, domain: shop{more}}}, headers: true}}"
    )
}

const USER: &str =
    ", descriptors: [[{value: all}], [{of: {header: x-user}}, {key: where, of: path}], [{of: peer}]]";

#[tokio::test(start_paused = true)]
async fn the_service_is_told_what_the_request_has_and_its_headers_pass() {
    let said = Said {
        overall_code: 1,
        request_headers: vec![pair("x-seen", "1")],
        response_headers: vec![pair("x-said", "2"), pair("a b", "no header")],
        ..Said::default()
    };
    let (service, seen) = asking(&global(&format!("{USER}, hitsAddend: 3")), Some(said));
    let answered = answer(&service, Request::get("/a?b").header("x-user", "me")).await;
    assert_eq!((answered.status().as_u16(), header(answered.headers(), "x-said")), (200, "2"));
    assert_eq!(answered.headers()["x-seen"], "1");
    let seen = seen.lock().expect("no panic");
    let [(head, asked)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(head.uri.path(), "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit");
    assert_eq!(
        (head.method.as_str(), head.version, header(&head.headers, "te")),
        ("POST", http::Version::HTTP_2, "trailers")
    );
    assert_eq!((&*asked.domain, asked.hits_addend), ("shop", 3));
    let descriptors = [vec![pair("generic_key", "all")], vec![pair("x-user", "me"), pair("where", "/a")]];
    assert_eq!(asked.descriptors, descriptors.map(|entries| Descriptor { entries }));
}

#[tokio::test(start_paused = true)]
async fn the_service_says_neither_where_a_body_ends_nor_in_the_clients_place() {
    let framing =
        || ["content-length", "transfer-encoding", "connection", "upgrade"].map(|name| pair(name, "3"));
    for code in [1, 2] {
        let said = Said {
            overall_code: code,
            request_headers: framing().into_iter().chain([pair("x-seen", "service")]).collect(),
            response_headers: framing().into(),
            raw_body: b"longer".to_vec(),
            ..Said::default()
        };
        let (service, _) = asking(&global(USER), Some(said));
        let answered = answer(&service, Request::get("/").header("x-seen", "client")).await;
        for Pair { key, .. } in framing() {
            // What the mesh says of its own answer is true.
            let said = answered.headers().get(&key).filter(|value| code == 1 || *value != "6");
            assert_eq!(said, None, "{code} {key}");
        }
        if code == 1 {
            // The application tells what it saw.
            let seen: Vec<_> = answered.headers().get_all("x-seen").iter().collect();
            assert_eq!(seen, ["client", "service"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_beyond_the_limit_is_answered_as_the_service_says() {
    let status = |requests, unit, name: &str, remaining, seconds| Status {
        limit: Some(Limit { requests, unit, name: name.into() }),
        remaining,
        reset: Some(Seconds { seconds }),
    };
    let said = Said {
        overall_code: 2,
        statuses: vec![status(10, 1, "per-ip", 4, 1), status(100, 2, "", 0, 30), Status::default()],
        response_headers: vec![pair("x-said", "no")],
        request_headers: vec![],
        raw_body: b"wait".to_vec(),
    };
    let (service, _) = asking(&global(USER), Some(said));
    let refused = answer(&service, Request::get("/")).await;
    assert_eq!(refused.status(), 429);
    let said = refused.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
    assert_eq!((said.flag, &*said.details), ("RL", "request_rate_limited"));
    for (name, value) in [
        ("x-envoy-ratelimited", "true"),
        ("x-said", "no"),
        ("x-ratelimit-limit", "100, 10;w=1;name=\"per-ip\", 100;w=60"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "30"),
    ] {
        assert_eq!(refused.headers()[name], value, "{name}");
    }
    assert_eq!(refused.into_body().collect().await.expect("a body").to_bytes(), "wait");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_is_done_without_unless_it_must_be_asked() {
    for (more, expected) in [("", 200), (", failOpen: false", 500)] {
        let (service, _) = asking(&global(&format!("{USER}{more}")), None);
        let begun = Instant::now();
        let answer = answer(&service, Request::get("/")).await;
        assert_eq!(
            (answer.status().as_u16(), begun.elapsed()),
            (expected, Duration::from_millis(20)),
            "{more}"
        );
        let flag = answer.extensions().get::<Refused>().map(|refused| (refused.flag, &*refused.details));
        assert_eq!(flag.is_none(), expected == 200);
        assert!(flag.is_none_or(|said| said == ("RLSE", "rate_limiter_error")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_nobody_describes_cannot_be_asked() {
    let elsewhere = global(&format!("{USER}, failOpen: false")).replace("8081", "8082");
    let (service, seen) = asking(&elsewhere, Some(Said { overall_code: 1, ..Said::default() }));
    assert_eq!(status(&service, Request::get("/")).await, 500);
    assert!(seen.lock().expect("no panic").is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_a_request_that_has_nothing_to_tell_or_is_refused_already() {
    let said = Said { overall_code: 2, ..Said::default() };
    let of_user = global(", descriptors: [[{of: {header: x-user}}]]");
    let (service, seen) = asking(&of_user, Some(said.clone()));
    assert_eq!(status(&service, Request::get("/")).await, 200);
    assert!(seen.lock().expect("no panic").is_empty());

    let local = "{local: {maxTokens: 1, fillInterval: 60s}}";
    let (service, seen) = asking(&format!("{}, {local}", global(USER)), Some(said));
    assert_eq!(
        [status(&service, Request::get("/")).await, status(&service, Request::get("/")).await],
        [429, 429]
    );
    assert_eq!(seen.lock().expect("no panic").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_gives_up_its_question() {
    let (service, seen) = asking(&global(&format!("{USER}, timeout: 60s")), None);
    let witness = Arc::new(());
    let mut request = Request::get("/").body(Body::empty()).expect("a request");
    request.extensions_mut().insert(Arc::clone(&witness));
    let asked = tokio::time::timeout(Duration::from_secs(1), service.oneshot(request)).await;
    assert!(asked.is_err() && seen.lock().expect("no panic").len() == 1);
    assert_eq!(Arc::strong_count(&witness), 1);
}
