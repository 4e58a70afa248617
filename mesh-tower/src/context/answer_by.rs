//! How much time a request has, or one try of it.

use super::{Routed, left};
use futures_util::task::AtomicWaker;
use http::Extensions;
use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// By when a request, or a try of it, has to be answered. Left in it by whoever drops it then, for those below: what would begin later need not begin, and an attempt that is dropped at that moment, or later, tells that its
/// endpoint was too slow. One that is dropped before tells nothing.
#[derive(Clone, Debug)]
pub struct AnswerBy {
    at: Option<Instant>,
    // Shared, since few have it: all others stay small.
    after_body: Option<Arc<AfterBody>>,
}

/// A time that begins when the request's body has been sent.
#[derive(Debug)]
struct AfterBody {
    limit: Duration,
    sent: Sent,
}

impl AnswerBy {
    /// By when a request has to be answered, by its extensions.
    #[must_use]
    pub fn of_request(extensions: &Extensions) -> Option<&Self> {
        left::find(extensions)
    }

    /// The same for whoever has found the decision already.
    pub(crate) fn beside<'a>(routed: Option<&'a Routed>, extensions: &'a Extensions) -> Option<&'a Self> {
        left::find_beside(routed, extensions)
    }

    /// Leaves it in a request.
    pub fn leave(self, extensions: &mut Extensions) {
        left::leave(extensions, self);
    }

    /// By this moment.
    #[must_use]
    pub fn at(moment: Instant) -> Self {
        Self { at: Some(moment), after_body: None }
    }

    /// Within `limit` once the body is sent, and by `at` even if it is not.
    pub(crate) fn after_body(limit: Duration, sent: Sent, at: Option<Instant>) -> Self {
        Self { at, after_body: Some(Arc::new(AfterBody { limit, sent })) }
    }

    /// How much time is left. Time that has not begun is left as a whole.
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        let unbegun = self.after_body.as_ref().filter(|after| after.sent.moment().is_none());
        let left = self.moment().map(|moment| moment.saturating_duration_since(now));
        [left, unbegun.map(|after| after.limit)].into_iter().flatten().min().unwrap_or(Duration::MAX)
    }

    /// Whether the time is over.
    #[must_use]
    pub fn has_passed(&self, now: Instant) -> bool {
        self.moment().is_some_and(|moment| moment <= now)
    }

    /// The moment, as far as it is known.
    pub(crate) fn moment(&self) -> Option<Instant> {
        let after_body =
            self.after_body.as_ref().and_then(|after| after.sent.moment()?.checked_add(after.limit));
        [self.at, after_body].into_iter().flatten().min()
    }

    /// The moment, as far as it is known; the task is woken when more is known.
    pub(crate) fn poll_moment(&self, cx: &Context<'_>) -> Option<Instant> {
        if let Some(after) = &self.after_body {
            let _ = after.sent.poll(cx);
        }
        self.moment()
    }
}

/// Whether a request's body has been sent, and since when. Clones are of the same body; one task may wait for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    moment: OnceLock<Instant>,
    waiting: AtomicWaker,
}

impl Sent {
    /// It has been sent, now or before.
    pub(crate) fn finish(&self) {
        self.0.moment.get_or_init(Instant::now);
        self.0.waiting.wake();
    }

    /// Waits for it.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.moment().is_none() {
            self.0.waiting.register(cx.waker());
        }
        // Asked again, because it may have been sent before the waker was there.
        if self.moment().is_some() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn moment(&self) -> Option<Instant> {
        self.0.moment.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_that_begins_with_the_end_of_a_body_is_left_as_a_whole_until_then() {
        let (sent, start) = (Sent::default(), Instant::now());
        let by = AnswerBy::after_body(2 * SECOND, sent.clone(), Some(start + 5 * SECOND));
        assert_eq!(by.left(start + SECOND), 2 * SECOND);
        assert_eq!(by.left(start + 4 * SECOND), SECOND);
        assert!(!by.has_passed(start + 4 * SECOND) && by.has_passed(start + 5 * SECOND));
        tokio::time::advance(SECOND).await;
        sent.finish();
        assert_eq!(by.moment(), Some(start + 3 * SECOND));
        assert_eq!(by.left(start + 2 * SECOND), SECOND);
        assert!(by.has_passed(start + 3 * SECOND));
    }
}
