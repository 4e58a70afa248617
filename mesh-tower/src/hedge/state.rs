//! How many requests and hedges are under way.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// What is under way through one layer.
#[derive(Debug, Default)]
pub(super) struct Counts {
    active: AtomicU32,
    hedges: AtomicU32,
}

impl Counts {
    /// How many requests are not answered yet.
    pub(super) fn active(&self) -> u32 {
        self.active.load(Relaxed)
    }
}

/// Counts one request as unanswered, until it is dropped.
#[derive(Debug)]
pub(super) struct Active(Arc<Counts>);

impl Active {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        counts.active.fetch_add(1, Relaxed);
        Self(counts)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// Counts one hedge as under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Counts>);

impl Slot {
    /// Claims one of `most` hedges in one atomic step, so two racing requests cannot both take the last one.
    pub(super) fn claim(counts: Arc<Counts>, most: u32) -> Option<Self> {
        let claimed = counts.hedges.fetch_update(Relaxed, Relaxed, |count| (count < most).then(|| count + 1));
        claimed.is_ok().then(|| Self(counts))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.hedges.fetch_sub(1, Relaxed);
    }
}
