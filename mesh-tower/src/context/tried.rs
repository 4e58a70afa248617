//! Where the earlier tries of a request went.

use super::{left, written::Written};
use http::{Extensions, Request};
use mesh_core::model::Address;
use std::sync::{Arc, Mutex, PoisonError};

/// The endpoints that a request has been sent to. Left in it by the retry layer, written and read by the balance layer,
/// which prefers others. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Tried(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    list: Mutex<List>,
    /// Whether endpoints are remembered at all.
    is_blind: bool,
    /// The head of the request as it was first sent.
    head: Option<Written>,
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

    /// The same for a request of which something is kept for further tries; one that does not mind where these go
    /// remembers no endpoint.
    pub(crate) fn keeping<B>(request: &Request<B>, minds: bool) -> Self {
        Self(Arc::new(Shared { is_blind: !minds, head: Written::of(request), ..Shared::default() }))
    }

    /// The head of the request as it was first sent, if it is kept.
    pub(crate) fn head(&self) -> Option<&Written> {
        self.0.head.as_ref()
    }

    /// What was tried of a request, by its extensions; `None` when nobody minds.
    #[must_use]
    pub fn of_request(extensions: &Extensions) -> Option<&Self> {
        left::find(extensions)
    }

    /// Leaves it in a request.
    pub fn leave(self, extensions: &mut Extensions) {
        left::leave(extensions, self);
    }

    /// Remembers an endpoint.
    pub fn add(&self, address: Address, port: u16) {
        if self.0.is_blind {
            return;
        }
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        match list.first {
            None => list.first = Some((address, port)),
            Some(_) => list.further.push((address, port)),
        }
    }

    /// Whether nobody was tried yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).first.is_none()
    }

    /// Whether an endpoint was tried, and another one is preferred.
    #[must_use]
    pub fn contains(&self, address: &Address, port: u16) -> bool {
        let list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.first.iter().chain(&list.further).any(|(seen, at)| seen == address && *at == port)
    }
}
