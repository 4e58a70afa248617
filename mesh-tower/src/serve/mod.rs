//! Serves a tower service over connections, HTTP/1.1 and HTTP/2 alike, and drains on demand.
//!
//! Upgrades and trailers pass. A request's head may have 100 headers and 60 KiB, Istio's limits; beyond them the answer
//! is 431. An HTTP/1.1 client has 60 s for the head of its next request; then its connection closes. One of HTTP/2 has as
//! much for its first request, and from then on an hour between two, or somewhat longer; then it is told to go away, and
//! what is under way ends as it will. It may have 200 requests under way, and is asked every five minutes whether it is still
//! there. Nothing is buffered. Who is at the other end of a request's connection is in its extensions:
//! [`Arrival`](crate::Arrival).

mod connection;
mod drain;
mod idle;
mod listen;
mod places;
mod stuck;

pub use crate::context::PeerAddress;
pub use drain::Drain;
pub(crate) use listen::{Accept, Accepted, Requests, serve};
pub(crate) use places::Places;
