//! What an upstream does with the attempts it gets, one after the other, and what it saw of them.

use crate::upstreams::texts;
use http::{HeaderMap, Method};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, futures::Notified};

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// It is answered.
    Answer(Answer),
    /// It is answered before its body has been read.
    AnswerEarly(Answer),
    /// It is answered after an interim answer of this status.
    AnswerAfter(u16, Answer),
    /// It is answered, and then the connection is closed, which nothing announced.
    AnswerAndClose(Answer),
    /// The connection is closed before anything is read.
    CloseUnread,
    /// The connection is closed when the request has been read.
    Close,
    /// The connection is reset when the request has been read.
    Reset,
    /// The connection is closed in the middle of the answer's head.
    CutHead,
    /// The answer is not HTTP.
    Nonsense,
    /// There is no answer.
    Stall,
    /// The connection is closed in the middle of the answer's body.
    CutBody(Answer),
    /// The connection is reset in the middle of the answer's body.
    ResetBody(Answer),
    /// The answer's body does not end.
    StallBody(Answer),
    /// The stream is reset. HTTP/2 alone, as all that follow.
    ResetStream(h2::Reason),
    /// The stream is reset in the middle of the answer's body.
    ResetStreamInBody(Answer, h2::Reason),
    /// The connection goes away and leaves the stream out.
    GoAwayBefore(h2::Reason),
    /// The connection goes away after the stream, which is answered.
    GoAwayAfter(Answer),
    /// The connection goes away for an error that has to do with the stream, and closes.
    GoAwayAndClose(h2::Reason),
}

/// An answer of an upstream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: &'static str,
    pub(super) trailers: &'static [(&'static str, &'static str)],
}

/// An attempt as the upstream saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    /// Which endpoint had it, numbered as they came to have one.
    pub(super) endpoint: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// Or its length, if it is long; `None` if it was not read.
    pub(super) body: Option<String>,
}

/// A case's script on one side, shared by the endpoints.
#[derive(Debug)]
pub(crate) struct Script {
    steps: Vec<Step>,
    progress: Mutex<Progress>,
    /// Says that the client has the head of an answer.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Progress {
    next: usize,
    /// The endpoints in the order in which they had their first attempts.
    endpoints: Vec<usize>,
    attempts: Vec<Attempt>,
}

/// Headers that are no matter of retries, or that one side alone adds.
const NOT_COMPARED: [&str; 9] = [
    "host",
    "content-length",
    "transfer-encoding",
    "x-forwarded-proto",
    "x-request-id",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-internal",
    "x-mesh-generation",
    "user-agent",
];

impl Script {
    /// What comes after the last step is answered with 200.
    pub(crate) fn new(steps: &[Step]) -> Self {
        Self { steps: steps.to_vec(), progress: Mutex::default(), arrived: Notify::new() }
    }

    /// What the next attempt meets.
    pub(super) fn peek(&self) -> Step {
        self.step(self.lock().next)
    }

    /// What this attempt meets.
    pub(super) fn next(&self) -> Step {
        let mut progress = self.lock();
        progress.next += 1;
        self.step(progress.next - 1)
    }

    fn step(&self, number: usize) -> Step {
        self.steps.get(number).copied().unwrap_or(Step::Answer(answer(200)))
    }

    /// Notes an attempt.
    pub(super) fn saw(
        &self,
        endpoint: usize,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) {
        let mut progress = self.lock();
        let place = progress.endpoints.iter().position(|seen| *seen == endpoint);
        let place = place.unwrap_or_else(|| {
            progress.endpoints.push(endpoint);
            progress.endpoints.len() - 1
        });
        let mut headers = texts(headers);
        // Envoy says so of every further try that is none because of a timeout; to say nothing means the same.
        let is_said_in_vain =
            |name: &str, values: &[String]| name == "x-envoy-is-timeout-retry" && values == ["false"];
        headers.retain(|name, values| !NOT_COMPARED.contains(&&**name) && !is_said_in_vain(name, values));
        let body = body.map(shown);
        progress.attempts.push(Attempt {
            endpoint: place,
            method: method.to_string(),
            path: path.to_owned(),
            headers,
            body,
        });
    }

    /// All that was seen.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// The client has the head of an answer.
    pub(crate) fn arrived(&self) {
        self.arrived.notify_waiters();
    }

    /// Completes when the client has the head of an answer that is sent after this call.
    pub(super) fn arrival(&self) -> Notified<'_> {
        self.arrived.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body as people read it.
pub(super) fn shown(body: &[u8]) -> String {
    match body.len() {
        length @ 0..200 => format!("{} ({length})", body.escape_ascii()),
        length => format!("{length} bytes"),
    }
}

/// A plain answer, whose body tells the status.
pub(crate) const fn answer(status: u16) -> Answer {
    Answer {
        status,
        headers: &[("content-type", "text/plain"), ("x-kept", "kept")],
        body: "an answer",
        trailers: &[],
    }
}

/// The answer to a gRPC call that comes to nothing: its status is in the headers.
pub(crate) const fn trailers_only(headers: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, headers, body: "", trailers: &[] }
}

/// The answer to a gRPC call whose status comes after its messages.
pub(crate) const fn messages(trailers: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, headers: &[("content-type", "application/grpc")], body: "\0\0\0\0\u{1}a", trailers }
}

impl Answer {
    /// The same, with these headers alone.
    pub(crate) const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
}
