//! Turns the mesh's refusals into answers: the only room that knows their status codes.
//!
//! # What it does
//!
//! An [`Error`](crate::Error) of the mesh becomes the response that Envoy would give, with the same status and body, so
//! that clients, dashboards and habits need not change. A gRPC call gets it in gRPC's own terms (HTTP 200 and a
//! `grpc-status`), HEAD gets no body. Errors that are not the mesh's pass as they are.
//!
//! | what happened | HTTP | flag | body |
//! |---|---|---|---|
//! | the path cannot be read | 400 | - | |
//! | a policy does not allow it | 403 | - | `RBAC: access denied` |
//! | no route | 404 | NR | |
//! | unknown host, and unknown hosts are refused | 502 | - | |
//! | the destination does not exist | 503 | NC | |
//! | the destination has no endpoint | 503 | UH | `no healthy upstream` |
//! | too many requests to the destination | 503, `x-envoy-overloaded: true` | UO | `upstream connect error or disconnect/reset before headers. reset reason: overflow` |
//! | no connection | 503 | UF | `upstream connect error or disconnect/reset before headers. reset reason: …` |
//! | the connection was closed | 503 | UC | the same |
//! | the stream was reset | 503 | UR | the same |
//! | the endpoint broke the protocol | 502 | UPE | the same |
//! | the route's timeout | 504 | UT | `upstream request timeout` |
//! | the last try's timeout | 504 | UT | the same |
//! | an injected error | as configured | FI | `fault filter abort` |
//! | more requests than the workload takes | 429, `x-envoy-ratelimited: true` | RL | `local_rate_limited`; nothing when a service has counted |
//! | that service could not be asked | 500 | RLSE | |
//! | the authorization service said no | 403, or as it says | UAEX | as it says |
//! | that service could not be asked | 403, or as configured | UAEX | |
//! | that service's answer makes no sense | 500 | UAEX | |
//! | that service is unknown | 403 | UAEX | `RBAC: access denied` |
//! | more of a body than that service is told | 413 | - | `Payload Too Large` |
//!
//! After retries the reason begins with `retried and the latest reset reason`, and the flag with `URX` if no try was left.
//!
//! The answer carries [`Refused`] in its extensions, for logs and metrics, and is logged once, at level INFO.
//!
//! # When you want it
//!
//! Outermost, where a request enters: in a client whose application expects answers and not errors, and at a gateway.
//! Leave it out to handle [`Error`](crate::Error)s yourself.
//!
//! # Configuration
//!
//! [`RespondLayer::explaining`]: whether an answer says why in [`EXPLAIN`] (`x-mesh-explain: UF upstream_reset_before_…`) to
//! a request that has this header. [`Config::explains_refusals`](crate::mesh::Config::explains_refusals) and `MESH_EXPLAIN=on`
//! set it for all of a process. Default: off.
//!
//! # Posture
//!
//! Forward: ready when the inner service is. An error of that readiness passes as it is: there is no request yet that it
//! could answer.
//!
//! # Cancel safety
//!
//! Nothing is held but the inner service's future.
//!
//! # What survives a reload
//!
//! The layer remembers nothing.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use mesh_tower::{Body, BoxError, Error, Kind, respond::{Refused, RespondLayer}};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let refuses = service_fn(|_: Request<Body>| async {
//!     Err::<Response<Body>, BoxError>(Error::new(Kind::NoEndpoint).into())
//! });
//! let answer = RespondLayer::new().layer(refuses).oneshot(Request::default()).await?;
//! assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
//! assert_eq!(answer.extensions().get::<Refused>().map(|refused| refused.flag), Some("UH"));
//!
//! let breaks = service_fn(|_: Request<Body>| async { Err::<Response<Body>, BoxError>("broken".into()) });
//! let error = RespondLayer::new().layer(breaks).oneshot(Request::default()).await.unwrap_err();
//! assert_eq!(error.to_string(), "broken");
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod log;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::{EXPLAIN, RespondLayer};
pub use policy::Refused;
pub use service::Respond;
