//! What connections and streams of HTTP/2 suffer.

use crate::failures::{
    case::{Case, Sent, http2},
    script::{Step::*, answer},
};
use h2::Reason;
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let twice = json!({"attempts": 1, "retryOn": "5xx"});
    let never = json!({"attempts": 0});
    let reset = |name, reason| http2(name, &[ResetStream(reason); 4]);
    vec![
        http2("HTTP/2: an answer is handed on", &[Answer(answer(200))]),
        http2("HTTP/2: a 503 is tried again", &[Answer(answer(503)); 3])
            .retries(json!({"attempts": 2, "retryOn": "5xx"})),
        http2("HTTP/2: nobody listens", &[]).endpoints(0, 1),
        http2("HTTP/2: a connection is closed unread", &[CloseUnread]).retries(never.clone()),
        http2("HTTP/2: a connection is closed before the answer", &[Close]).retries(never.clone()),
        http2("HTTP/2: a connection is closed, and then not", &[Close]).retries(twice.clone()),
        http2("HTTP/2: a connection is reset before the answer", &[Reset]).retries(never.clone()),
        http2("HTTP/2: a connection is closed in the body", &[CutBody(answer(200))]).retries(twice.clone()),
        http2("HTTP/2: a connection is reset in the body", &[ResetBody(answer(200))]).retries(twice.clone()),
        reset("a stream is refused, by default", Reason::REFUSED_STREAM),
        reset("a stream is refused, without retries", Reason::REFUSED_STREAM).retries(never.clone()),
        http2("a stream is refused, and then not", &[ResetStream(Reason::REFUSED_STREAM)]),
        reset("a refused stream is 5xx too", Reason::REFUSED_STREAM).retries(twice.clone()),
        reset("a refused stream is reset too", Reason::REFUSED_STREAM)
            .retries(json!({"attempts": 1, "retryOn": "reset"})),
        reset("a stream is cancelled, by default", Reason::CANCEL),
        reset("a cancelled stream is 5xx", Reason::CANCEL).retries(twice.clone()),
        reset("a stream has an internal error", Reason::INTERNAL_ERROR),
        reset("a stream has an internal error, and another", Reason::INTERNAL_ERROR).retries(twice.clone()),
        reset("a stream ends without an error", Reason::NO_ERROR).retries(twice.clone()),
        reset("a stream has a protocol error", Reason::PROTOCOL_ERROR).retries(never.clone()),
        reset("a stream is to calm down", Reason::ENHANCE_YOUR_CALM).retries(never.clone()),
        reset("a stream wants HTTP/1.1", Reason::HTTP_1_1_REQUIRED).retries(never.clone()),
        http2("a stream is cancelled in the body", &[ResetStreamInBody(answer(200), Reason::CANCEL)])
            .retries(twice.clone()),
        http2(
            "a stream is cancelled in the body of an error",
            &[ResetStreamInBody(answer(503), Reason::CANCEL); 2],
        )
        .retries(twice.clone()),
        http2("a connection goes away without a stream", &[GoAwayBefore(Reason::NO_ERROR)])
            .retries(never.clone()),
        http2(
            "a connection goes away without a stream, which is sent again",
            &[GoAwayBefore(Reason::NO_ERROR)],
        ),
        http2(
            "a connection goes away for an error without a stream",
            &[GoAwayBefore(Reason::INTERNAL_ERROR)],
        ),
        http2("a connection goes away after a stream", &[GoAwayAfter(answer(200)); 2])
            .retries(never.clone())
            .in_turn(3),
        http2("a connection goes away for an error and closes", &[GoAwayAndClose(Reason::INTERNAL_ERROR)])
            .retries(never.clone()),
        http2("a connection goes away and closes, and then not", &[GoAwayAndClose(Reason::NO_ERROR)])
            .retries(twice.clone()),
        http2("HTTP/2: an answer comes before the body is read", &[AnswerEarly(answer(413))])
            .ask(Method::POST, Sent::Known(5000))
            .retries(never),
        http2("HTTP/2: early hints", &[AnswerAfter(103, answer(200))]),
        http2("HTTP/2: a POST is sent again", &[Answer(answer(503))])
            .ask(Method::POST, Sent::Streamed(50_000))
            .retries(twice),
    ]
}
