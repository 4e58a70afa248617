//! Where the earlier tries of a request went.

use mesh_core::model::Address;
use std::sync::{Arc, Mutex, PoisonError};

/// The endpoints that a request has been sent to. Left in its extensions by the retry layer, written and read by the
/// balance layer, which prefers others. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Tried(Arc<Mutex<Vec<(Address, u16)>>>);

impl Tried {
    /// Nobody was tried yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers an endpoint.
    pub fn add(&self, address: Address, port: u16) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((address, port));
    }

    /// Whether an endpoint was tried.
    #[must_use]
    pub fn contains(&self, address: &Address, port: u16) -> bool {
        let tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.iter().any(|(seen, at)| seen == address && *at == port)
    }
}
