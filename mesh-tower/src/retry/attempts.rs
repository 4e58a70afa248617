//! The tries of one request: what they need, and what has become of them.

use super::{
    headers,
    layer::RetryLayer,
    policy::{self, Ending, Plan, Verdict},
    state::Slot,
    wait,
};
use crate::{
    AnswerBy, Body, BoxError, Error, Kind, Retries, Routed, Stop, Tried,
    context::{Manner, Written},
    replay::Copies,
};
use http::{Extensions, Request, Response};
use mesh_core::table::Names;
use std::{
    mem,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    plan: Plan,
    /// By when the request has to be answered.
    by: Option<AnswerBy>,
    /// The head of the request; with what was tried of it, where nobody above has begun to note that.
    head: Option<Written>,
    /// The head of the next try, once it is decided that there is one.
    next: Option<Box<Request<()>>>,
    routed: Option<Routed>,
    /// All its extensions, if there are others than the route layer's: a map of one would cost more than the one.
    extensions: Extensions,
    tried: Option<Tried>,
    body: Copies,
    /// How many tries there were.
    made: u32,
    /// Whether the last one took too long.
    was_late: bool,
    /// Held from the decision for a retry to the retry's end.
    slot: Option<Slot>,
}

impl Attempts {
    /// Keeps what further tries need of a request, which is made the first. `by` is when it has to be answered, and what
    /// time it is.
    pub(super) fn begin(
        layer: &RetryLayer,
        plan: Plan,
        request: &mut Request<Body>,
        by: Option<(AnswerBy, Instant)>,
    ) -> Self {
        // A request that has only a limit for its one try keeps nothing of its body.
        let limit = if plan.can_repeat() { layer.body_limit } else { 0 };
        let (body, first) = Copies::of(mem::take(request.body_mut()), limit);
        *request.body_mut() = first;
        let sent = request.extensions();
        let routed = sent.get::<Routed>().cloned();
        let (by, now) = by.unzip();
        let rest = sent.len() - usize::from(routed.is_some());
        let has_others = rest > 0 && rest > usize::from(sent.get::<AnswerBy>().is_some());
        let extensions = if has_others { sent.clone() } else { Extensions::new() };
        let (made, was_late, slot) = (1, false, None);
        let mut attempts = Self {
            plan,
            by,
            head: None,
            next: None,
            routed,
            extensions,
            tried: None,
            body,
            made,
            was_late,
            slot,
        };
        attempts.attempt(request, now);
        if attempts.plan.can_repeat() {
            attempts.keep(layer, request);
        }
        attempts
    }

    /// Keeps the head of the first try, and has it noted where that goes.
    fn keep(&mut self, layer: &RetryLayer, request: &mut Request<Body>) {
        let manner = manner(layer, self.routed.as_ref());
        match Tried::beside(self.routed.as_ref(), request.extensions()) {
            Some(tried) => {
                // The head that somebody above has kept lacks what was said of this try.
                tried.move_on();
                self.head = Written::of(request);
                self.tried = manner.minds().then(|| tried.clone());
            }
            None => {
                let tried = Tried::keeping(request, manner);
                tried.clone().leave(request.extensions_mut());
                self.tried = Some(tried);
            }
        }
    }

    /// The head of the first try, to be sent again.
    fn read(&self) -> Option<Box<Request<()>>> {
        let kept = self.tried.as_ref().and_then(Tried::head);
        self.head.as_ref().or(kept)?.request(()).map(Box::new)
    }

    /// The wait before the next try, if one follows this outcome. If none does, an error is told of those that were made.
    pub(super) fn judge<R>(
        &mut self,
        layer: &RetryLayer,
        outcome: &mut Result<Response<R>, BoxError>,
    ) -> Option<Duration> {
        // The retry that has just ended makes room for the one that may follow.
        self.slot = None;
        let listed = layer.origin.policy(self.routed.as_ref()).map(|policy| &*policy.statuses);
        let ending = Ending::of(outcome, &self.plan.headers);
        let verdict = policy::judge(&self.plan, listed.unwrap_or_default(), ending, self.made);
        let stop = match verdict {
            _ if !self.body.is_possible() => None,
            Verdict::Keep => None,
            Verdict::Exhausted => Some(Stop::Exhausted),
            Verdict::Retry => {
                let wait = self.wait_after(layer, outcome);
                match self.has_time_for(wait) {
                    false => None,
                    true if !self.claim(layer) => Some(Stop::Overflow),
                    true => {
                        self.was_late =
                            of_mesh(outcome).is_some_and(|error| error.kind() == Kind::PerTryTimeout);
                        self.next = self.read();
                        return self.next.is_some().then_some(wait);
                    }
                }
            }
        };
        if let Some(error) = of_mesh(outcome) {
            error.set_retries(Retries { were_made: self.made > 1, stop });
        }
        None
    }

