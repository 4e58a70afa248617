//! Reads a request's path and host in one way only, before anybody looks at them.
//!
//! # What it does
//!
//! Puts the path in the form that the mesh asks for: dot segments are resolved, `\` becomes `/`, needless escapes go, and
//! slashes are merged and decoded if that is asked for, too. The rules that look at the path, and the application behind
//! them, see the same one, so that no other spelling of a path walks around a rule. A path that nobody can read ends with
//! an [`Error`](crate::Error) of [`Kind::InvalidPath`](crate::Kind::InvalidPath), a 400.
//!
//! A request whose address names a host and whose header names another is one to the host of its address, and its header
//! says so from then on. One that has several Host headers ends with [`Kind::InvalidHost`](crate::Kind::InvalidHost).
//!
//! # When you want it
//!
//! At the door of every service and gateway, above all layers that look at either. The paths of a service's calls are read
//! so by the [`route`](crate::route) layer.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata: {name: istio, namespace: istio-system}
//! data:
//!   mesh: |-
//!     pathNormalization: {normalization: MERGE_SLASHES}
//! ```
//!
//! | normalization | `/a/../b` | `/a//b` | `/a%2Fb` |
//! |---|---|---|---|
//! | NONE | as it is | as it is | as it is |
//! | BASE, the default | `/b` | as it is | as it is |
//! | MERGE_SLASHES | `/b` | `/a/b` | as it is |
//! | DECODE_AND_MERGE_SLASHES | `/b` | `/a/b` | `/a/b` |
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A refused request leaves that readiness unspent for the next call.
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
//! use http::{Request, Response};
//! use mesh_core::{model::{Model, PathNormalization}, table::Viewpoint, watch};
//! use mesh_tower::{BoxError, Error, Kind, normalize::NormalizeLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let app = service_fn(|request: Request<()>| async move {
//!     Ok::<_, BoxError>(Response::new(request.uri().path().to_owned()))
//! });
//! let (mut publisher, handle) = watch::channel(Viewpoint::default());
//! publisher.publish(&Model { path_normalization: PathNormalization::MergeSlashes, ..Model::default() });
//! let server = NormalizeLayer::new(handle).layer(app);
//!
//! let request = Request::get("/public/..//admin").body(())?;
//! assert_eq!(server.clone().oneshot(request).await?.into_body(), "/admin");
//! let refused = server.oneshot(Request::get("/admin%00").body(())?).await.unwrap_err();
//! assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::InvalidPath));
//! # Ok(())
//! # }
//! ```

mod layer;
mod policy;
mod service;

pub use crate::passing::ResponseFuture;
pub use layer::NormalizeLayer;
pub use service::Normalize;
