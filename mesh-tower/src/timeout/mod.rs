//! Bounds the time that a request may take, from its call to the last byte of its response.
//!
//! # What it does
//!
//! Starts a clock when a request has been sent: at its call if its body is complete or there is none, and otherwise when
//! the last of its body has been read, or nobody reads it any more. When the time is over before the response's headers
//! came, the request ends with an [`Error`](crate::Error) of [`Kind::RouteTimeout`](crate::Kind::RouteTimeout); when it is
//! over later, the response's body ends with that error, which resets the stream. Either way the inner service's work is
//! dropped. Below, the moment is known as [`AnswerBy`](crate::AnswerBy).
//!
//! A connection that was upgraded (status 101, or CONNECT) is no response that could be late: it is not cut.
//!
//! A gRPC call that names its own limit in `grpc-timeout` is held to the shorter of the two. A request that names one in
//! `x-envoy-upstream-rq-timeout-ms` has that one, longer or shorter, and none if it is 0; with
//! `x-envoy-upstream-rq-timeout-alt-response` it is answered 204 instead of 504 when it is late. Both headers are taken
//! off, as are `x-envoy-upstream-alt-stat-name` and `x-envoy-decorator-operation`, which name nothing here. At a gateway
//! they are taken off and not heeded.
//!
//! By when a request has to be answered is left in it as [`AnswerBy`](crate::AnswerBy): the retry layer begins nothing that
//! would end later, and tells each endpoint how much time is left. A call that an inbound request causes has to be
//! answered by that request's own deadline too ([`Context`](crate::Context)), counted from nothing but the clock; when
//! that is over already, the call is not begun.
//!
//! # When you want it
//!
//! Around retries, so that all attempts share the time. Below injected faults, whose delay does not count in Istio.
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
//!   - timeout: 3s          # none when absent, or 0s
//!     route: [{destination: {host: product}}]
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is. The clock does not run while somebody waits for readiness.
//!
//! # Cancel safety
//!
//! Dropping the future, or the body, drops the inner one and its timer.
//!
//! # What survives a reload
//!
//! The layer remembers nothing. A request under way keeps its deadline.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_tower::{Body, BoxError, Error, Kind, timeout::TimeoutLayer};
//! use std::{future::pending, time::Duration};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let layer = TimeoutLayer::new(Duration::from_millis(10));
//!
//! let quick = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::from("here"))) });
//! assert!(layer.layer(quick).oneshot(Request::default()).await.is_ok());
//!
//! let stuck = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
//! let late = layer.layer(stuck).oneshot(Request::default()).await.unwrap_err();
//! assert_eq!(late.downcast_ref::<Error>().map(Error::kind), Some(Kind::RouteTimeout));
//! # Ok(())
//! # }
//! ```

mod body;
mod clock;
mod future;
mod headers;
mod layer;
mod policy;
mod service;

pub use body::TimeoutBody;
pub use future::ResponseFuture;
pub use layer::TimeoutLayer;
pub use service::Timeout;
