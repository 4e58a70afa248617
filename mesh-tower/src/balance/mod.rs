//! Chooses one endpoint of the backend that a request was routed to.
//!
//! # What it does
//!
//! Takes the backend from [`Routed`](crate::Routed) and leaves an [`Upstream`] in the request's extensions. A request that
//! goes where its address says gets that address, be it that nobody described its host, that a ServiceEntry's resolution
//! asks for it or that the algorithm is `PASSTHROUGH`.
//!
//! | algorithm | who gets a request |
//! |---|---|
//! | `LEAST_REQUEST`, the default | of two random endpoints the one with fewer requests under way; where weights differ, each gets its weight divided by one more than its requests under way |
//! | `ROUND_ROBIN` | one after the other, each as often as its weight |
//! | `RANDOM` | anybody, whatever its weight |
//! | `consistentHash` | always the same one for equal requests, by a ring of hashes or by Maglev's table, both with xxHash64 as in Envoy |
//!
//! A request that carries [`Tried`](crate::Tried) gets an endpoint that it has not tried, as long as there is one that may
//! be used; the one it gets is added. Where it says so, every second try leaves the levels of nearness that were tried, as
//! long as any other has somebody healthy.
//!
//! A request is under way until its response's body has ended. What has nothing to hash gets anybody. A call of this
//! process itself has no source address that could be hashed: all of them keep to one endpoint. A cookie that has a `ttl`
//! and is missing is made, and handed to the client in `set-cookie`.
//!
//! **Near endpoints come first** where the backend has `outlierDetection`, as in Istio: those of the client's own subzone,
//! then of its zone, its region, all others; a `localityLbSetting` says what else is near, or how requests are spread
//! over localities. Where the client is follows from its labels, or from [`BalanceLayer::with_locality`]. Health counts
//! 1.4 times: farther endpoints get the requests for which, so counted, too few of the nearer ones are left, and
//! ejections do not count where fewer than `minHealthPercent` are healthy and no other level can help. All of this is worked
//! out when endpoints or ejections change, not for each request. Endpoints without a locality are near to clients without.
//!
//! A Service's `trafficDistribution` prefers its clients' own zone or node, with or without `outlierDetection`; whose node
//! that is says the label `kubernetes.io/hostname`. A `zoneAwareLbSetting` keeps clients in their zone, with or without it
//! too, as far as the zone's share of endpoints is as large as its share of clients; what goes farther goes where endpoints
//! are left over, and other regions come after the own one. Where the clients are is known by the Service that selects this
//! process; where none does, or all of them are in one zone, all zones of the region are alike.
//!
//! Extensions, which Istio does not have, are the layer's: [`BalanceLayer::with_endpoint_limit`] bounds the requests at each
//! endpoint, [`BalanceLayer::with_bounded_load`] has `consistentHash` pass over endpoints that are too busy, and
//! [`BalanceLayer::with_peak_ewma`] has `LEAST_REQUEST` weigh requests under way by how long each endpoint takes to answer.
//!
//! # When you want it
//!
//! Whenever requests are routed; the connection layer below needs to know whom to connect to.
//!
//! # Configuration
//!
//! Endpoints come from `Service` with `EndpointSlice` or `WorkloadEntry`, and from `ServiceEntry`.
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: DestinationRule
//! metadata: {name: product, namespace: shop}
//! spec:
//!   host: product
//!   trafficPolicy:
//!     loadBalancer:
//!       simple: ROUND_ROBIN
//!       warmup: {duration: 60s}   # a new endpoint begins with 10 % of its share
//!       localityLbSetting:
//!         failover: [{from: eu, to: us}]
//!     outlierDetection: {}        # without it there is no failover
//! ```
//!
//! # Posture
//!
//! Forward: the choice is made in `call`, readiness is the inner service's.
//!
//! # Cancel safety
//!
//! A request that is dropped, or whose body is, is no longer under way.
//!
//! # What survives a reload
//!
//! Of every endpoint that still exists, its requests under way and its age; of every backend its turn, and its table of
//! hashes unless its endpoints or its algorithm changed.

mod body;
mod bound;
mod fleet;
mod future;
mod hash;
mod latency;
mod layer;
mod least_request;
mod load;
mod maglev;
mod moment;
mod near;
mod outlook;
mod policy;
mod random;
mod ring;
mod round_robin;
mod service;
#[cfg(test)]
mod spread;
mod state;
mod tier;
mod warmup;
mod zones;

pub use body::BalanceBody;
pub use future::ResponseFuture;
pub use layer::BalanceLayer;
pub use service::Balance;

pub use crate::context::Upstream;
