//! What takes too long. Who stalls does so for good, and who does not answers at once, so that it is all the same how
//! fast the machine is.

use super::retries::NEAR;
use crate::failures::{
    case::{Case, Sent, http, http2},
    script::{Step::*, answer},
};
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    vec![
        http("a request is too late", &[Stall]).timeout("0.4s").never_again(),
        http("a request that is too late is final", &[Stall; 3])
            .timeout("0.4s")
            .retries(json!({"attempts": 2, "retryOn": "5xx,reset"})),
        http("a POST is too late", &[Stall]).timeout("0.4s").ask(Method::POST, Sent::Known(100)),
        http("a HEAD is too late", &[Stall]).timeout("0.4s").ask(Method::HEAD, Sent::Nothing),
        http("a try is too late, and the next is not", &[Stall]).retries(slow(2, "5xx")),
        http("every try is too late", &[Stall; 3]).retries(slow(2, "5xx")),
        http("a late try is a gateway-error", &[Stall; 2]).retries(slow(1, "gateway-error")),
        http("a late try is reset", &[Stall; 2]).retries(slow(1, "reset")),
        http("a late try is no connect-failure", &[Stall; 2]).retries(slow(1, "connect-failure")),
        http("a late try is no 503", &[Stall; 2]).retries(slow(1, "503")),
        http("a late try is no 504 either", &[Stall; 2]).retries(slow(1, "504")),
        http("a late try, then a failed one", &[Stall, Close, Answer(answer(503))]).retries(slow(3, "5xx")),
        http("a failed try, then a late one", &[Answer(answer(503)), Stall]).retries(slow(2, "5xx")),
        http("a late try goes elsewhere", &[Stall]).endpoints(2, 0).retries(slow(2, "5xx")),
        http("the time for all tries is over first", &[Stall; 4]).timeout("0.7s").retries(slow(9, "5xx")),
        http("a limit for tries above that for all is none", &[Stall; 4])
            .timeout("0.4s")
            .retries(json!({"attempts": 2, "retryOn": "5xx", "perTryTimeout": "0.5s"})),
        http("a POST's late try is sent again", &[Stall])
            .ask(Method::POST, Sent::Streamed(100_000))
            .retries(slow(1, "5xx")),
        http("a late try of a long body is final", &[Stall; 2])
            .ask(Method::POST, Sent::Known((1 << 20) + 70_000))
            .retries(slow(1, "5xx")),
        http("a body is too late", &[StallBody(answer(200))]).timeout("0.4s"),
        http("a body is too late for its try", &[StallBody(answer(200))])
            .timeout("0.9s")
            .retries(slow(1, "5xx")),
        http2("HTTP/2: a request is too late", &[Stall]).timeout("0.4s"),
        http2("HTTP/2: a try is too late, and the next is not", &[Stall]).retries(slow(2, "5xx")),
        http2("HTTP/2: a body is too late", &[StallBody(answer(200))]).timeout("0.4s"),
        http("a request may name its time itself", &[Stall])
            .headers(&[NEAR, ("x-envoy-upstream-rq-timeout-ms", "400")]),
        http("a request may want silence when it is too late", &[Stall])
            .timeout("0.4s")
            .headers(&[NEAR, ("x-envoy-upstream-rq-timeout-alt-response", "204")]),
        http("a request may name the time for tries itself", &[Stall])
            .again(1)
            .headers(&[NEAR, ("x-envoy-upstream-rq-per-try-timeout-ms", "400")]),
    ]
}

fn slow(attempts: u32, on: &str) -> serde_json::Value {
    json!({"attempts": attempts, "retryOn": on, "perTryTimeout": "0.3s"})
}
