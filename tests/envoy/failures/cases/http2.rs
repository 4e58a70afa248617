//! What connections and streams of HTTP/2 suffer.

use crate::failures::{
    case::{Case, Sent, http2},
    script::{Step::*, answer},
};
use h2::Reason;
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    [connections(), streams(), departures()].into_iter().flatten().collect()
}

fn streams() -> Vec<Case> {
    let reset = |name, reason| http2(name, &[ResetStream(reason); 4]);
    vec![
        reset("a stream is refused, by default", Reason::REFUSED_STREAM),
        reset("a stream is refused, without retries", Reason::REFUSED_STREAM).never_again(),
        http2("a stream is refused, and then not", &[ResetStream(Reason::REFUSED_STREAM)]),
        reset("a refused stream is 5xx too", Reason::REFUSED_STREAM).again(1),
        reset("a refused stream is reset too", Reason::REFUSED_STREAM)
            .retries(json!({"attempts": 1, "retryOn": "reset"})),
        reset("a stream is cancelled, by default", Reason::CANCEL),
        reset("a cancelled stream is 5xx", Reason::CANCEL).again(1),
        reset("a stream has an internal error", Reason::INTERNAL_ERROR),
        reset("a stream has an internal error, and another", Reason::INTERNAL_ERROR).again(1),
        reset("a stream ends without an error", Reason::NO_ERROR).again(1),
        reset("a stream has a protocol error", Reason::PROTOCOL_ERROR).never_again(),
        reset("a stream is to calm down", Reason::ENHANCE_YOUR_CALM).never_again(),
        reset("a stream wants HTTP/1.1", Reason::HTTP_1_1_REQUIRED).never_again(),
        http2("a stream is cancelled in the body", &[ResetStreamInBody(answer(200), Reason::CANCEL)])
            .again(1),
        http2(
            "a stream is cancelled in the body of an error",
            &[ResetStreamInBody(answer(503), Reason::CANCEL); 2],
        )
        .again(1),
    ]
}

fn connections() -> Vec<Case> {
    vec![
        http2("HTTP/2: an answer is handed on", &[Answer(answer(200))]),
        http2("HTTP/2: a 503 is tried again", &[Answer(answer(503)); 3]).again(2),
        http2("HTTP/2: nobody listens", &[]).endpoints(0, 1),
        // More than the mesh opens for a request that never left, which only it sees.
        http2("HTTP/2: connections are closed unread", &[CloseUnread; 40]).never_again(),
        http2("HTTP/2: a connection is closed before the answer", &[Close]).never_again(),
        http2("HTTP/2: a connection is closed, and then not", &[Close]).again(1),
        http2("HTTP/2: a connection is reset before the answer", &[Reset]).never_again(),
        http2("HTTP/2: a connection is closed in the body", &[CutBody(answer(200))]).again(1),
        http2("HTTP/2: a connection is reset in the body", &[ResetBody(answer(200))]).again(1),
        http2("HTTP/2: an answer comes before the body is read", &[AnswerEarly(answer(413))])
            .ask(Method::POST, Sent::Known(5000))
            .never_again(),
        http2("HTTP/2: early hints", &[AnswerAfter(103, answer(200))]),
        http2("HTTP/2: a POST is sent again", &[Answer(answer(503))])
            .ask(Method::POST, Sent::Streamed(50_000))
            .again(1),
    ]
}

/// Connections that go away by announcement.
fn departures() -> Vec<Case> {
    vec![
        http2("a connection goes away without a stream", &[GoAwayBefore(Reason::NO_ERROR)]).never_again(),
        http2(
            "a connection goes away without a stream, which is sent again",
            &[GoAwayBefore(Reason::NO_ERROR)],
        ),
        http2(
            "a connection goes away for an error without a stream",
            &[GoAwayBefore(Reason::INTERNAL_ERROR)],
        ),
        http2("a connection goes away after a stream", &[GoAwayAfter(answer(200)); 2])
            .never_again()
            .in_turn(3),
        http2("a connection goes away for an error and closes", &[GoAwayAndClose(Reason::INTERNAL_ERROR)])
            .never_again(),
        http2("a connection goes away and closes, and then not", &[GoAwayAndClose(Reason::NO_ERROR)])
            .again(1),
    ]
}
