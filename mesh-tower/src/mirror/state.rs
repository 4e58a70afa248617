//! How many copies are under way, for every destination.

use arc_swap::ArcSwap;
use mesh_core::table::{BackendName, Generation, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// The counts of all destinations.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// Of every backend of the newest generation seen that was ever copied to.
    backends: ArcSwap<Table>,
    /// Of the service that copies go to where no rule says so.
    only: Arc<Count>,
}

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    counts: FxHashMap<BackendName, Arc<Count>>,
}

/// How many copies are under way to one destination.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU32);

impl Slots {
    /// The count of the one destination of a layer without rules.
    pub(super) fn only(&self) -> Arc<Count> {
        Arc::clone(&self.only)
    }

    /// The count of a backend. One that only an older table knows is counted for each copy alone.
    pub(super) fn of(&self, snapshot: &Snapshot, backend: &BackendName) -> Arc<Count> {
        if self.backends.load().generation < snapshot.generation() {
            self.follow(snapshot);
        }
        self.backends.load().counts.get(backend).cloned().unwrap_or_default()
    }

    /// Keeps the counts of backends that are still there, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        self.backends.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let count = |name: &BackendName| table.counts.get(name).cloned().unwrap_or_default();
            let counts = snapshot.backends().map(|backend| (backend.name.clone(), count(&backend.name)));
            Arc::new(Table { generation: snapshot.generation(), counts: counts.collect() })
        });
    }
}

/// Counts one copy as under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Count>);

impl Slot {
    /// Claims one of `most` copies in one atomic step, so two racing requests cannot both take the last one.
    pub(super) fn claim(count: Arc<Count>, most: u32) -> Option<Self> {
        let claimed = count.0.fetch_update(Relaxed, Relaxed, |copies| (copies < most).then(|| copies + 1));
        claimed.is_ok().then(|| Self(count))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}
