//! One request, one decision.

use super::{
    request::RequestView,
    snapshot::{Chosen, Snapshot},
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is forwarded to the target chosen.
    Forward(Chosen),
    /// It is answered by the rule chosen: a redirect or a direct response.
    Answer(Chosen),
    /// It goes where its address says: nobody described its host.
    Pass,
    /// It is refused.
    Refuse(Refusal),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No virtual host for it at this gateway, or no rule that matches.
    NoRoute,
    /// Its host is unknown, and unknown hosts are refused.
    UnknownHost,
    /// The rule's destination does not exist.
    Missing(Missing),
}

/// What a destination lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// No service has that host.
    Service,
    /// No DestinationRule names that subset.
    Subset,
    /// The service has no such port.
    Port,
}

impl Snapshot {
    /// Decides a request. `roll` is any random number; it chooses among weighted destinations.
    #[must_use]
    pub fn decide(&self, request: &RequestView<'_>, roll: u32) -> Decision {
        let _ = (request, roll);
        unimplemented!()
    }
}
