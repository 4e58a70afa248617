//! What is remembered of every backend.

use super::{
    fleet::{Active, Fleet, Nobody},
    layer::Extras,
    near::Home,
    random,
};
use crate::{
    Dice,
    context::{Ejections, Tried},
};
use arc_swap::ArcSwap;
use mesh_core::table::{Backend, BackendEndpoint, BackendName, Generation, Names, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::{Arc, atomic::Ordering::Relaxed};
use tokio::time::Instant;

/// The fleets of the newest generation seen.
#[derive(Debug, Default)]
pub(super) struct Fleets {
    home: Home,
    table: ArcSwap<Table>,
}

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

/// What matters of a request for the choice of its endpoint.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What it is hashed to.
    pub(super) hash: Option<u64>,
    /// Where its earlier tries went.
    pub(super) tried: Option<&'a Tried>,
    /// What counts besides.
    pub(super) extras: Extras,
}

impl Asked<'_> {
    /// Whether an endpoint was not tried yet.
    fn is_new(self, endpoint: &BackendEndpoint) -> bool {
        let avoids = self.tried.filter(|tried| tried.avoids_tried());
        avoids.is_none_or(|tried| !tried.contains(&endpoint.address, endpoint.port))
    }
}

impl Fleets {
    /// Fleets as a client at home there sees them; none yet.
    pub(super) fn of(home: Home) -> Self {
        Self { home, table: ArcSwap::default() }
    }

    /// Chooses an endpoint, and counts a request as under way there until the guard is dropped.
    ///
    /// A backend that only a much older table knows gets any endpoint, uncounted.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn choose<'a>(
        &self,
        snapshot: &Snapshot,
        backend: &'a Arc<Backend>,
        asked: Asked<'_>,
        ejections: &Ejections,
        dice: &Dice,
    ) -> Result<(&'a BackendEndpoint, Option<Active>), Nobody> {
        let mut table = self.table.load();
        if table.generation < snapshot.generation() {
            self.follow(snapshot);
            table = self.table.load();
        }
        if backend.names != Names::None && table.lags(snapshot, backend) {
            self.adopt(snapshot, backend);
            table = self.table.load();
        }
        let fleet = table.fleets.get(&backend.name).and_then(|kept| kept.of(backend));
        let Some(fleet) = fleet else {
            let is_new = |endpoint: usize| asked.is_new(&backend.endpoints[endpoint]);
            let draw = |may_use: &dyn Fn(usize) -> bool| {
                random::draw(backend.endpoints.len(), may_use, || dice.roll())
            };
            let any = draw(&is_new).or_else(|| draw(&|_| true)).ok_or(Nobody::Absent)?;
            return Ok((&backend.endpoints[any], None));
        };
        let (chosen, active) = fleet.choose(asked, ejections, dice)?;
        Ok((&backend.endpoints[chosen], Some(active)))
    }

    /// The endpoints of a backend, and how many requests are under way at each; `None` before any was chosen.
    pub(super) fn active(&self, backend: &BackendName) -> Option<(Arc<Backend>, Vec<u32>)> {
        let table = self.table.load();
        let fleet = &table.fleets.get(backend)?.newest;
        let active = fleet.members.iter().map(|member| member.active.load(Relaxed));
        Some((Arc::clone(&fleet.backend), active.collect()))
    }

    /// Keeps the fleets of backends that are still there, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        let now = Instant::now();
        self.table.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let fleet = |backend: &Arc<Backend>| {
                let before = table.fleets.get(&backend.name);
                let kept = match backend.names {
                    Names::None => Kept::next(before, backend, &self.home, now),
                    // It comes with addresses, when a request does.
                    Names::Every | Names::First => before?.clone(),
                };
                Some((backend.name.clone(), kept))
            };
            let fleets = snapshot.backends().filter_map(fleet).collect();
            Arc::new(Table { generation: snapshot.generation(), fleets })
        });
    }

    /// Goes on with other addresses for the names of a backend.
    fn adopt(&self, snapshot: &Snapshot, backend: &Arc<Backend>) {
        let now = Instant::now();
        self.table.rcu(|table| {
            if !table.lags(snapshot, backend) {
                return Arc::clone(table);
            }
            let kept = Kept::next(table.fleets.get(&backend.name), backend, &self.home, now);
            let mut fleets = table.fleets.clone();
            fleets.insert(backend.name.clone(), kept);
            Arc::new(Table { generation: table.generation, fleets })
        });
    }
}

impl Table {
    /// Whether a backend of this generation is here only as it was before.
    fn lags(&self, snapshot: &Snapshot, backend: &Arc<Backend>) -> bool {
        let is_known = || self.fleets.get(&backend.name).and_then(|kept| kept.of(backend)).is_some();
        self.generation == snapshot.generation() && !is_known()
    }
}

impl Kept {
    fn next(before: Option<&Self>, backend: &Arc<Backend>, home: &Home, now: Instant) -> Self {
        match before {
            Some(kept) if kept.newest.is_of(backend) => kept.clone(),
            _ => {
                let former = before.map(|kept| &kept.newest);
                let newest = Arc::new(Fleet::new(backend, home, former.map(Arc::as_ref), now));
                Self { newest, former: former.cloned() }
            }
        }
    }

    fn of(&self, backend: &Arc<Backend>) -> Option<&Arc<Fleet>> {
        [Some(&self.newest), self.former.as_ref()].into_iter().flatten().find(|fleet| fleet.is_of(backend))
    }
}
