//! Waits until a request's time is over.

use crate::AnswerBy;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// Wakes its task when a request's time is over.
    #[derive(Debug)]
    pub(super) struct Clock {
        by: AnswerBy,
        // Made when somebody first has to wait: what is already there needs no timer.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Clock {
    pub(super) fn new(by: AnswerBy) -> Self {
        Self { by, sleep: None }
    }

    /// By when the request has to be answered.
    pub(super) fn by(&self) -> &AnswerBy {
        &self.by
    }

    /// Whether the time is over. Asks the clock, not the timer.
    pub(super) fn is_over(&self) -> bool {
        self.by.has_passed(Instant::now())
    }

    /// Waits until it is.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        // The end of the request's body brings it nearer, or makes it known.
        let Some(moment) = this.by.poll_moment(cx) else { return Poll::Pending };
        if this.sleep.as_ref().as_pin_ref().is_none_or(|sleep| sleep.deadline() != moment) {
            this.sleep.set(Some(sleep_until(moment)));
        }
        this.sleep.as_pin_mut().map_or(Poll::Pending, |sleep| sleep.poll(cx))
    }
}
