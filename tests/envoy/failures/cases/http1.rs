//! What connections of HTTP/1.1 suffer.

use crate::failures::{
    case::{Case, Sent, http},
    script::{self, Step::*, answer},
};
use http::Method;

pub(super) fn cases() -> Vec<Case> {
    vec![
        http("a connection is closed before the request", &[CloseUnread]).never_again(),
        http("a connection is closed before the request, and again", &[CloseUnread; 2])
            .again(1),
        http("a connection is closed before the answer", &[Close]).never_again(),
        http("a connection is closed before the answer to a POST", &[Close])
            .ask(Method::POST, Sent::Known(100))
            .never_again(),
        http("a connection is reset before the answer", &[Reset]).never_again(),
        http("a connection is reset before the answer, and then not", &[Reset]).again(1),
        http("a connection is reset twice", &[Reset; 2]).again(1),
        http("a connection is closed in the head", &[CutHead]).never_again().differs(
            "Envoy calls it a protocol error, with 502; hyper says the same of it as of a connection that closes \
             before the head, which is 503",
        ),
        http("a connection is closed in the head, and then not", &[CutHead]).again(1),
        http("an answer is not HTTP", &[Nonsense]).never_again(),
        http("an answer is not HTTP, and then it is", &[Nonsense]).again(1),
        http("a connection is closed in the body", &[CutBody(answer(200))]).again(1),
        http("a connection is reset in the body", &[ResetBody(answer(200))]).again(1),
        http("a connection is closed in the body of an error", &[CutBody(answer(503))])
            .again(1),
        http("a connection is reset in the body of an error", &[ResetBody(answer(503)); 2])
            .again(1),
        http("an endpoint informs before it answers", &[AnswerAfter(100, answer(200))]),
        http("an endpoint gives early hints before it fails", &[AnswerAfter(103, answer(503)); 2])
            .again(1).differs("Envoy has handed the hints on and tries nothing again; hyper keeps them for itself, so that nobody has \
             seen any of this try"),
        http("an answer comes before the body is read", &[AnswerEarly(answer(413))])
            .ask(Method::POST, Sent::Known(5000))
            .never_again(),
        http("an idle connection is closed", &[AnswerAndClose(answer(200)); 3])
            .never_again()
            .in_turn(3),
        http("a connection is closed by announcement", &[Answer(LAST); 3]).never_again().in_turn(3),
        http("a used connection is closed on its second request", &[Answer(answer(200)), Close])
            .never_again()
            .in_turn(3),
        http(
            "a used connection is closed on its second request, which is sent again",
            &[Answer(answer(200)), Close],
        )
        .again(1)
        .in_turn(3),
    ]
}

const LAST: script::Answer = answer(200).with(&[("connection", "close")]);
