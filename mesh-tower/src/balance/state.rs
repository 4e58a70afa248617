//! What is remembered of every backend.

use super::{
    fleet::{Active, Fleet},
    random,
};
use crate::{Dice, context::Ejections};
use arc_swap::ArcSwap;
use mesh_core::table::{Backend, BackendEndpoint, BackendName, Generation, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tokio::time::Instant;

/// The fleets of the newest generation seen.
#[derive(Debug, Default)]
pub(super) struct Fleets(ArcSwap<Table>);

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    fleets: FxHashMap<BackendName, Kept>,
}

/// The fleet of a backend, and the one before, for requests that keep an older table to their end.
#[derive(Clone, Debug)]
struct Kept {
    newest: Arc<Fleet>,
    former: Option<Arc<Fleet>>,
}

impl Fleets {
    /// Chooses an endpoint, and counts a request as under way there until the guard is dropped.
    ///
    /// A backend that only a much older table knows gets any endpoint, uncounted.
    pub(super) fn choose<'a>(
        &self,
        snapshot: &Snapshot,
        backend: &'a Arc<Backend>,
        hash: Option<u64>,
        ejections: &Ejections,
        dice: &Dice,
    ) -> Option<(&'a BackendEndpoint, Option<Active>)> {
        if self.0.load().generation < snapshot.generation() {
            self.follow(snapshot);
        }
        let table = self.0.load();
        let fleet = table.fleets.get(&backend.name).and_then(|kept| kept.of(backend));
        let Some(fleet) = fleet else {
            let any = random::draw(backend.endpoints.len(), |_| true, || dice.roll())?;
            return Some((backend.endpoints.get(any)?, None));
        };
        let (chosen, active) = fleet.choose(hash, ejections, dice)?;
        Some((backend.endpoints.get(chosen)?, Some(active)))
    }

    /// Keeps the fleets of backends that are still there, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        let now = Instant::now();
        self.0.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let fleet = |backend: &Arc<Backend>| {
                let kept = Kept::next(table.fleets.get(&backend.name), backend, now);
                (backend.name.clone(), kept)
            };
            let fleets = snapshot.backends().map(fleet).collect();
            Arc::new(Table { generation: snapshot.generation(), fleets })
        });
    }
}

impl Kept {
    fn next(before: Option<&Self>, backend: &Arc<Backend>, now: Instant) -> Self {
        match before {
            Some(kept) if kept.newest.is_of(backend) => kept.clone(),
            _ => {
                let former = before.map(|kept| &kept.newest);
                let newest = Arc::new(Fleet::new(backend, former.map(Arc::as_ref), now));
                Self { newest, former: former.cloned() }
            }
        }
    }

    fn of(&self, backend: &Arc<Backend>) -> Option<&Arc<Fleet>> {
        [Some(&self.newest), self.former.as_ref()].into_iter().flatten().find(|fleet| fleet.is_of(backend))
    }
}
