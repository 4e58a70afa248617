//! How connections to the endpoints of a backend are secured.

use super::snapshot::{Backend, BackendEndpoint, Snapshot};
use crate::identity::{ClientHandshake, ClientTls};

/// How connections to the endpoints of a backend are secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Secured {
    /// They are not.
    #[default]
    Plain,
    /// All of them in this way, since a DestinationRule says so.
    All(ClientHandshake),
    /// Those to endpoints that take the mesh's mutual TLS, since nobody says otherwise.
    WhereTaken(ClientHandshake),
}

impl Snapshot {
    /// Whether some calls are made over the mesh's mutual TLS, for which a workload must prove who it is.
    #[must_use]
    pub fn calls_in_mesh_tls(&self) -> bool {
        self.backends().any(|backend| match &backend.secured {
            Secured::Plain => false,
            Secured::All(handshake) | Secured::WhereTaken(handshake) => {
                matches!(handshake.tls(), ClientTls::Mesh(_))
            }
        })
    }
}

impl Backend {
    /// How a connection to one of its endpoints is secured; `None` is in plain text.
    #[must_use]
    pub fn handshake(&self, endpoint: &BackendEndpoint) -> Option<&ClientHandshake> {
        match &self.secured {
            Secured::Plain => None,
            Secured::All(handshake) => Some(handshake),
            Secured::WhereTaken(handshake) => Some(handshake).filter(|_| endpoint.takes_mesh_tls),
        }
    }

    /// How one is to an address that a request asks for itself.
    #[must_use]
    pub fn handshake_where_asked(&self) -> Option<&ClientHandshake> {
        match &self.secured {
            Secured::All(handshake) => Some(handshake),
            Secured::Plain | Secured::WhereTaken(_) => None,
        }
    }
}
