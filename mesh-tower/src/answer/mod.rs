//! Answers requests whose rule answers instead of forwarding: redirects and direct responses.
//!
//! # What it does
//!
//! Reads the decision of the [`route`](crate::route) layer. A redirect becomes its status and `location`, a direct
//! response its status and body, with the rule's changes of response headers made; the inner service is not called.
//! A gRPC client gets a direct response as gRPC: HTTP 200 with the `grpc-status` that stands for the status. Everything
//! else is forwarded.
//!
//! # When you want it
//!
//! Below `route`, wherever a VirtualService may say `redirect` or `directResponse`: maintenance pages, moved paths, plain
//! HTTP sent to https.
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
//!   - match: [{uri: {exact: /old}}]
//!     redirect: {uri: /new, redirectCode: 308}
//!   - match: [{uri: {prefix: /closed}}]
//!     directResponse: {status: 503, body: {string: back at nine}}
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A request answered here leaves that readiness unspent for the next call.
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
//! use http::{Request, Response, StatusCode};
//! use mesh_core::{
//!     model::{Action, Attachment, DirectResponse, Export, HostPattern, Line, Model, Route, VirtualService},
//!     table::Viewpoint,
//!     watch,
//! };
//! use mesh_tower::{Body, BoxError, answer::AnswerLayer, route::RouteLayer};
//! use std::sync::Arc;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let closed = Route {
//!     name: "closed".into(),
//!     line: Line::default(),
//!     blocks: vec![],
//!     action: Action::Respond(DirectResponse { status: StatusCode::SERVICE_UNAVAILABLE, body: "back at nine".into() }),
//!     rewrite: Default::default(),
//!     request_headers: Default::default(),
//!     response_headers: Default::default(),
//!     timeout: None,
//!     retries: None,
//!     mirrors: vec![],
//!     cors: None,
//!     injection: Default::default(),
//! };
//! let shop = VirtualService {
//!     namespace: "shop".into(),
//!     name: "shop".into(),
//!     hosts: vec![HostPattern::parse("shop.example.com")?],
//!     attachments: vec![Attachment::Mesh],
//!     export: Export::Everywhere,
//!     routes: vec![Arc::new(closed)],
//!     sealed: Vec::new(),
//! };
//! let (mut publisher, handle) = watch::channel(Viewpoint::default());
//! publisher.publish(&Model { virtual_services: vec![Arc::new(shop)], ..Model::default() });
//!
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
//! let client = ServiceBuilder::new().layer(RouteLayer::new(handle)).layer(AnswerLayer::new()).service(inner);
//!
//! let answered = client.clone().oneshot(Request::get("http://shop.example.com/").body(Body::empty())?).await?;
//! assert_eq!(answered.status(), StatusCode::SERVICE_UNAVAILABLE);
//! let forwarded = client.oneshot(Request::get("http://elsewhere/").body(Body::empty())?).await?;
//! assert_eq!(forwarded.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::AnswerLayer;
pub use service::Answer;
