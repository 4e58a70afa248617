//! Where the earlier tries of a request went.

use mesh_core::model::Address;
use std::sync::{Arc, Mutex, PoisonError};

/// The endpoints that a request has been sent to. Left in its extensions by the retry layer, written and read by the
/// balance layer, which prefers others. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Tried(Arc<Mutex<List>>);

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

    /// Remembers an endpoint.
    pub fn add(&self, address: Address, port: u16) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match list.first {
            None => list.first = Some((address, port)),
            Some(_) => list.further.push((address, port)),
        }
    }

    /// Whether nobody was tried yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first.is_none()
    }

    /// Whether an endpoint was tried.
    #[must_use]
    pub fn contains(&self, address: &Address, port: u16) -> bool {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.first.iter().chain(&list.further).any(|(seen, at)| seen == address && *at == port)
    }
}
