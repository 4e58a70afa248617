//! The tries of one request: what they need, and what has become of them.

use super::{
    body::Copies,
    headers,
    layer::RetryLayer,
    policy::{self, Ending, Plan, Verdict},
    state::Slot,
};
use crate::{Body, BoxError, Error, Kind, Routed, Tried};
use http::{Request, Response, request::Parts};
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    layer: Arc<RetryLayer>,
    plan: Plan,
    head: Parts,
    body: Copies,
    /// How many tries there were.
    made: u32,
    /// Whether the last one took too long.
    was_late: bool,
    /// Held from the decision for a retry to the retry's end.
    slot: Option<Slot>,
}

impl Attempts {
    /// Keeps what further tries need of a request, and returns the first.
    pub(super) fn begin(layer: Arc<RetryLayer>, plan: Plan, request: Request<Body>) -> (Self, Request<Body>) {
        let (mut head, body) = request.into_parts();
        // A request that has only a limit for its one try keeps nothing of its body.
        let limit = if plan.can_repeat() { layer.body_limit } else { 0 };
        let (body, first) = Copies::of(body, limit);
        if plan.can_repeat() && spreads(&layer, &head) {
            head.extensions.insert(Tried::new());
        }
        let request = Request::from_parts(head.clone(), first);
        (Self { layer, plan, head, body, made: 1, was_late: false, slot: None }, request)
    }

    /// The wait before the next try, if one follows this outcome.
    pub(super) fn judge<R>(&mut self, outcome: &Result<Response<R>, BoxError>) -> Option<Duration> {
        // The retry that has just ended makes room for the one that may follow.
        self.slot = None;
        let listed = self.layer.origin.policy(&self.head.extensions).map(|policy| &*policy.statuses);
        let verdict = policy::judge(&self.plan, listed.unwrap_or_default(), Ending::of(outcome), self.made);
        if verdict == Verdict::Keep || !self.body.is_possible() || !self.claim() {
            return None;
        }
        self.was_late = is_late(outcome);
        Some(policy::wait(self.plan.backoff, self.made, self.layer.dice.roll()))
    }

    /// The next try.
    pub(super) fn next(&mut self) -> Request<Body> {
        self.made += 1;
        headers::tell(&mut self.head.headers, self.made, self.was_late);
        Request::from_parts(self.head.clone(), self.body.next())
    }

    /// The time for the try under way, once its request is sent.
    pub(super) fn poll_limit(&self, cx: &Context<'_>) -> Poll<Duration> {
        match self.plan.per_try {
            Some(limit) => self.body.poll_sent(cx).map(|()| limit),
            None => Poll::Pending,
        }
    }

    /// Claims a retry of those that the backend may have at once.
    fn claim(&mut self) -> bool {
        let Some(routed) = self.head.extensions.get::<Routed>() else { return true };
        let Ok(Some(backend)) = routed.backend() else { return true };
        let counts = self.layer.limits.of(routed.snapshot(), &backend.name);
        let most = policy::most_retries(&backend.policy, counts.active());
        self.slot = Slot::claim(counts, most);
        self.slot.is_some()
    }
}

/// Whether there is a choice of endpoints for further tries, and they are to make use of it.
fn spreads(layer: &RetryLayer, head: &Parts) -> bool {
    let backend = head.extensions.get::<Routed>().and_then(|routed| routed.backend().ok().flatten());
    let policy = layer.origin.policy(&head.extensions);
    backend.is_some_and(|backend| {
        let avoids = policy.is_none_or(|policy| policy::avoids_previous(policy, &backend.policy));
        avoids && backend.endpoints.len() > 1
    })
}

fn is_late<R>(outcome: &Result<Response<R>, BoxError>) -> bool {
    let error = outcome.as_ref().err().and_then(|error| error.downcast_ref::<Error>());
    error.is_some_and(|error| error.kind() == Kind::PerTryTimeout)
}
