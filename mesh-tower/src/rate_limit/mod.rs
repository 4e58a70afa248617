//! Keeps a service from more requests than it takes.
//!
//! # What it does
//!
//! Asks every limit that is for a request. Local ones are token buckets in this process: each request takes a token, and
//! one that finds none is refused with an [`Error`](crate::Error) of [`Kind::RateLimited`](crate::Kind::RateLimited).
//! There is one bucket for a limit, or one for each value of what requests have in common: the workload that sent them,
//! their client's address, a header, a claim of their token. Requests that lack it share a bucket, so that nobody gets
//! around a limit by leaving something out. Global limits are kept by a service for all processes together; it is asked by
//! Envoy's protocol, `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`, after every local limit, and what
//! it says of headers and of the body is done. Its descriptors are Envoy's: one that lacks an entry is not sent, and a
//! request without any descriptor is not asked about.
//!
//! Tokens come one after the other, as in Envoy: `tokensPerFill: 10, fillInterval: 1s` is one every 100 ms, and
//! `maxTokens` is how many can have gathered.
//!
//! With `headers: true` every answer tells the scarcest limit in `x-ratelimit-limit`, `-remaining` and `-reset`: how
//! many tokens there may be, how many are left, and in how many seconds there is one again.
//!
//! # When you want it
//!
//! Before a service, so that one caller cannot take the room of all others, and a flood costs next to nothing. Limits of
//! connections and of requests under way are the caller's affair: `connectionPool` of a DestinationRule.
//!
//! # Configuration
//!
//! Istio has no document for it, and leaves people to Envoy's own configuration, so this kind is ours. Its group,
//! `mesh.internal`, is of the domain that is set aside for private use: it is nobody else's, and does not pretend to be
//! Istio's. What it shares with Istio's documents is written as there: `selector` and namespace as in an
//! AuthorizationPolicy, `match` as in a VirtualService. Buckets are named as Envoy names them.
//!
//! ```yaml
//! apiVersion: mesh.internal/v1alpha1
//! kind: RateLimit
//! metadata: {name: product, namespace: shop}   # in the root namespace it is for the whole mesh
//! spec:
//!   selector: {matchLabels: {app: product}}    # default: every workload of the namespace
//!   rules:                                     # a request keeps within each of those that are for it
//!   - name: login                              # for logs
//!     match:                                   # default: every request
//!     - uri: {prefix: /login}
//!       method: {exact: POST}
//!     local:
//!       maxTokens: 10
//!       tokensPerFill: 10                      # default: 1
//!       fillInterval: 60s                      # at least 50ms
//!       per: [remoteAddress]                   # default: all requests share one bucket
//!       maxBuckets: 10000                      # the bucket that was used longest ago makes room
//!     headers: true                            # default: false
//!   - local:
//!       maxTokens: 1000
//!       tokensPerFill: 500
//!       fillInterval: 1s
//!       per: [peer, {header: x-tenant}, {claim: sub}, path, method]
//!     status: 503                              # default: 429
//!     rateLimitedAsResourceExhausted: true     # gRPC calls get 8 and not 14
//!     enforced: {value: 0}                     # default: 100 %; at 0 the limit is only tried, and logged
//!   - global:
//!       service: limits.shop.svc.cluster.local # or namespace/host
//!       port: 8081
//!       domain: shop
//!       descriptors:
//!       - [{key: plan, value: free}, {of: remoteAddress}]
//!       - [{key: user, of: {claim: sub}}]
//!       timeout: 20ms                          # the default
//!       failOpen: true                         # the default, as in Envoy: requests pass when it cannot be asked
//!       hitsAddend: 1                          # for how many a request counts
//! ```
//!
//! The service is called as any other of the mesh, by HTTP/2 (its port's name begins with `grpc`), but without the rules
//! of a VirtualService; a workload that does not see it cannot ask it.
//!
//! # Posture
//!
//! Forward: ready when the inner service is, and a request that no service is asked about goes to it at once. One that a
//! service is asked about chooses later: it waits with a clone that becomes ready after the answer, and the readiness
//! that this instance has serves its next call, as it does when a request is refused.
//!
//! # Cancel safety
//!
//! Dropping the future gives up the question; the request then never reaches the inner service. A token that was taken
//! stays taken.
//!
//! # What survives a reload
//!
//! The buckets of every limit that is written as before. Requests are counted by the newest table, whatever table they
//! keep.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use mesh_core::{
//!     model::{Limit, LimitRule, LocalLimit, Share, TokenBucket},
//!     table::RateLimits,
//! };
//! use mesh_tower::{BoxError, Error, Kind, rate_limit::RateLimitLayer};
//! use std::{num::NonZeroU32, time::Duration};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let one = NonZeroU32::MIN;
//! let bucket = TokenBucket::new(one, one, Duration::from_secs(60));
//! let rule = LimitRule {
//!     name: "once a minute".into(),
//!     blocks: vec![],
//!     limit: Limit::Local(LocalLimit { bucket, per: vec![], most_buckets: one }),
//!     status: StatusCode::TOO_MANY_REQUESTS,
//!     tells: false,
//!     is_resource_exhausted: false,
//!     enforced: Share::ALL,
//! };
//! let inner = service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) });
//! let limited = RateLimitLayer::new(&RateLimits::new([rule])).layer(inner);
//!
//! assert!(limited.clone().oneshot(Request::new(())).await.is_ok());
//! let refused = limited.oneshot(Request::new(())).await.unwrap_err();
//! assert!(matches!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::RateLimited(_))));
//! # Ok(())
//! # }
//! ```

mod bucket;
mod buckets;
mod future;
mod global;
mod layer;
mod messages;
mod policy;
mod service;
mod state;

pub use future::ResponseFuture;
pub use layer::RateLimitLayer;
pub use service::RateLimit;
