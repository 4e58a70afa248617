//! Changes a request before it is forwarded, and its response on the way back.
//!
//! # What it does
//!
//! Makes the changes of the rule that the [`route`](crate::route) layer chose: the path, the authority, then the headers
//! of the rule and its destination; on the response, their changes of response headers. A changed path is remembered in
//! [`ORIGINAL_PATH`], and a changed authority in [`ORIGINAL_HOST`]; it is changed wherever the request names it, in its URI and its Host header, so
//! that it arrives over HTTP/1 and HTTP/2 alike. An absolute URI stays absolute, one of path alone stays that.
//!
//! # When you want it
//!
//! Below everything that must see the request as the application sent it, and above retries, so that a header is added
//! once and not once for each attempt.
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
//!   - match: [{uri: {prefix: /product/}}]
//!     rewrite: {uri: /v2/, authority: catalogue}
//!     headers:
//!       request: {set: {x-from: shop}}
//!       response: {remove: [server]}
//!     route: [{destination: {host: product}}]
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! Nothing is held but the inner service's future and, for its response's sake, the request's table.
//!
//! # What survives a reload
//!
//! The layer remembers nothing; requests under way keep their table.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::model::Rewrite;
//! use mesh_tower::{BoxError, rewrite::{Changes, ORIGINAL_PATH, RewriteLayer}};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let rewrite = Rewrite { path: Some("/new".into()), authority: Some("catalogue".into()), ..Rewrite::default() };
//! let inner = service_fn(|request: Request<()>| async move { Ok::<_, BoxError>(Response::new(request)) });
//! let client = RewriteLayer::new(Changes { rewrite, ..Changes::default() }).layer(inner);
//!
//! let seen = client.oneshot(Request::get("http://product/old?page=2").body(())?).await?.into_body();
//! assert_eq!(seen.uri(), "http://catalogue/new?page=2");
//! assert_eq!(seen.headers()[ORIGINAL_PATH], "/old?page=2");
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::RewriteLayer;
pub use policy::{Changes, ORIGINAL_HOST, ORIGINAL_PATH};
pub use service::Rewrite;
