//! Serves a tower service over connections, HTTP/1.1 and HTTP/2 alike, and drains on demand.
//!
//! Upgrades and trailers pass. A request's head may have 100 headers and 60 KiB, Istio's limits; beyond them the answer
//! is 431. A client has 30 s for the head of a request. Nothing is buffered.

mod connection;
mod drain;
mod listen;

pub use drain::Drain;
pub use listen::PeerAddress;
pub(crate) use listen::{Accept, Plain, serve};
