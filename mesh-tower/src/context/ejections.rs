//! Which endpoints are left alone for a while.

use super::Upstream;
use arc_swap::ArcSwap;
use mesh_core::table::{Backend, BackendName, Names, Snapshot};
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

    /// How many endpoints of each backend are ejected now, of those that ever had one.
    pub(crate) fn counts(&self, now: Instant) -> FxHashMap<BackendName, usize> {
        self.0.load().iter().map(|(backend, ejected)| (backend.clone(), ejected.count(now))).collect()
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

    /// Forgets endpoints and backends that are gone. What names of a backend stand for is not known here.
    pub(crate) fn follow(&self, snapshot: &Snapshot) {
        if self.0.load().is_empty() {
            return;
        }
        let present: FxHashMap<_, _> =
            snapshot.backends().map(|backend| (&backend.name, present(backend))).collect();
        self.0.rcu(|all| {
            let kept = all.iter().filter_map(|(name, ejected)| {
                let kept = match present.get(name)? {
                    Some(present) => ejected.among(present)?,
                    None => Arc::clone(ejected),
                };
                Some((name.clone(), kept))
            });
            kept.collect::<FxHashMap<_, _>>()
        });
    }

    /// Forgets endpoints of a backend, whose names stand for these addresses now.
    pub(crate) fn keep(&self, backend: &Backend) {
        if self.of(&backend.name).is_none() {
            return;
        }
        let present = backend.endpoints.iter().map(|endpoint| Upstream::of(backend, endpoint)).collect();
        self.0.rcu(|all| {
            let mut next = FxHashMap::clone(all);
            let kept = next.remove(&backend.name).and_then(|ejected| ejected.among(&present));
            next.extend(kept.map(|kept| (backend.name.clone(), kept)));
            next
        });
    }
}

/// The endpoints of a backend; `None` where names stand for others.
fn present(backend: &Backend) -> Option<FxHashSet<Upstream>> {
    let endpoints = backend.endpoints.iter().map(|endpoint| Upstream::of(backend, endpoint));
    (backend.names == Names::None).then(|| endpoints.collect())
}

impl Ejected {
    /// These ejections.
    #[cfg(test)]
    pub(crate) fn new(ejections: impl IntoIterator<Item = (Upstream, Ejection)>) -> Self {
        Self(ejections.into_iter().collect())
    }

    /// Those of endpoints that are still there, if any.
    fn among(&self, present: &FxHashSet<Upstream>) -> Option<Arc<Self>> {
        let kept = self.0.iter().filter(|(endpoint, _)| present.contains(*endpoint));
        let kept = Self(kept.map(|(endpoint, ejection)| (endpoint.clone(), *ejection)).collect());
        (!kept.0.is_empty()).then(|| Arc::new(kept))
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
