//! What a service is told of a request's body.

use super::{Guarded, answering, get, header, over_http, text};
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use mesh_tower::{Body, BoxError, respond::Refused};

const WHOLE: &str = ", includeRequestBodyInCheck: {maxRequestBytes: 6}";
const PARTIAL: &str = ", includeRequestBodyInCheck: {maxRequestBytes: 6, allowPartialMessage: true}";

/// In pieces of three, without a length.
fn streamed(text: &'static str) -> Body {
    let pieces =
        text.as_bytes().chunks(3).map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece))));
    Body::new(StreamBody::new(stream::iter(pieces)))
}

fn post(body: Body) -> Request<Body> {
    Request::post("/").header("host", "product").body(body).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn it_is_told_of_the_body_and_all_of_it_passes() {
    for (more, sent, told, is_partial) in [
        (WHOLE, "abcdef", "abcdef", "false"),
        (PARTIAL, "abcdef", "abcdef", "false"),
        (PARTIAL, "abcdefghi", "abcdef", "true"),
    ] {
        for body in [Body::from(sent), streamed(sent)] {
            let is_streamed = http_body::Body::size_hint(&body).exact().is_none();
            let guarded = Guarded::by(over_http(more), answering(|answer| answer, ""));
            assert_eq!(guarded.send(post(body)).await.status(), 200);
            let (head, body) = guarded.asked.only();
            assert_eq!((&*body, header(&head.headers, "content-length")), (told.as_bytes(), "6"));
            // Where the end has not been seen, there may be more.
            let is_partial = if is_streamed && more == PARTIAL { "true" } else { is_partial };
            assert_eq!(head.headers["x-envoy-auth-partial-body"], is_partial, "{more} {sent} {is_streamed}");
            assert_eq!(guarded.passed.only().1, sent);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_longer_body_is_too_large_unless_its_beginning_will_do() {
    for body in [Body::from("abcdefg"), streamed("abcdefg")] {
        let guarded =
            Guarded::by(over_http(&format!("{WHOLE}, failOpen: true")), answering(|answer| answer, ""));
        let answer = guarded.send(post(body)).await;
        assert_eq!(answer.status(), 413);
        let said = answer.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
        assert_eq!((said.flag, &*said.details), ("-", "request_payload_too_large"));
        assert_eq!(text(answer).await, "Payload Too Large");
        assert!(guarded.asked.is_empty() && guarded.passed.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_body_is_told_of_without_and_what_asks_to_upgrade_with_one() {
    let upgrade = Request::get("/").header("connection", "upgrade").header("upgrade", "websocket");
    for (request, told) in
        [(get("/"), None), (upgrade.body(streamed("abc")).expect("a request"), Some("abc"))]
    {
        let guarded = Guarded::by(over_http(WHOLE), answering(|answer| answer, ""));
        assert_eq!(guarded.send(request).await.status(), 200);
        let (head, body) = guarded.asked.only();
        assert_eq!(body, told.unwrap_or_default());
        assert_eq!(head.headers.contains_key("x-envoy-auth-partial-body"), told.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_ends_the_request() {
    let broken = Body::new(StreamBody::new(stream::iter([Err::<Frame<Bytes>, BoxError>("broken".into())])));
    let guarded = Guarded::by(over_http(&format!("{WHOLE}, failOpen: true")), answering(|answer| answer, ""));
    let error = tower::ServiceExt::oneshot(guarded.service.clone(), post(broken)).await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert!(guarded.asked.is_empty() && guarded.passed.is_empty());
}
