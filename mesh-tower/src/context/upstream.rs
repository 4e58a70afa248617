//! The endpoint chosen for one attempt of a request.

use super::{Routed, left};
use http::Extensions;
use mesh_core::{
    identity::ClientHandshake,
    model::{Address, Protocol},
    table::{Backend, BackendEndpoint},
};
use std::fmt;

/// Where one attempt of a request is sent. Left in it by the balance layer for the connection below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// The address.
    pub address: Address,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// How connections there are secured; `None` is in plain text.
    pub tls: Option<ClientHandshake>,
}

impl Upstream {
    /// Where a request is sent, by its extensions.
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

    /// Takes it off a request.
    pub(crate) fn take(extensions: &mut Extensions) -> Option<Self> {
        left::take(extensions)
    }

    /// An endpoint of a backend.
    pub(crate) fn of(backend: &Backend, endpoint: &BackendEndpoint) -> Self {
        Self {
            address: endpoint.address.clone(),
            port: endpoint.port,
            protocol: backend.protocol,
            tls: backend.handshake(endpoint).cloned(),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Ip(ip) => std::net::SocketAddr::from((*ip, self.port)).fmt(f),
            Address::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}
