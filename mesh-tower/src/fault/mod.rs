//! Injects faults on purpose: a delay, an error, or one after the other.
//!
//! # What it does
//!
//! Rolls two dice for each request. The first may hold it back for a while, the second may end it with an
//! [`Error`](crate::Error) of [`Kind::Aborted`](crate::Kind::Aborted); a request that meets both is delayed, then ended.
//! A request that is ended never reaches the inner service.
//!
//! # When you want it
//!
//! To see how callers bear a slow or broken service, without breaking it. As in Istio it belongs above timeouts and
//! retries: a delay does not count towards the route's timeout, and an injected error is not retried. Below retries each
//! try rolls its own dice, which shows whether timeouts and retries do what they are there for; in a
//! [`Mesh`](crate::Mesh), [`Config::faults_per_try`](crate::mesh::Config::faults_per_try) moves it there.
//! [Seeded dice](FaultLayer::with_dice) choose the same requests in every run.
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
//!   - fault:
//!       delay: {percentage: {value: 20}, fixedDelay: 3s}
//!       abort: {percentage: {value: 20}, httpStatus: 500}
//!     route: [{destination: {host: product}}]
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is, and an undelayed request goes to that service. A delayed one chooses later:
//! it waits with a clone that becomes ready after the delay, so that no permit sleeps with it; the readiness that this
//! instance has serves its next call, as it does when a request is ended.
//!
//! # Cancel safety
//!
//! Dropping the future ends the delay; the request then never reaches the inner service.
//!
//! # What survives a reload
//!
//! The layer remembers nothing. A request under way keeps its table, and with it its faults.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use mesh_core::model::{Abort, AbortStatus, Injection, Share};
//! use mesh_tower::{BoxError, Error, Kind, fault::FaultLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let inner = service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) });
//! let status = AbortStatus::Http(StatusCode::IM_A_TEAPOT);
//! let abort = |share| Injection { delay: None, abort: Some(Abort { status, share }) };
//!
//! let broken = FaultLayer::new(abort(Share::ALL)).layer(inner);
//! let refused = broken.oneshot(Request::new(())).await.unwrap_err();
//! assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::Aborted(status)));
//!
//! let sound = FaultLayer::new(abort(Share::NONE)).layer(inner);
//! assert!(sound.oneshot(Request::new(())).await.is_ok());
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::FaultLayer;
pub use service::Fault;
