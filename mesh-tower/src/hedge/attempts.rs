//! What the further tries of one request need.

use super::{layer::HedgeLayer, state::Slot};
use crate::{Body, Tried, replay::Copies};
use http::{Request, request::Parts};
use std::{
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    layer: Arc<HedgeLayer>,
    head: Parts,
    body: Copies,
    /// How many hedges may follow.
    left: u32,
}

impl Attempts {
    /// Keeps what hedges need of a request, and returns the first try.
    pub(super) fn begin(layer: Arc<HedgeLayer>, request: Request<Body>) -> (Self, Request<Body>) {
        let (mut head, body) = request.into_parts();
        let (body, first) = Copies::of(body, layer.body_limit);
        if Tried::of_request(&head.extensions).is_none() {
            Tried::new().leave(&mut head.extensions);
        }
        let left = layer.most;
        let attempts = Self { layer, head: head.clone(), body, left };
        (attempts, Request::from_parts(head, first))
    }

    /// How long to wait for the tries under way, once all of them have been sent. Never, when no hedge can follow.
    pub(super) fn poll_wait(&self, cx: &Context<'_>) -> Poll<Duration> {
        if self.left == 0 {
            return Poll::Pending;
        }
        ready!(self.body.poll_sent(cx));
        if self.body.is_possible() { Poll::Ready(self.layer.after) } else { Poll::Pending }
    }

    /// The next try, unless there is no room for it; it is left out then.
    pub(super) fn next(&mut self) -> Option<(Request<Body>, Slot)> {
        self.left = self.left.saturating_sub(1);
        let counts = &self.layer.counts;
        let slot = Slot::claim(Arc::clone(counts), self.layer.budget.most(counts.active()))?;
        Some((Request::from_parts(self.head.clone(), self.body.next()), slot))
    }
}
