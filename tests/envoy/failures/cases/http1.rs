//! What connections of HTTP/1.1 suffer.

use crate::failures::{
    case::{Case, Sent, http},
    script::{Step::*, answer},
};
use http::Method;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let twice = json!({"attempts": 1, "retryOn": "5xx"});
    let never = json!({"attempts": 0});
    vec![
        http("a connection is closed before the request", &[CloseUnread]).retries(never.clone()),
        http("a connection is closed before the request, and again", &[CloseUnread; 2])
            .retries(twice.clone()),
        http("a connection is closed before the answer", &[Close]).retries(never.clone()),
        http("a connection is closed before the answer to a POST", &[Close])
            .ask(Method::POST, Sent::Known(100))
            .retries(never.clone()),
        http("a connection is reset before the answer", &[Reset]).retries(never.clone()),
        http("a connection is reset before the answer, and then not", &[Reset]).retries(twice.clone()),
        http("a connection is reset twice", &[Reset; 2]).retries(twice.clone()),
        http("a connection is closed in the head", &[CutHead]).retries(never.clone()),
        http("a connection is closed in the head, and then not", &[CutHead]).retries(twice.clone()),
        http("an answer is not HTTP", &[Nonsense]).retries(never.clone()),
        http("an answer is not HTTP, and then it is", &[Nonsense]).retries(twice.clone()),
        http("a connection is closed in the body", &[CutBody(answer(200))]).retries(twice.clone()),
        http("a connection is reset in the body", &[ResetBody(answer(200))]).retries(twice.clone()),
        http("a connection is closed in the body of an error", &[CutBody(answer(503))])
            .retries(twice.clone()),
        http("a connection is reset in the body of an error", &[ResetBody(answer(503)); 2])
            .retries(twice.clone()),
        http("an endpoint informs before it answers", &[AnswerAfter(100, answer(200))]),
        http("an endpoint gives early hints before it fails", &[AnswerAfter(103, answer(503)); 2])
            .retries(twice.clone()),
        http("an answer comes before the body is read", &[AnswerEarly(answer(413))])
            .ask(Method::POST, Sent::Known(5000))
            .retries(never.clone()),
        http("an idle connection is closed", &[AnswerAndClose(answer(200)); 3])
            .retries(never.clone())
            .in_turn(3),
        http("a connection is closed by announcement", &[Answer(LAST); 3]).retries(never.clone()).in_turn(3),
        http("a used connection is closed on its second request", &[Answer(answer(200)), Close])
            .retries(never)
            .in_turn(3),
        http(
            "a used connection is closed on its second request, which is sent again",
            &[Answer(answer(200)), Close],
        )
        .retries(twice)
        .in_turn(3),
    ]
}

const LAST: crate::failures::script::Answer = answer(200).with(&[("connection", "close")]);
