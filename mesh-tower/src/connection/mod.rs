//! Sends a request to the endpoint that was chosen, over a connection that is kept for the next one.
//!
//! **What it does.** Takes the [`Upstream`](crate::balance::Upstream) from the request's extensions. HTTP/1.1
//! connections carry one request at a time and go back to their endpoint's pool when the response has been read to its
//! end; an HTTP/2 connection is shared by all requests to its endpoint. A connection that the server closed while it lay
//! idle is not noticed by the caller: a request of which no byte was sent takes another one.
//!
//! **When you want it.** At the bottom of an outbound stack.
//!
//! **How it is configured.** The protocol comes from the service's port: its name (`http`, `http2`, `grpc`, …) or
//! `appProtocol`; a port that tells nothing gets HTTP of the version that the request came with. Connecting may take
//! 10 s, Istio's default `connectTimeout`; a connection may lie idle for an hour, Istio's default `idleTimeout`.
//!
//! **Posture.** Always ready: there is no limit on connections yet.
//!
//! **Cancel safety.** Dropping the future or the response body before the end closes an HTTP/1.1 connection, and resets
//! one stream of an HTTP/2 connection.
//!
//! **What survives a reload.** Every connection to an endpoint that still exists.
//!
//! Nothing is buffered: bodies, trailers and upgrades pass as they come.

mod connect;
mod head;
mod lease;
mod pool;
mod service;

pub(crate) use head::{remove_hop_by_hop, tokens, without_credentials};
pub use lease::Leased;
pub use service::Connection;
