//! Where the earlier tries of a request went.

use super::{Routed, left, written::Written};
use http::{Extensions, Request};
use mesh_core::model::Address;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// The endpoints that a request has been sent to. Left in it by the retry layer, written and read by the balance layer,
/// which prefers others. Clones share one list.
#[derive(Clone, Debug)]
pub struct Tried(Arc<Shared>);

/// What a request does about endpoints that it was sent to; if nothing, they are not remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// It prefers others.
    pub(crate) avoids_tried: bool,
    /// After every second try it leaves the localities where it was.
    pub(crate) leaves_localities: bool,
}

#[derive(Debug)]
struct Shared {
    list: Mutex<List>,
    /// What is done about it.
    manner: Manner,
    /// The head of the request as it was first sent.
    head: Option<Written>,
    /// Whether a later try has another: it says which try it is.
    is_later: AtomicBool,
}

#[derive(Debug, Default)]
struct List {
    // Apart, because nearly every request has only this one, and needs no allocation for it.
    first: Option<(Address, u16)>,
    further: Vec<(Address, u16)>,
}

impl Manner {
    /// Whether it does anything about them.
    pub(crate) fn minds(self) -> bool {
        self != Self::default()
    }
}

impl Default for Tried {
    fn default() -> Self {
        Self::new()
    }
}

impl Tried {
    /// Nobody was tried yet.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Manner { avoids_tried: true, leaves_localities: false }, None)
    }

    /// Nobody was tried yet; the localities of endpoints that were are left after every second try, and the endpoints
    /// themselves are avoided if `avoids_tried`.
    #[must_use]
    pub fn leaving_localities(avoids_tried: bool) -> Self {
        Self::of(Manner { avoids_tried, leaves_localities: true }, None)
    }

    /// The same for a request of which something is kept for further tries.
    pub(crate) fn keeping<B>(request: &Request<B>, manner: Manner) -> Self {
        Self::of(manner, Written::of(request))
    }

    fn of(manner: Manner, head: Option<Written>) -> Self {
        Self(Arc::new(Shared { list: Mutex::default(), manner, head, is_later: AtomicBool::new(false) }))
    }

    /// The head of the request as it was first sent, if it is kept.
    pub(crate) fn head(&self) -> Option<&Written> {
        self.0.head.as_ref()
    }

    /// The head that is kept is that of the first try alone from now on.
    pub(crate) fn move_on(&self) {
        self.0.is_later.store(true, Relaxed);
    }

    /// Whether the first try is under way, whose head is kept.
    pub(crate) fn is_first(&self) -> bool {
        !self.0.is_later.load(Relaxed)
    }

    /// What was tried of a request, by its extensions; `None` when nobody minds.
    #[must_use]
    pub fn of_request(extensions: &Extensions) -> Option<&Self> {
        left::find(extensions)
    }

    /// The same for whoever has found the decision already.
    pub(crate) fn beside<'a>(routed: Option<&'a Routed>, extensions: &'a Extensions) -> Option<&'a Self> {
        left::find_beside(routed, extensions)
    }

    /// Leaves it in a request.
    pub fn leave(self, extensions: &mut Extensions) {
        left::leave(extensions, self);
    }

    /// Remembers an endpoint.
    pub fn add(&self, address: Address, port: u16) {
        if !self.0.manner.minds() {
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

    /// Whether an endpoint was tried.
    #[must_use]
    pub fn contains(&self, address: &Address, port: u16) -> bool {
        let list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.all().any(|(seen, at)| seen == address && *at == port)
    }

    /// Whether others are preferred to endpoints that were tried.
    pub(crate) fn avoids_tried(&self) -> bool {
        self.0.manner.avoids_tried && !self.is_empty()
    }

    /// Whether the localities of endpoints that were tried are left, once there were two tries.
    pub(crate) fn leaves_localities(&self) -> bool {
        let list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.manner.leaves_localities && !list.further.is_empty()
    }

    /// Something of each endpoint that was tried, in the order of the tries, as far as there is something.
    pub(crate) fn filter_map<T>(&self, of: impl Fn(&Address, u16) -> Option<T>) -> Vec<T> {
        let list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.all().filter_map(|(address, port)| of(address, *port)).collect()
    }
}

impl List {
    fn all(&self) -> impl Iterator<Item = &(Address, u16)> {
        self.first.iter().chain(&self.further)
    }
}
