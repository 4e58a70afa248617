//! Sends a request that is not answered soon once more, and takes the answer that comes first.
//!
//! # What it does
//!
//! Waits for the answer's headers. When they have not come in time, the same request is sent once more while the first
//! try goes on; the first good answer is the caller's, and all other tries are dropped, which resets their streams. An
//! answer that has been handed over is never taken back.
//!
//! An answer is *good* unless it is 5xx, or a gRPC status in its headers that a retry could mend (cancelled, deadline
//! exceeded, resource exhausted, internal, unavailable). One that is not good, or an error, counts when no other try is
//! left; it starts none, which is what [`retry`](crate::retry) is for.
//!
//! - **What is sent twice**: requests whose method is idempotent, or which have an `idempotency-key` header, because both
//!   tries may be carried out. Never one that asks to leave HTTP, with CONNECT or `Upgrade`.
//! - **Bodies** are sent as they come and kept meanwhile, up to 1 MiB. The wait starts when all of the body has been sent;
//!   a request with more is sent once.
//! - **Endpoints**: a hedge is sent through a clone of the inner service, so that a [`balance`](crate::balance) layer below
//!   chooses anew; [`Tried`](crate::Tried) tells it which endpoints to avoid.
//! - **Limits**: one hedge a request, and at most a fifth as many hedges at once as requests wait for their answer, but
//!   three at least; see [`Budget`]. A hedge for which there is no room is left out.
//!
//! # When you want it
//!
//! Where most answers are quick and a few are slow for no reason of their own: a collection of garbage, a lost packet, a
//! busy machine. Around reads of services with several endpoints. No document of Istio's asks for hedging; it is Envoy's
//! `hedge_on_per_try_timeout`.
//!
//! # How it is configured
//!
//! In code alone: around a mesh's client, or any tower service of requests with a [`Body`](crate::Body).
//!
//! ```no_run
//! # async fn read(mesh: mesh_tower::Mesh) -> Result<(), mesh_tower::BoxError> {
//! use http::Request;
//! use mesh_tower::{Body, hedge::HedgeLayer};
//! use std::time::Duration;
//! use tower::{Layer, ServiceExt};
//!
//! let client = HedgeLayer::after(Duration::from_millis(50)).layer(mesh.client());
//! let reply = client.oneshot(Request::get("http://product/product/1").body(Body::empty())?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Posture
//!
//! Forward for the first try: ready when the inner service is. Hedges choose later: each goes to a clone of the inner
//! service, which becomes ready after the wait.
//!
//! # Cancel safety
//!
//! Dropping the future drops all tries, and gives their share of the budget back.
//!
//! # What survives a reload
//!
//! The layer follows no documents. All its services share its counts.
//!
//! # What it costs
//!
//! A request that is never sent twice passes without an allocation. Any other has one for its future, and those of a copy
//! of its headers and extensions; a body that streams costs two, and the list of its frames, which share their bytes with
//! what was sent.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_tower::{Body, BoxError, hedge::HedgeLayer};
//! use std::{sync::{Arc, atomic::{AtomicU32, Ordering}}, time::Duration};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let tries = Arc::new(AtomicU32::new(0));
//! let count = Arc::clone(&tries);
//! // The first try of all is never answered.
//! let hangs_once = service_fn(move |_: Request<Body>| {
//!     let is_first = count.fetch_add(1, Ordering::Relaxed) == 0;
//!     async move {
//!         if is_first {
//!             std::future::pending::<()>().await;
//!         }
//!         Ok::<_, BoxError>(Response::new(Body::empty()))
//!     }
//! });
//! let client = HedgeLayer::after(Duration::from_millis(1)).layer(hangs_once);
//!
//! assert_eq!(client.clone().oneshot(Request::default()).await?.status(), 200);
//! assert_eq!(tries.load(Ordering::Relaxed), 2);
//!
//! // One that is quick is sent once.
//! client.oneshot(Request::default()).await?;
//! assert_eq!(tries.load(Ordering::Relaxed), 3);
//! # Ok(())
//! # }
//! ```

mod attempts;
mod future;
mod layer;
mod policy;
mod service;
mod state;

pub use future::ResponseFuture;
pub use layer::HedgeLayer;
pub use policy::Budget;
pub use service::Hedge;
