//! Whose turn it is, for every backend.

use arc_swap::ArcSwap;
use mesh_core::table::{BackendName, Generation, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A turn for each backend of the newest generation seen.
#[derive(Debug, Default)]
pub(super) struct Turns(ArcSwap<Table>);

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    turns: FxHashMap<BackendName, Arc<AtomicU64>>,
}

impl Turns {
    /// Takes the next turn of a backend. One that only an older table knows starts anywhere.
    pub(super) fn take(&self, snapshot: &Snapshot, backend: &BackendName) -> u64 {
        if self.0.load().generation < snapshot.generation() {
            self.follow(snapshot);
        }
        match self.0.load().turns.get(backend) {
            Some(turn) => turn.fetch_add(1, Relaxed),
            None => fastrand::u64(..u64::from(u32::MAX)),
        }
    }

    /// Keeps the turns of backends that are still there, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        self.0.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let turn = |name: &BackendName| table.turns.get(name).cloned().unwrap_or_else(first_turn);
            let turns = snapshot.backends().map(|backend| (backend.name.clone(), turn(&backend.name)));
            Arc::new(Table { generation: snapshot.generation(), turns: turns.collect() })
        });
    }
}

/// Clients that start together would otherwise all begin with the same endpoint.
fn first_turn() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(fastrand::u64(..u64::from(u32::MAX))))
}
