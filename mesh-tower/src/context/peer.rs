//! Who sent a request.

use std::net::SocketAddr;

/// The address of the client that a request came from. In every inbound request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);
