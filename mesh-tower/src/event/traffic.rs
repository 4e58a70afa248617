//! How much passes over a connection.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How many bytes came over a connection and went. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic(Arc<Passed>);

#[derive(Debug, Default)]
struct Passed {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// So many bytes came.
    pub(crate) fn receive(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Relaxed);
    }

    /// So many went.
    pub(crate) fn send(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Relaxed);
    }

    /// What came so far, and what went.
    pub(crate) fn so_far(&self) -> [u64; 2] {
        [self.0.received.load(Relaxed), self.0.sent.load(Relaxed)]
    }
}
