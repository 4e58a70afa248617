//! What the labels of a request follow from.

use crate::{
    Kind,
    context::Decided,
    event::{Destination, Exchange, Flags, Side, Workload},
};
use mesh_core::{
    identity::SpiffeId,
    table::{Backend, Decision},
};
use rustc_hash::FxBuildHasher;
use std::{hash::BuildHasher, sync::Arc};

/// What a label says that nobody knows.
pub(super) const UNKNOWN: &str = "unknown";

/// What the labels of a request follow from, in numbers: requests of equal keys have equal labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    side: Side,
    is_grpc: bool,
    /// 0 when there was no answer.
    code: u16,
    /// One more than it is; 0 when there is none.
    grpc_status: u32,
    flags: Flags,
    /// A backend's address in memory, or a digest of the host where there is no backend.
    to: u64,
    /// The endpoint's port and address, where its peer did not say who it is.
    endpoint: u64,
    /// The other end's address in memory.
    peer: u64,
    /// A digest of who its certificate says it is.
    principal: u64,
    is_secured: bool,
    /// A digest of the tags that documents make.
    tags: u64,
    /// A digest of the operation; 0 where that is not told.
    operation: u64,
}

/// What a [`Key`] has the addresses of.
pub(super) struct Kept {
    backend: Option<Arc<Backend>>,
    _peer: Option<Arc<Workload>>,
}

impl Key {
    /// `tags` is a digest of those that documents make.
    pub(super) fn of(exchange: &Exchange, tags: u64) -> Self {
        let Exchange { side, is_grpc, .. } = *exchange;
        let destination = exchange.destination.as_ref();
        Self {
            side,
            is_grpc,
            code: exchange.status.map_or(0, |status| status.as_u16()),
            grpc_status: exchange.grpc_status.map_or(0, |status| u32::from(status) + 1),
            flags: exchange.flags,
            to: match (side, &exchange.backend) {
                (Side::Server, _) => 0,
                (Side::Client, Some(backend)) => address(backend),
                (Side::Client, None) => digest(&(route(exchange), host(exchange))),
            },
            endpoint: match (&exchange.peer, destination) {
                (None, Some(Destination { address, port, .. })) => digest(&(address, port)),
                _ => 0,
            },
            peer: exchange.peer.as_ref().map_or(0, address),
            principal: principal(exchange).map_or(0, |principal| digest(principal.as_str())),
            is_secured: is_secured(exchange),
            tags,
            operation: 0,
        }
    }

    /// The same for requests of an operation.
    pub(super) fn asking(self, operation: Option<&str>) -> Self {
        Self { operation: operation.map_or(0, digest), ..self }
    }

    /// The key of all requests of which nothing is known but how they ended.
    pub(super) fn folded(self) -> Self {
        Self { to: 0, endpoint: 0, peer: 0, principal: 0, tags: 0, operation: 0, ..self }
    }
}

impl Kept {
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self { backend: exchange.backend.clone(), _peer: exchange.peer.clone() }
    }

    /// Whether a table still has the backend.
    pub(super) fn is_used_elsewhere(&self) -> bool {
        self.backend.as_ref().is_none_or(|backend| Arc::strong_count(backend) > 1)
    }
}

/// Who the certificate at the other end says it is.
pub(in crate::telemetry) fn principal(exchange: &Exchange) -> Option<&SpiffeId> {
    match exchange.side {
        Side::Client => exchange.destination.as_ref()?.principal.as_ref(),
        Side::Server => Some(&exchange.arrival.as_ref()?.identity()?.id),
    }
}

/// Whether a request came over mutual TLS; of calls that is for the other end to say.
pub(super) fn is_secured(exchange: &Exchange) -> bool {
    exchange.side == Side::Server && principal(exchange).is_some()
}

/// Where a call goes that has no backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// Where its address says.
    Passes,
    /// Nowhere, since its host is unknown.
    Refused,
    /// Nowhere, for another reason.
    Nowhere,
}

pub(super) fn route(exchange: &Exchange) -> Route {
    match exchange.decided.as_ref().map(Decided::decision) {
        Some(Decision::Pass) => Route::Passes,
        _ if exchange.refused == Some(Kind::UnknownHost) => Route::Refused,
        _ => Route::Nowhere,
    }
}

/// The host of a call that has no backend. At a gateway it is whatever strangers say, and nobody's name.
pub(super) fn host(exchange: &Exchange) -> &str {
    if exchange.authority.is_empty() || exchange.is_gateway { UNKNOWN } else { &exchange.authority }
}

fn address<T>(of: &Arc<T>) -> u64 {
    Arc::as_ptr(of) as usize as u64
}

fn digest<T: std::hash::Hash + ?Sized>(of: &T) -> u64 {
    FxBuildHasher.hash_one(of)
}
