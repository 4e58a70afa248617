//! The cell that holds the routing table: one writer, any number of readers.

use crate::{
    model::Model,
    table::{Generation, Snapshot, Viewpoint},
};
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;

/// How many tables are remembered: requests that another process decided with an older one are followed through.
const REMEMBERED: usize = 8;

/// The newest table first, and the ones before it.
type History = Box<[Arc<Snapshot>]>;

/// Publishes tables. There is one; it is not `Clone`.
#[derive(Debug)]
pub struct Publisher {
    viewpoint: Viewpoint,
    cell: Arc<Cell>,
    generations: watch::Sender<Generation>,
}

/// Reads tables, from any thread, without a lock.
#[derive(Clone, Debug)]
pub struct Handle {
    cell: Arc<Cell>,
    generations: watch::Receiver<Generation>,
}

#[derive(Debug)]
struct Cell {
    history: ArcSwap<History>,
}

/// A cell with an empty table of the workload that looks from `viewpoint`.
#[must_use]
pub fn channel(viewpoint: Viewpoint) -> (Publisher, Handle) {
    let empty: History = [Arc::new(Snapshot::empty())].into();
    let cell = Arc::new(Cell { history: ArcSwap::from_pointee(empty) });
    let (sender, receiver) = watch::channel(Generation::default());
    let handle = Handle { cell: Arc::clone(&cell), generations: receiver };
    (Publisher { viewpoint, cell, generations: sender }, handle)
}

impl Publisher {
    /// Publishes the next generation; parts of the model that did not change keep their compiled form.
    pub fn publish(&mut self, model: &Model) -> Generation {
        let history = self.cell.history.load();
        let next =
            Arc::new(Snapshot::compile(model, &self.viewpoint, history.first().map(|newest| &**newest)));
        let generation = next.generation();
        let older = history.iter().take(REMEMBERED - 1).cloned();
        self.cell.history.store(Arc::new(std::iter::once(next).chain(older).collect()));
        self.generations.send_replace(generation);
        generation
    }
}

impl Handle {
    /// The newest table. A request loads it once, at the door, and keeps it to its end.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.cell.history.load()[0])
    }

    /// Looks at the newest table without keeping it; cheaper than [`Handle::snapshot`] for what is over at once.
    pub fn look<R>(&self, at: impl FnOnce(&Snapshot) -> R) -> R {
        at(&self.cell.history.load()[0])
    }

    /// The newest remembered table that was made of the documents of this digest, in this process or in another.
    #[must_use]
    pub fn snapshot_of(&self, digest: u64) -> Option<Arc<Snapshot>> {
        self.cell.history.load().iter().find(|snapshot| snapshot.digest() == digest).cloned()
    }

    /// Waits for the next publish; `None` when the publisher is gone. Cancel safe.
    pub async fn published(&mut self) -> Option<Arc<Snapshot>> {
        self.generations.changed().await.ok()?;
        Some(self.snapshot())
    }
}
