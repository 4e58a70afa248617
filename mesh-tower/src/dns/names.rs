//! All names that anybody wants to know.

use super::{
    known::{Name, Shared},
    lookup::Lookup,
    system::System,
};
use mesh_core::model::Host;
use rustc_hash::FxHashMap;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

/// How many names are known that only requests brought along.
const MOST: usize = 1024;

/// When a name is asked for again whose last answer does not say, unless a MeshConfig does.
const REFRESH: Duration = Duration::from_secs(60);

/// What DNS says of names; see the [module](super). Clones share what they know.
#[derive(Clone, Debug)]
pub struct Dns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    /// Names that somebody holds.
    kept: Mutex<FxHashMap<Host, Weak<Name>>>,
    /// Names that requests brought along.
    passing: Mutex<FxHashMap<Host, Arc<Name>>>,
}

impl Default for Dns {
    fn default() -> Self {
        Self::system()
    }
}

impl Dns {
    /// Asks whom the operating system says.
    #[must_use]
    pub fn system() -> Self {
        Self::asking(System::default())
    }

    /// Asks these servers, and neither `/etc/hosts` nor a search list.
    #[must_use]
    pub fn at(servers: &[SocketAddr]) -> Self {
        Self::asking(System::at(servers))
    }

    /// Asks somebody else.
    #[must_use]
    pub fn asking(lookup: impl Lookup) -> Self {
        let shared = Arc::new(Shared::new(lookup, REFRESH));
        Self(Arc::new(Inner { shared, kept: Mutex::default(), passing: Mutex::default() }))
    }

    /// A name that is kept up to date until it is dropped by everybody.
    pub(crate) fn keep(&self, name: &Host) -> Arc<Name> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(name).and_then(Weak::upgrade) {
            return known;
        }
        kept.retain(|_, name| name.strong_count() > 0);
        let new = Arc::new(Name::new(name, &self.0.shared, false));
        kept.insert(name.clone(), Arc::downgrade(&new));
        new
    }

    /// A name that is kept up to date for as long as it is used now and then.
    pub(crate) fn pass(&self, name: &Host) -> Arc<Name> {
        let mut passing = self.0.passing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = passing.get(name) {
            known.touch(&self.0.shared);
            return Arc::clone(known);
        }
        if passing.len() >= MOST
            && let Some(oldest) = passing.iter().min_by_key(|(_, name)| name.last_use())
        {
            let oldest = oldest.0.clone();
            passing.remove(&oldest);
        }
        let new = Arc::new(Name::new(name, &self.0.shared, true));
        passing.insert(name.clone(), Arc::clone(&new));
        new
    }

    /// How often anything that is known has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.0.shared.changes()
    }

    /// From the next answer on nothing waits longer than this for the one after it.
    pub(crate) fn refresh_after(&self, refresh: Duration) {
        self.0.shared.refresh_after(refresh);
    }
}
