//! Tells the workload at the other end who this one is, and learns who that one is, as Istio's sidecars do.
//!
//! # What it does
//!
//! Requests to services of the mesh carry `x-envoy-peer-metadata-id`, who the caller is, and `x-envoy-peer-metadata`, what
//! else is known of it: a `google.protobuf.Struct` in base64 with its name, namespace, cluster and labels. Answers to
//! requests that carry them do, too. Each side takes the other's off before the application sees them. What was learnt is
//! [announced](crate::event), so that both ends of a request measure and trace it with the names of both.
//!
//! Nothing is sent to hosts that nobody described: they are not of the mesh, and what we run is not theirs to know.
//!
//! # When you want it
//!
//! Wherever requests are measured: one made with [`MetadataExchangeLayer::client`] below the route layer, one made with
//! [`MetadataExchangeLayer::server`] at the door of a service. [`MetadataExchangeLayer::gateway`] takes both headers off what
//! comes from outside, where nobody is believed about who it is.
//!
//! # Configuration
//!
//! None in documents; who a workload is comes from its own [`Config`](crate::mesh::Config).
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! Nothing happens between the inner future and this one.
//!
//! # What survives a reload
//!
//! Who the peers are: at most 4,096 of them are remembered, so that what each tells is read once. Of those beyond, nothing
//! is known. What a peer tells of itself is believed, as Istio's sidecars believe it; policies never look at it.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_tower::{BoxError, event::Workload, metadata_exchange::MetadataExchangeLayer};
//! use std::sync::Arc;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let own = Arc::new(Workload { name: "product-v1".into(), ..Workload::default() });
//! let app = service_fn(|request: Request<()>| async move {
//!     assert!(!request.headers().contains_key("x-envoy-peer-metadata"));
//!     Ok::<_, BoxError>(Response::new(()))
//! });
//! let server = MetadataExchangeLayer::server(own).layer(app);
//! let request = Request::builder().header("x-envoy-peer-metadata-id", "sidecar~10.0.0.1~a.shop~shop").body(())?;
//! assert!(server.oneshot(request).await?.headers().contains_key("x-envoy-peer-metadata"));
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;
mod state;

pub use future::ResponseFuture;
pub use layer::MetadataExchangeLayer;
pub use service::MetadataExchange;
