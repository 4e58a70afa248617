//! Who sent a request.

use super::Introduction;
use mesh_core::identity::SpiffeId;
use std::{net::SocketAddr, sync::Arc};

/// The address of the client that a request came from. In every inbound request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// The connection that a request came over. In every inbound request's extensions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Arrival(Arc<Connected>);

#[derive(Debug)]
struct Connected {
    peer: SocketAddr,
    local: SocketAddr,
    is_tls: bool,
    server_name: Option<Box<str>>,
    identity: Option<PeerIdentity>,
    introduction: Option<Introduction>,
}

/// Who is at the other end of a connection, as mutual TLS has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The workload.
    pub id: SpiffeId,
    /// The SHA-256 of its certificate.
    pub certificate_hash: [u8; 32],
}

impl Arrival {
    /// A connection in plain text.
    #[must_use]
    pub fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        Self(Arc::new(Connected {
            peer,
            local,
            is_tls: false,
            server_name: None,
            identity: None,
            introduction: None,
        }))
    }

    /// One over TLS: for which host the client asked, and who it is, where mutual TLS says so.
    #[must_use]
    pub fn over_tls(
        peer: SocketAddr,
        local: SocketAddr,
        server_name: Option<&str>,
        identity: Option<PeerIdentity>,
    ) -> Self {
        let server_name = server_name.map(Into::into);
        Self(Arc::new(Connected { peer, local, is_tls: true, server_name, identity, introduction: None }))
    }

    /// The same, with what its requests say of the certificate at the other end.
    pub(crate) fn introduced(self, introduction: Option<Introduction>) -> Self {
        let Connected { peer, local, is_tls, server_name, identity, .. } = &*self.0;
        let (server_name, identity) = (server_name.clone(), identity.clone());
        Self(Arc::new(Connected {
            introduction,
            peer: *peer,
            local: *local,
            is_tls: *is_tls,
            server_name,
            identity,
        }))
    }

    /// What its requests say of the certificate at the other end; nothing when there is none, or nobody verified it.
    pub(crate) fn introduction(&self) -> Option<&Introduction> {
        self.0.introduction.as_ref()
    }

    /// Whether TLS ended here.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.is_tls
    }

    /// The address at the other end.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// The address that the client connected to.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }

    /// The host that the client asked for in its TLS handshake.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }

    /// Who is at the other end, as mutual TLS has verified.
    #[must_use]
    pub fn identity(&self) -> Option<&PeerIdentity> {
        self.0.identity.as_ref()
    }
}