    /// The next try, which was decided to be.
    pub(super) fn next(&mut self) -> Request<Body> {
        self.made += 1;
        let head = self.next.take().expect("it was read when it was decided");
        let mut request = head.map(|()| self.body.next());
        let mut extensions = self.extensions.clone();
        if let Some(routed) = self.routed.clone() {
            extensions.insert(routed);
        }
        if let Some(tried) = self.tried.clone() {
            tried.move_on();
            tried.leave(&mut extensions);
        }
        *request.extensions_mut() = extensions;
        self.attempt(&mut request, None);
        request
    }

    /// Makes a request the try that begins now; the clock is asked if need be.
    fn attempt(&self, request: &mut Request<Body>, now: Option<Instant>) {
        let is_limited = self.by.is_some() || self.plan.per_try.is_some();
        let now = now.or_else(|| is_limited.then(Instant::now));
        let by = self.answer_by(now);
        let left = by.as_ref().zip(now).map(|(by, now)| by.left(now));
        headers::tell(request.headers_mut(), self.made, self.was_late, left);
        // The first try has that of the request already.
        if let Some(by) = by.filter(|_| self.made > 1 || self.plan.per_try.is_some()) {
            by.leave(request.extensions_mut());
        }
    }

    /// By when a try that begins now has to be answered.
    fn answer_by(&self, now: Option<Instant>) -> Option<AnswerBy> {
        let Some((limit, now)) = self.plan.per_try.zip(now) else { return self.by.clone() };
        let end = self.by.as_ref().and_then(AnswerBy::moment);
        Some(match self.body.unsent() {
            Some(sent) => AnswerBy::after_body(limit, sent, end),
            None => AnswerBy::at(now.checked_add(limit).into_iter().chain(end).min()?),
        })
    }

    /// How long to wait after an outcome before the next try.
    fn wait_after<R>(&self, layer: &RetryLayer, outcome: &Result<Response<R>, BoxError>) -> Duration {
        let roll = layer.dice.roll();
        let answer = outcome.as_ref().ok().filter(|_| layer.heeds_rate_limits);
        match answer.and_then(|answer| wait::asked(answer.headers())) {
            Some(asked) => wait::heeding(asked, roll),
            None => wait::wait(self.plan.backoff, self.made, roll),
        }
    }

    /// Whether the request has more time than a wait takes.
    fn has_time_for(&self, wait: Duration) -> bool {
        self.by.as_ref().is_none_or(|by| by.left(Instant::now()) > wait)
    }

    /// The time for the try under way, once its request is sent.
    pub(super) fn poll_limit(&self, cx: &Context<'_>) -> Poll<Duration> {
        match self.plan.per_try {
            Some(limit) => self.body.poll_sent(cx).map(|()| limit),
            None => Poll::Pending,
        }
    }

    /// Claims a retry of those that the backend may have at once.
    fn claim(&mut self, layer: &RetryLayer) -> bool {
        let Some(routed) = &self.routed else { return true };
        let Ok(Some(backend)) = routed.backend() else { return true };
        let counts = layer.limits.of(routed.snapshot(), &backend.name);
        let most = policy::most_retries(&backend.policy, counts.active());
        self.slot = Slot::claim(counts, most);
        self.slot.is_some()
    }
}

/// What further tries do about where the others went, if there is a choice of endpoints.
fn manner(layer: &RetryLayer, routed: Option<&Routed>) -> Manner {
    let policy = layer.origin.policy(routed);
    let Some(Ok(Some(backend))) = routed.map(Routed::backend) else { return Manner::default() };
    // How many endpoints a name stands for is found out below.
    if backend.endpoints.len() < 2 && backend.names != Names::Every {
        return Manner::default();
    }
    Manner {
        avoids_tried: policy.is_none_or(|policy| policy::avoids_previous(policy, &backend.policy)),
        leaves_localities: policy.is_some_and(|policy| policy.leaves_locality),
    }
}

fn of_mesh<R>(outcome: &mut Result<Response<R>, BoxError>) -> Option<&mut Error> {
    outcome.as_mut().err().and_then(|error| error.downcast_mut())
}
