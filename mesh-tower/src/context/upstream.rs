//! The endpoint chosen for one attempt of a request.

use mesh_core::{
    identity::ClientHandshake,
    model::{Address, Protocol},
    table::{Backend, BackendEndpoint},
};
use std::fmt;

/// Where one attempt of a request is sent. Left in its extensions by the balance layer for the connection below.
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
