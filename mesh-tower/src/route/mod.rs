//! Decides, once for each request, where it goes.
//!
//! # What it does
//!
//! Takes the request's table, asks it, and leaves the answer as [`Routed`](crate::Routed) in the request's extensions for
//! the layers below: they read the rule, the backend and the table there and never load another table, so that a
//! request sees the rules of one moment from its first header to its last retry. A request that the rules refuse ends
//! here with an [`Error`](crate::Error).
//!
//! The table is the one pinned by the inbound request that causes this one ([`Context`](crate::Context)), or the newest.
//! A rule's changes of response headers are made to what the mesh itself ends the request with, too.
//! What is forwarded by a rule carries the [`GENERATION_HEADER`](crate::GENERATION_HEADER), by which the next process
//! decides with its table of the same documents. A request to a host that nobody described carries nothing: whoever
//! answers there is no part of the mesh.
//!
//! Among weighted destinations each request gets any, by their weights; with [`RouteLayer::with_sticky`] a user known by a
//! header or a cookie keeps to one, so that who has seen the canary stays on it.
//!
//! # When you want it
//!
//! Always, and above every layer made with `routed()`. Those do nothing without it.
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
//!   - match: [{headers: {x-group: {exact: test}}}]
//!     route: [{destination: {host: product, subset: new}}]
//!   - route:
//!     - {destination: {host: product, subset: old}, weight: 90}
//!     - {destination: {host: product, subset: new}, weight: 10}
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A request that is refused leaves the inner service's readiness unspent; the
//! next call uses it, and a drop gives it back.
//!
//! # Cancel safety
//!
//! Nothing is held but the table and the inner service's future; dropping the future drops both.
//!
//! # What survives a reload
//!
//! Requests under way keep their table. The layer itself remembers nothing.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::{model::{Model, UnknownHosts}, table::Viewpoint, watch};
//! use mesh_tower::{BoxError, Error, Kind, Routed, route::RouteLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (mut publisher, handle) = watch::channel(Viewpoint::default());
//! let inner = service_fn(|request: Request<()>| async move {
//!     assert!(request.extensions().get::<Routed>().is_some());
//!     Ok::<_, BoxError>(Response::new(()))
//! });
//! let client = RouteLayer::new(handle).layer(inner);
//!
//! // Nobody described this host, and unknown hosts may pass.
//! assert!(client.clone().oneshot(Request::get("http://elsewhere/").body(())?).await.is_ok());
//!
//! publisher.publish(&Model { unknown_hosts: UnknownHosts::Refuse, ..Model::default() });
//! let refused = client.oneshot(Request::get("http://elsewhere/").body(())?).await.unwrap_err();
//! assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::UnknownHost));
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;
mod state;
mod sticky;

pub use future::ResponseFuture;
pub use layer::RouteLayer;
pub use service::Route;
pub use sticky::Sticky;
