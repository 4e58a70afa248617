//! How calls of gRPC fail.

use crate::failures::{
    case::{Case, grpc, http2},
    script::{Step::*, answer, messages, trailers_only},
};
use h2::Reason;
use serde_json::json;

macro_rules! failed {
    ($status:literal) => {
        Answer(trailers_only(&[
            ("content-type", "application/grpc"),
            ("grpc-status", $status),
            ("grpc-message", "no luck"),
        ]))
    };
}

pub(super) fn cases() -> Vec<Case> {
    let on = |token: &str| json!({"attempts": 1, "retryOn": token});
    let good = Answer(messages(&[("grpc-status", "0")]));
    let late = Answer(messages(&[("grpc-status", "14"), ("grpc-message", "no luck")]));
    vec![
        grpc("a call is answered", &[good]),
        grpc("cancelled is tried again by default", &[failed!("1"), good]),
        grpc("unavailable is tried again by default", &[failed!("14"), failed!("14"), good]),
        grpc("unavailable to the last", &[failed!("14"); 3]),
        grpc("deadline-exceeded is final by default", &[failed!("4")]),
        grpc("deadline-exceeded is tried again if asked for", &[failed!("4"), good])
            .retries(on("deadline-exceeded")),
        grpc("resource-exhausted is tried again if asked for", &[failed!("8"), good])
            .retries(on("resource-exhausted")),
        grpc("internal is tried again if asked for", &[failed!("13"), good]).retries(on("internal")),
        grpc("internal is no 5xx", &[failed!("13"), good]).retries(on("5xx")),
        grpc("unimplemented is final", &[failed!("12"), good]).retries(on("5xx,unavailable,internal")),
        grpc("a status after messages is final", &[late, good]),
        grpc("a status of HTTP is tried again", &[Answer(answer(503)), good]).retries(on("5xx")),
        grpc("a status of HTTP is handed on", &[Answer(answer(503))]).never_again(),
        grpc("a call meets nobody", &[]).endpoints(0, 1),
        grpc("a call has no endpoint", &[]).endpoints(0, 0),
        grpc("a call's connection closes", &[Close]).never_again(),
        grpc("a call's stream is reset", &[ResetStream(Reason::INTERNAL_ERROR)]),
        grpc("a call's stream is refused", &[ResetStream(Reason::REFUSED_STREAM), good]),
        grpc("a call's stream is cancelled", &[ResetStream(Reason::CANCEL), good]),
        grpc("a call is cut off among its messages", &[CutBody(messages(&[]))]),
        grpc(
            "a call is reset among its messages",
            &[ResetStreamInBody(messages(&[]), Reason::INTERNAL_ERROR)],
        ),
        grpc("a call is too late", &[Stall]).timeout("0.4s").never_again(),
        grpc("a call says itself how long it waits", &[Stall]).headers(&[
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("grpc-timeout", "400m"),
        ]),
        http2("a status of gRPC counts in any answer", &[failed!("14"), good]),
    ]
}
