//! Answers browsers that ask on behalf of pages of other origins, by the rule's CORS policy.
//!
//! # What it does
//!
//! A preflight (`OPTIONS` with `origin` and `access-control-request-method`) from an origin that may ask is answered with
//! 200 and what the page may do; the inner service is not called. Every other request from such an origin is
//! forwarded, and its answer marked with `access-control-allow-origin` and what goes with it, in the place of what the
//! service says itself. A request from an origin that may not ask is forwarded and its answer left alone, as if there
//! were no policy; the browser then keeps the answer from the page. `unmatchedPreflights: IGNORE` answers preflights of
//! such origins with 200 and nothing else.
//!
//! Answers that the mesh gives below this layer, a timeout's 504 for one, are marked too: a page can read why.
//!
//! # When you want it
//!
//! At a gateway that browsers talk to; `corsPolicy` of a VirtualService.
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
//!   - route: [{destination: {host: product}}]
//!     corsPolicy:
//!       allowOrigins: [{exact: https://shop.example.com}]
//!       allowMethods: [GET, POST]
//!       allowHeaders: [content-type]
//!       maxAge: 1h
//! ```
//!
//! Rules that redirect or answer directly have no use for a policy, as in Envoy.
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A preflight answered here leaves that readiness unspent for the next call.
//!
//! # Cancel safety
//!
//! Nothing is held but the inner service's future.
//!
//! # What survives a reload
//!
//! The layer remembers nothing; requests under way keep their table.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::model::{CorsPolicy, TextMatch, UnmatchedPreflights};
//! use mesh_tower::{Body, BoxError, cors::CorsLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let policy = CorsPolicy {
//!     origins: vec![TextMatch::Exact("https://shop.example.com".into())],
//!     methods: Some("GET,POST".parse()?),
//!     headers: None,
//!     exposed: None,
//!     max_age: None,
//!     allows_credentials: false,
//!     unmatched_preflights: UnmatchedPreflights::Forward,
//! };
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
//! let shop = CorsLayer::new(policy).layer(inner);
//!
//! let ask = |origin| Request::get("http://product/").header("origin", origin).body(Body::empty());
//! let granted = shop.clone().oneshot(ask("https://shop.example.com")?).await?;
//! assert_eq!(granted.headers()["access-control-allow-origin"], "https://shop.example.com");
//! let silent = shop.oneshot(ask("https://elsewhere.example.com")?).await?;
//! assert!(!silent.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::CorsLayer;
pub use service::Cors;
