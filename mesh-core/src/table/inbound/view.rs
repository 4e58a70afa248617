//! A request to a workload, or a connection, as far as policies look at it.

use crate::{
    identity::{Claims, SpiffeId},
    table::RequestView,
};
use std::net::IpAddr;

/// A borrowed view of what came to a workload.
#[derive(Clone, Copy, Debug)]
pub struct InboundView<'a> {
    /// The address at the other end of the connection.
    pub source: Option<IpAddr>,
    /// The address of the client before all proxies that are trusted; that of `source` when there is none.
    pub remote: Option<IpAddr>,
    /// The workload's own address.
    pub destination: Option<IpAddr>,
    /// The workload's own port.
    pub port: u16,
    /// The server's name that the client asked for in its TLS handshake.
    pub server_name: Option<&'a str>,
    /// Who is at the other end, as mutual TLS has verified.
    pub peer: Option<&'a SpiffeId>,
    /// What the request's verified token says.
    pub claims: Option<&'a Claims>,
    /// The request; none where a connection is not HTTP.
    pub request: Option<RequestView<'a>>,
}
