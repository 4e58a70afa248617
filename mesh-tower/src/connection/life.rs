//! How old a connection is, and how long it has rested.

use crate::event::note;
use mesh_core::{identity::SpiffeId, model::ConnectionPool};
use std::{
    sync::atomic::{
        AtomicBool, AtomicU32, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// The life of one connection, told by those who use it and judged by the task that drives it.
#[derive(Debug)]
pub(super) struct Life {
    opened: Instant,
    users: AtomicU32,
    /// When the last user left, in microseconds after it was opened.
    rests_since: AtomicU64,
    is_spent: AtomicBool,
    /// Who is at the other end, if a certificate says so.
    principal: Option<SpiffeId>,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is judged again at this moment.
    Wait(Instant),
    /// It takes no further request, and closes once nobody uses it.
    Spent,
    /// It closes, since nobody uses it.
    Close,
}

impl Life {
    /// A connection that was just opened, and rests.
    pub(super) fn new(now: Instant, principal: Option<SpiffeId>) -> Self {
        Self {
            opened: now,
            users: AtomicU32::new(0),
            rests_since: AtomicU64::new(0),
            is_spent: AtomicBool::new(false),
            principal,
        }
    }

    /// Announces who is at the other end.
    pub(super) fn announce(&self) {
        if self.principal.is_some() {
            note(|exchange| {
                if let Some(destination) = &mut exchange.destination {
                    destination.principal.clone_from(&self.principal);
                }
            });
        }
    }

    /// One more uses it.
    pub(super) fn claim(&self, most: u32) -> bool {
        super::counts::claim(&self.users, most)
    }

    /// One no longer does.
    pub(super) fn release(&self, now: Instant) {
        let micros = u64::try_from(now.saturating_duration_since(self.opened).as_micros());
        self.rests_since.store(micros.unwrap_or(u64::MAX), Relaxed);
        self.users.fetch_sub(1, SeqCst);
    }

    /// Whether it takes no further request.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.load(Relaxed)
    }

    /// Waits until its time is over, and says in which way. From then on it takes no further request.
    pub(super) async fn end(&self, bounds: &ConnectionPool) -> Verdict {
        loop {
            match self.judge(Instant::now(), bounds) {
                Some(Verdict::Wait(until)) => sleep_until(until).await,
                Some(verdict) => {
                    self.is_spent.store(true, Relaxed);
                    return verdict;
                }
                None => return std::future::pending().await,
            }
        }
    }

    /// What becomes of it; `None` when nothing ever does.
    fn judge(&self, now: Instant, bounds: &ConnectionPool) -> Option<Verdict> {
        let is_used = self.users.load(SeqCst) > 0;
        let over = bounds.max_connection_duration.map(|lasting| later(self.opened, lasting));
        if over.is_some_and(|over| over <= now) {
            return Some(if is_used { Verdict::Spent } else { Verdict::Close });
        }
        let rested = Duration::from_micros(self.rests_since.load(Relaxed));
        let rests_since = if is_used { now } else { later(self.opened, rested) };
        let rests_until = bounds.idle_timeout.map(|idle| later(rests_since, idle));
        if rests_until.is_some_and(|until| until <= now) {
            return Some(Verdict::Close);
        }
        [over, rests_until].into_iter().flatten().min().map(Verdict::Wait)
    }
}

/// A moment that much later; one that cannot be told is decades away.
fn later(moment: Instant, by: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(1 << 30);
    moment.checked_add(by).unwrap_or_else(|| moment + DECADES)
}
