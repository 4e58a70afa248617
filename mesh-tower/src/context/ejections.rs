//! Which endpoints are left alone for a while.

use super::Upstream;
use arc_swap::ArcSwap;
use mesh_core::table::{BackendName, Snapshot};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use tokio::time::Instant;

/// The endpoints that were ejected, by backend: the outlier layer writes them, the balance layer reads them. Clones share
/// them.
#[derive(Clone, Debug, Default)]
pub struct Ejections(Arc<ArcSwap<FxHashMap<BackendName, Arc<Ejected>>>>);

/// The endpoints of one backend that were ejected, and may still be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ejected(FxHashMap<Upstream, Ejection>);

/// The last ejection of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ejection {
    /// When it is over.
    pub(crate) until: Instant,
    /// How many times the first ejection it lasts.
    pub(crate) times: u32,
}

impl Ejections {
    /// Whether an endpoint of a backend is ejected now.
    #[must_use]
    pub fn is_ejected(&self, backend: &BackendName, endpoint: &Upstream) -> bool {
        self.of(backend).is_some_and(|ejected| ejected.has(endpoint, Instant::now()))
    }

    /// The ejections of a backend, if there ever were any.
    pub(crate) fn of(&self, backend: &BackendName) -> Option<Arc<Ejected>> {
        self.0.load().get(backend).cloned()
    }

    /// Ejects an endpoint, if `judge` says so in view of all ejections of its backend, and tells what it said besides. It
    /// may be asked again when another thread was faster.
    pub(crate) fn eject<T>(
        &self,
        backend: &BackendName,
        endpoint: &Upstream,
        judge: impl Fn(&Ejected) -> (Option<Ejection>, T),
    ) -> T {
        loop {
            let all = self.0.load();
            let mut ejected = all.get(backend).map(|ejected| (**ejected).clone()).unwrap_or_default();
            let (ejection, said) = judge(&ejected);
            let Some(ejection) = ejection else { return said };
            ejected.0.insert(endpoint.clone(), ejection);
            let mut next = (**all).clone();
            next.insert(backend.clone(), Arc::new(ejected));
            let before = self.0.compare_and_swap(&*all, Arc::new(next));
            if Arc::ptr_eq(&before, &all) {
                return said;
            }
        }
    }

    /// Forgets endpoints and backends that are gone.
    pub(crate) fn follow(&self, snapshot: &Snapshot) {
        if self.0.load().is_empty() {
            return;
        }
        let endpoints = snapshot.backends().map(|backend| {
            (
                &backend.name,
                backend.endpoints.iter().map(|endpoint| Upstream::of(backend, endpoint)).collect(),
            )
        });
        let present: FxHashMap<_, FxHashSet<_>> = endpoints.collect();
        self.0.rcu(|all| {
            let kept = all.iter().filter_map(|(name, ejected)| {
                let present = present.get(name)?;
                let kept = ejected.0.iter().filter(|(endpoint, _)| present.contains(*endpoint));
                let kept = Ejected(kept.map(|(endpoint, ejection)| (endpoint.clone(), *ejection)).collect());
                (!kept.0.is_empty()).then(|| (name.clone(), Arc::new(kept)))
            });
            kept.collect::<FxHashMap<_, _>>()
        });
    }
}

impl Ejected {
    /// These ejections.
    #[cfg(test)]
    pub(crate) fn new(ejections: impl IntoIterator<Item = (Upstream, Ejection)>) -> Self {
        Self(ejections.into_iter().collect())
    }

    /// The last ejection of an endpoint, over or not.
    pub(crate) fn last(&self, endpoint: &Upstream) -> Option<Ejection> {
        self.0.get(endpoint).copied()
    }

    /// Whether an endpoint is ejected at this moment.
    pub(crate) fn has(&self, endpoint: &Upstream, now: Instant) -> bool {
        self.0.get(endpoint).is_some_and(|ejection| now < ejection.until)
    }

    /// How many endpoints are.
    pub(crate) fn count(&self, now: Instant) -> usize {
        self.0.values().filter(|ejection| now < ejection.until).count()
    }
}
