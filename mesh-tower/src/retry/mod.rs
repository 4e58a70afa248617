//! Tries a request again that failed, on another endpoint if there is one.
//!
//! # What it does
//!
//! Judges how each try ended, as Envoy does: by the status, by gRPC's status in the headers of an answer without a body,
//! or by the [`Kind`](crate::Kind) of the mesh's own error if there is no answer. If the policy asks for it, the try's
//! stream is dropped and another try follows after a short random wait; else the outcome is the caller's. An answer that
//! has been handed over is never taken back.
//!
//! | `retryOn` | is tried again |
//! |---|---|
//! | `5xx` | an answer of 5xx, or none at all |
//! | `gateway-error` | an answer of 502, 503 or 504, or none at all |
//! | `reset` | no answer |
//! | `reset-before-request` | no answer, and nothing of the request was sent |
//! | `connect-failure` | no connection |
//! | `refused-stream` | an HTTP/2 endpoint that refused to look at the request, by a reset or by GOAWAY |
//! | `retriable-4xx` | an answer of 409 |
//! | `retriable-status-codes`, or a number | an answer with a listed status |
//! | `cancelled`, `deadline-exceeded`, `internal`, `resource-exhausted`, `unavailable` | a gRPC status in headers |
//! | `retriable-headers` | an answer with a header that the request lists in `x-envoy-retriable-header-names` |
//! | `envoy-ratelimited` | an answer with `x-envoy-ratelimited`, which is never tried again otherwise |
//!
//! *No answer* is a connection that could not be made or that ended, a stream that was reset, and a try that took longer
//! than `perTryTimeout`. That time runs from the last byte of the request's body, and from the start for a request
//! without a body; it is ignored unless it is shorter than the time of the request. When no try is left the request ends
//! with [`Kind::PerTryTimeout`](crate::Kind::PerTryTimeout). A destination without endpoints is not tried again. Each try
//! says in [`AnswerBy`](crate::AnswerBy) when its time is over, so that an endpoint which hangs is known for one.
//!
//! - **Waits**: before the n-th retry any time below (2ⁿ - 1) · `backoff`, and below ten times `backoff`. With
//!   [`heed_rate_limits`](RetryLayer::heed_rate_limits), as long as the answer asks for.
//! - **Deadlines**: nothing begins after the moment that [`AnswerBy`](crate::AnswerBy) names, nor a wait that would end
//!   later: the outcome that is there is the caller's, sooner than it would be late.
//! - **Endpoints**: each try is routed to an endpoint anew; [`Tried`](crate::Tried) tells the balance layer which ones to
//!   avoid. Not for endpoints that are chosen by a hash, unless `retryIgnorePreviousHosts` asks for it. With
//!   `retryRemoteLocalities` every second try leaves the localities where the request was.
//! - **Limits**: a backend has at most `maxRetries` retries under way at once, waits included, or with a `retryBudget`
//!   a share of the requests under way to it. When there is no room, the outcome that was there is the caller's.
//! - **Bodies** are sent as they come and kept meanwhile, trailers too, up to 1 MiB. A request with more is sent once. A
//!   try that follows before the body is complete sends what was kept, then the rest as it comes.
//! - **Headers**: each try says its number in `x-envoy-attempt-count`, from 1, and one that follows a try which took too
//!   long says `x-envoy-is-timeout-retry: true`. Where there is a limit of time, each try says how many milliseconds it has
//!   left in `x-envoy-expected-rq-timeout-ms`, and a gRPC call in `grpc-timeout` too. A request may itself ask for more, by `x-envoy-retry-on`,
//!   `x-envoy-retry-grpc-on`, `x-envoy-max-retries`, `x-envoy-retriable-status-codes`, `x-envoy-retriable-header-names`
//!   and `x-envoy-upstream-rq-per-try-timeout-ms`; they are taken off. At a gateway they are taken off and not heeded: a
//!   stranger could multiply the load of the services behind it.
//!
//! # When you want it
//!
//! Around the choice of an endpoint, below the route's timeout, which bounds all tries together, and below header changes
//! of the rule, so that the endpoint's own answer is judged and the rule may set the headers above. Beyond Envoy,
//! [`only_idempotent`](RetryLayer::only_idempotent) never does twice what must be done once.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: VirtualService
//! metadata: {name: product, namespace: shop}
//! spec:
//!   hosts: [product]
//!   http:
//!   - timeout: 3s
//!     retries: {attempts: 3, perTryTimeout: 500ms, retryOn: 'connect-failure,refused-stream,503', backoff: 25ms}
//!     route: [{destination: {host: product}}]
//! ---
//! apiVersion: networking.istio.io/v1
//! kind: DestinationRule
//! metadata: {name: product, namespace: shop}
//! spec:
//!   host: product
//!   trafficPolicy: {connectionPool: {http: {maxRetries: 10}}}   # or retryBudget: {percent: 20, minRetryConcurrency: 3}
//! ```
//!
//! A rule that says nothing has the `defaultHttpRetryPolicy` of the MeshConfig, and without one
//! [`RetryPolicy::default`](mesh_core::model::RetryPolicy); `attempts: 0` turns retries off.
//! A budget counts the requests of the moment; its `interval` is not looked at.
//!
//! # Posture
//!
//! Forward for the first try: ready when the inner service is. Further tries choose later: each goes to a clone of the
//! inner service, which becomes ready after the wait, so that no permit sleeps with it.
//!
//! # Cancel safety
//!
//! Dropping the future drops the try or the wait, and gives its share of the limits back. A response's body counts as a
//! request under way until its end, or until it is dropped.
//!
//! # What survives a reload
//!
//! The counts of every backend that still exists. A request under way keeps its policy.
//!
//! # What it costs
//!
//! A request that is never tried again, as with `attempts: 0`, passes without an allocation but for the room of
//! `x-envoy-attempt-count`. Any other has one for its future, and one for a copy of its headers, because they are gone
//! with the first try. With a choice of endpoints there are those of `Tried`, and those of a copy of its extensions if it
//! has others than [`Routed`](crate::Routed). A retry has some more: for its wait, and for its headers. A body that was
//! complete when the request was made costs nothing; one that streams costs two, and the list of its frames, which share
//! their bytes with what was sent.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::model::{Retriable, RetryOn, RetryPolicy};
//! use mesh_tower::{Body, BoxError, retry::RetryLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // Answers 503 until it is tried for the third time.
//! let weak = service_fn(|request: Request<Body>| async move {
//!     let is_third = request.headers()["x-envoy-attempt-count"] == "3";
//!     let status = if is_third { 200 } else { 503 };
//!     Ok::<_, BoxError>(Response::builder().status(status).body(Body::empty())?)
//! });
//! let on = RetryOn::NONE.with(Retriable::GatewayError);
//!
//! let twice = RetryLayer::new(RetryPolicy { attempts: 2, on, ..RetryPolicy::default() });
//! assert_eq!(twice.layer(weak).oneshot(Request::default()).await?.status(), 200);
//!
//! let once = RetryLayer::new(RetryPolicy { attempts: 1, on, ..RetryPolicy::default() });
//! assert_eq!(once.layer(weak).oneshot(Request::default()).await?.status(), 503);
//! # Ok(())
//! # }
//! ```

mod attempts;
mod body;
mod future;
mod headers;
mod layer;
mod policy;
mod service;
mod state;
mod wait;

pub use body::CountedBody;
pub use future::ResponseFuture;
pub use layer::RetryLayer;
pub use service::Retry;
