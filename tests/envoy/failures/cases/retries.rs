//! What is tried again, how often, and where.

use crate::failures::{
    case::{Case, Sent, http},
    script::{Step::*, answer},
};
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let many = [Answer(answer(503)); 6];
    let others = json!({"attempts": 2, "retryOn": "5xx"});
    vec![
        http("an answer is handed on", &[Answer(answer(200))]),
        http("a 503 is final by default", &many),
        http("a 404 is final", &[Answer(answer(404))]).retries(others.clone()),
        http("a connection that closes is final by default", &[Close; 4]),
        http("refused connections are tried three times by default", &[]).endpoints(0, 1),
        http("refused connections are final without attempts", &[])
            .endpoints(0, 1)
            .retries(json!({"attempts": 0})),
        http("one attempt is one more try", &many).retries(json!({"attempts": 1, "retryOn": "5xx"})),
        http("two attempts are two more tries", &many).retries(others.clone()),
        http("three attempts are three more tries", &many).retries(json!({"attempts": 3, "retryOn": "5xx"})),
        http("no attempts are no more tries", &many).retries(json!({"attempts": 0})),
        http("another try may succeed", &many[..1]).retries(others.clone()),
        http("tries go to endpoints in turn", &many).endpoints(3, 0).retries(others.clone()),
        http("tries go to new endpoints first", &many)
            .endpoints(2, 0)
            .retries(json!({"attempts": 3, "retryOn": "5xx"})),
        http("tries may go to the same endpoint", &many)
            .endpoints(2, 0)
            .retries(json!({"attempts": 2, "retryOn": "5xx", "retryIgnorePreviousHosts": false})),
        http("a try after a refused connection goes elsewhere", &[]).endpoints(1, 1).in_turn(4),
        http("5xx has 500", &[Answer(answer(500))]).retries(others.clone()),
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
        http("a POST is tried again with its body", &many[..2])
            .ask(Method::POST, Sent::Known(100))
            .retries(others.clone()),
        http("a streamed body is sent again", &many[..2])
            .ask(Method::PUT, Sent::Streamed(100_000))
            .retries(others.clone()),
        http("a body of a mebibyte is sent again", &many[..1])
            .ask(Method::POST, Sent::Known(1 << 20))
            .retries(others.clone()),
        http("a longer body is sent once", &many)
            .ask(Method::POST, Sent::Known((1 << 20) + 70_000))
            .retries(others.clone()),
        http("a longer streamed body is sent once", &many)
            .ask(Method::POST, Sent::Streamed((1 << 20) + 70_000))
            .retries(others.clone()),
        http("a long body meets nobody", &[])
            .ask(Method::POST, Sent::Known(3 << 20))
            .endpoints(0, 1)
            .retries(others.clone()),
        http("a HEAD is tried again", &many[..1]).ask(Method::HEAD, Sent::Nothing).retries(others.clone()),
        http("a HEAD that fails for good", &[Close; 4])
            .ask(Method::HEAD, Sent::Nothing)
            .retries(others.clone()),
        http("a DELETE that meets nobody", &[]).ask(Method::DELETE, Sent::Nothing).endpoints(0, 2),
        http("no endpoint is no try", &[]).endpoints(0, 0).retries(others.clone()),
        http("a request may ask for retries itself", &many[..1])
            .retries(json!({"attempts": 0}))
            .headers(&[("x-envoy-retry-on", "5xx")]),
        http("a request may name the number of tries", &many)
            .retries(others.clone())
            .headers(&[("x-envoy-max-retries", "3")]),
        http("a request may name statuses", &[Answer(answer(418))]).retries(others).headers(&[
            ("x-envoy-retry-on", "retriable-status-codes"),
            ("x-envoy-retriable-status-codes", "418"),
        ]),
    ]
}

const LIMITED: crate::failures::script::Answer = answer(429).with(&[("x-envoy-ratelimited", "true")]);
const LIMITED_WELL: crate::failures::script::Answer = answer(200).with(&[("x-envoy-ratelimited", "true")]);

fn on(tokens: &str) -> serde_json::Value {
    json!({"attempts": 1, "retryOn": tokens})
}
