//! What is tried again, how often, and where.

use crate::failures::{
    case::{Case, Sent, http},
    script::{self, Step::*, answer},
};
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    [numbers(), endings(), requests()].into_iter().flatten().collect()
}

/// How often there is another try, and where.
fn numbers() -> Vec<Case> {
    vec![
        http("an answer is handed on", &[Answer(answer(200))]),
        http("a 503 is final by default", &MANY),
        http("a 404 is final", &[Answer(answer(404))]).again(2),
        http("a connection that closes is final by default", &[Close; 4]),
        http("refused connections are tried three times by default", &[]).endpoints(0, 1),
        http("refused connections are final without attempts", &[]).endpoints(0, 1).never_again(),
        http("one attempt is one more try", &MANY).again(1),
        http("two attempts are two more tries", &MANY).again(2),
        http("three attempts are three more tries", &MANY).again(3),
        http("no attempts are no more tries", &MANY).never_again(),
        http("another try may succeed", &MANY[..1]).again(2),
        http("tries go to endpoints in turn", &MANY).endpoints(3, 0).again(2),
        http("tries go to new endpoints first", &MANY).endpoints(2, 0).again(1).in_turn(2),
        http("tries go anywhere when everybody was tried", &MANY).endpoints(2, 0).again(3).differs(
            "Envoy picks up to six times and takes the last pick, which the mesh would know without picking: \
                 it takes the next in turn",
        ),
        http("tries may go to the same endpoint", &MANY)
            .endpoints(2, 0)
            .retries(json!({"attempts": 2, "retryOn": "5xx", "retryIgnorePreviousHosts": false})),
        http("a try after a refused connection goes elsewhere", &[])
            .endpoints(1, 1)
            .in_turn(4)
            .without_first(1),
    ]
}

/// What is followed by another try.
fn endings() -> Vec<Case> {
    vec![
        http("5xx has 500", &[Answer(answer(500))]).again(2),
        http("gateway-error has 502", &[Answer(answer(502))]).retries(on("gateway-error")),
        http("gateway-error has 504", &[Answer(answer(504))]).retries(on("gateway-error")),
        http("gateway-error has no 500", &[Answer(answer(500))]).retries(on("gateway-error")),
        http("retriable-4xx has 409", &[Answer(answer(409))]).retries(on("retriable-4xx")),
        http("retriable-4xx has no 404", &[Answer(answer(404))]).retries(on("retriable-4xx")),
        http("a number is a status", &[Answer(answer(404))]).retries(on("404,503")),
        http("a number is no other status", &[Answer(answer(500))]).retries(on("404,503")),
        http("connect-failure has no closed connections", &[Close]).retries(on("connect-failure")),
        http("connect-failure has refused ones", &[]).endpoints(0, 1).retries(on("connect-failure")),
        http("reset-before-request has refused connections", &[])
            .endpoints(0, 1)
            .retries(on("reset-before-request")),
        http("reset-before-request has no answers", &[Answer(answer(503))])
            .retries(on("reset-before-request")),
        http("reset-before-request has no requests that were sent", &[Close])
            .retries(on("reset-before-request")),
        http("reset has closed connections", &[Close, Close]).retries(on("reset")),
        http("reset has refused ones", &[]).endpoints(0, 1).retries(on("reset")),
        http("reset has no 503", &[Answer(answer(503))]).retries(on("reset")),
        http("5xx has closed connections", &[Close]).retries(on("5xx")),
        http("gateway-error has closed connections", &[Close]).retries(on("gateway-error")),
        http("retriable-status-codes alone has no closed connections", &[Close]).retries(on("503")),
        http("refused-stream is not for HTTP/1.1", &[Close]).retries(on("refused-stream")),
        http("a rate limit is final", &[Answer(LIMITED)]).retries(on("5xx,429")),
        http("a rate limit is tried again if asked for", &[Answer(LIMITED)]).retries(on("envoy-ratelimited")),
        http("a rate limit of 200 is tried again too", &[Answer(LIMITED_WELL)])
            .retries(on("envoy-ratelimited")),
    ]
}

/// What is tried again.
fn requests() -> Vec<Case> {
    vec![
        http("a POST is tried again with its body", &MANY[..2]).ask(Method::POST, Sent::Known(100)).again(2),
        http("a streamed body is sent again", &MANY[..2]).ask(Method::PUT, Sent::Streamed(100_000)).again(2),
        http("a body of a mebibyte is sent again", &MANY[..1])
            .ask(Method::POST, Sent::Known(1 << 20))
            .again(2),
        http("a longer body is sent once", &MANY).ask(Method::POST, Sent::Known((1 << 20) + 70_000)).again(2),
        http("a longer streamed body is sent once", &MANY)
            .ask(Method::POST, Sent::Streamed((1 << 20) + 70_000))
            .again(2),
        http("a HEAD is tried again", &MANY[..1]).ask(Method::HEAD, Sent::Nothing).again(2),
        http("a HEAD that fails for good", &[Close; 4]).ask(Method::HEAD, Sent::Nothing).again(2),
        http("a DELETE that meets nobody", &[]).ask(Method::DELETE, Sent::Nothing).endpoints(0, 2),
        http("no endpoint is no try", &[]).endpoints(0, 0).again(2),
        http("a request may ask for retries itself", &MANY[..1])
            .never_again()
            .headers(&[NEAR, ("x-envoy-retry-on", "5xx")]),
        http("a request may name the number of tries", &MANY)
            .again(2)
            .headers(&[NEAR, ("x-envoy-max-retries", "3")]),
        http("a request may name statuses", &[Answer(answer(418))]).again(2).headers(&[
            NEAR,
            ("x-envoy-retry-on", "retriable-status-codes"),
            ("x-envoy-retriable-status-codes", "418"),
        ]),
        http("a request may name headers", &[Answer(answer(200)); 2]).again(1).headers(&[
            NEAR,
            ("x-envoy-retry-on", "retriable-headers"),
            ("x-envoy-retriable-header-names", "x-other,x-kept"),
        ]),
    ]
}

/// Says whom the request is from, which Envoy trusts if it is somebody near.
pub(super) const NEAR: (&str, &str) = ("x-forwarded-for", "127.0.0.1");

const MANY: [script::Step; 6] = [Answer(answer(503)); 6];
const LIMITED: script::Answer = answer(429).with(&[("x-envoy-ratelimited", "true")]);
const LIMITED_WELL: script::Answer = answer(200).with(&[("x-envoy-ratelimited", "true")]);

fn on(tokens: &str) -> serde_json::Value {
    json!({"attempts": 1, "retryOn": tokens})
}
