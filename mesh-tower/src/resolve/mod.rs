//! Finds the addresses of endpoints that have names.
//!
//! # What it does
//!
//! Where an endpoint of the backend that a request was routed to has a name, all addresses that DNS knows for it take its
//! place, each an endpoint of its own with the name's weight, labels and locality: a ServiceEntry of resolution `DNS`, and
//! any other endpoint with a name. Layers below find them in [`Routed::backend`](crate::Routed::backend): balancing, hashing
//! and outlier detection are for addresses.
//!
//! The endpoint of a ServiceEntry of resolution `DNS_ROUND_ROBIN` stays one, whatever its addresses; each new connection is
//! made to the first that DNS knows then.
//!
//! DNS is asked when the first request to a backend comes; that one waits, as do all that come with it, for at most
//! `connectTimeout`. All later ones find what is known by then: names are kept up to date in the background. Where no name
//! has an address the refusal is [`Kind::NoEndpoint`](crate::Kind::NoEndpoint), as Envoy's is.
//!
//! # When you want it
//!
//! Above a balance layer, wherever documents may name endpoints.
//!
//! # How it is configured
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: ServiceEntry
//! metadata: {name: payments, namespace: shop}
//! spec:
//!   hosts: [payments.example.com]
//!   ports: [{number: 80, name: http, protocol: HTTP}]
//!   resolution: DNS              # or DNS_ROUND_ROBIN
//!   endpoints:                   # without any, the host itself is the name
//!   - {address: eu.payments.example.com, locality: eu}
//!   - {address: us.payments.example.com, locality: us}
//! ```
//!
//! # Posture
//!
//! Forward. A request that waits for DNS goes on with a clone of the inner service, so that nothing is held meanwhile.
//!
//! # Cancel safety
//!
//! Dropping the future stops the waiting alone.
//!
//! # What survives a reload
//!
//! What is known of every name that is still mentioned. An address that DNS no longer knows gets no further request; those
//! under way finish, and its connections close. Nothing is forgotten of the others: their connections, their ejections,
//! their requests under way.

mod future;
mod layer;
mod policy;
mod service;
mod state;

pub use future::ResponseFuture;
pub use layer::ResolveLayer;
pub use service::Resolve;
