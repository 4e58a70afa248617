//! Who may connect to workloads, and what may be asked of them.

mod peer_authentication;

pub use peer_authentication::{PeerAuthentication, TlsDemand};

use std::sync::Arc;

/// What all documents say about the requests that come to workloads, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Whether workloads are reached by mutual TLS.
    pub peers: Vec<Arc<PeerAuthentication>>,
}
