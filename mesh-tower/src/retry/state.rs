//! How many requests and retries are under way, for every backend.

use arc_swap::ArcSwap;
use mesh_core::table::{BackendName, Generation, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// The counts of every backend of the newest generation seen.
#[derive(Debug, Default)]
pub(super) struct Limits(ArcSwap<Table>);

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    counts: FxHashMap<BackendName, Arc<Counts>>,
}

/// What is under way to one backend.
#[derive(Debug, Default)]
pub(super) struct Counts {
    active: AtomicU32,
    retries: AtomicU32,
}

impl Limits {
    /// The counts of a backend. One that only an older table knows is counted for each request alone.
    pub(super) fn of(&self, snapshot: &Snapshot, backend: &BackendName) -> Arc<Counts> {
        if self.0.load().generation < snapshot.generation() {
            self.follow(snapshot);
        }
        self.0.load().counts.get(backend).cloned().unwrap_or_default()
    }

    /// Keeps the counts of backends that are still there, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        self.0.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let counts = |name: &BackendName| table.counts.get(name).cloned().unwrap_or_default();
            let counts = snapshot.backends().map(|backend| (backend.name.clone(), counts(&backend.name)));
            Arc::new(Table { generation: snapshot.generation(), counts: counts.collect() })
        });
    }
}

impl Counts {
    /// How many requests are under way.
    pub(super) fn active(&self) -> u32 {
        self.active.load(Relaxed)
    }
}

/// Counts one request as under way, until it is dropped.
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

/// Counts one retry as under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Counts>);

impl Slot {
    /// Claims one of `most` retries in one atomic step, so two racing requests cannot both take the last one.
    pub(super) fn claim(counts: Arc<Counts>, most: u32) -> Option<Self> {
        let claimed =
            counts.retries.fetch_update(Relaxed, Relaxed, |count| (count < most).then(|| count + 1));
        claimed.is_ok().then(|| Self(counts))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.retries.fetch_sub(1, Relaxed);
    }
}
