//! Where the earlier tries of a request went.

use mesh_core::model::Address;
use std::sync::{Arc, Mutex, PoisonError};

/// The endpoints that a request has been sent to. Left in its extensions by the retry layer, written and read by the
/// balance layer, which prefers others. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    list: Arc<Mutex<List>>,
    accepts_tried: bool,
    leaves_localities: bool,
}

#[derive(Debug, Default)]
struct List {
    // Apart, because nearly every request has only this one, and needs no allocation for it.
    first: Option<(Address, u16)>,
    further: Vec<(Address, u16)>,
}

impl Tried {
    /// Nobody was tried yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same list for a request that takes endpoints which it has tried like any others.
    #[must_use]
    pub fn accepting_tried(self) -> Self {
        Self { accepts_tried: true, ..self }
    }

    /// The same list for a request that after every second try leaves the localities where it was.
    #[must_use]
    pub fn leaving_localities(self) -> Self {
        Self { leaves_localities: true, ..self }
    }

    /// Remembers an endpoint.
    pub fn add(&self, address: Address, port: u16) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        match list.first {
            None => list.first = Some((address, port)),
            Some(_) => list.further.push((address, port)),
        }
    }

    /// Whether nobody was tried yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).first.is_none()
    }

    /// Whether an endpoint was tried.
    #[must_use]
    pub fn contains(&self, address: &Address, port: u16) -> bool {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.all().any(|(seen, at)| seen == address && *at == port)
    }

    /// Whether others are preferred to endpoints that were tried.
    pub(crate) fn avoids_tried(&self) -> bool {
        !self.accepts_tried && !self.is_empty()
    }

    /// Whether the localities of endpoints that were tried are left, once there were two tries.
    pub(crate) fn leaves_localities(&self) -> bool {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        self.leaves_localities && !list.further.is_empty()
    }

    /// Something of each endpoint that was tried, in the order of the tries, as far as there is something.
    pub(crate) fn filter_map<T>(&self, of: impl Fn(&Address, u16) -> Option<T>) -> Vec<T> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.all().filter_map(|(address, port)| of(address, *port)).collect()
    }
}

impl List {
    fn all(&self) -> impl Iterator<Item = &(Address, u16)> {
        self.first.iter().chain(&self.further)
    }
}
