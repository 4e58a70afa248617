//! What counts against the bounds of one backend.

use crate::error::{Error, Kind};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// What is open and under way to one backend, whichever of its endpoints it is at.
#[derive(Debug, Default)]
pub(super) struct Counts {
    connections: AtomicU32,
    pending: AtomicU32,
    active: AtomicU32,
}

/// One request that has no connection yet.
#[derive(Debug)]
pub(super) struct Pending(Arc<Counts>);

/// One request under way, to the end of its response.
#[derive(Debug)]
pub(super) struct Active(Arc<Counts>);

/// The place of one connection among those that its backend may have. Held by the connection's socket.
pub(super) struct Slot {
    counts: Arc<Counts>,
    pool: Weak<dyn Vacated>,
}

/// What learns that a connection of it is gone.
pub(super) trait Vacated: Send + Sync {
    /// One more is.
    fn vacated(self: Arc<Self>);
}

/// How much of it there is at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) connections: u32,
    pub(crate) pending: u32,
    pub(crate) active: u32,
}

impl Counts {
    /// How much there is now.
    pub(super) fn now(&self) -> Counted {
        let Self { connections, pending, active } = self;
        Counted {
            connections: connections.load(Relaxed),
            pending: pending.load(Relaxed),
            active: active.load(Relaxed),
        }
    }

    /// Counts a request that waits for a connection, if there are not as many already as there may be.
    pub(super) fn wait(self: &Arc<Self>, most: u32) -> Result<Pending, Error> {
        if claim(&self.pending, most) { Ok(Pending(Arc::clone(self))) } else { Err(overflow("wait")) }
    }

    /// Counts a request that is about to be sent.
    pub(super) fn begin(self: &Arc<Self>, most: u32) -> Result<Active, Error> {
        if claim(&self.active, most) { Ok(Active(Arc::clone(self))) } else { Err(overflow("are under way")) }
    }

    /// Whether a request could be sent now if there were a connection.
    pub(super) fn check(&self, most: u32) -> Result<(), Error> {
        if self.active.load(Relaxed) < most { Ok(()) } else { Err(overflow("are under way")) }
    }

    /// Counts a connection. The first of a pool is counted without asking whether there may be one more, since a request
    /// that waits there would otherwise depend on what happens elsewhere.
    pub(super) fn open(self: &Arc<Self>, most: u32, is_first: bool, pool: Weak<dyn Vacated>) -> Option<Slot> {
        let most = if is_first { u32::MAX } else { most };
        claim(&self.connections, most).then(|| Slot { counts: Arc::clone(self), pool })
    }
}

/// Adds one in one atomic step, so that two racing requests cannot both have the last place.
pub(super) fn claim(count: &AtomicU32, most: u32) -> bool {
    count.fetch_update(Relaxed, Relaxed, |count| (count < most).then(|| count + 1)).is_ok()
}

fn overflow(what: &str) -> Error {
    Error::because(Kind::Overflow, format!("as many requests {what} as the connectionPool admits"))
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Relaxed);
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.counts.connections.fetch_sub(1, Relaxed);
        if let Some(pool) = self.pool.upgrade() {
            pool.vacated();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("counts", &self.counts).finish_non_exhaustive()
    }
}
