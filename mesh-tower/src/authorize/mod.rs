//! Lets a request pass, or not, as AuthorizationPolicies say.
//!
//! # What it does
//!
//! Looks at each request with the policies that are for this workload: who is at the other end
//! ([`Arrival`](crate::Arrival)), whose token it carries ([`Token`](crate::Token)), and what it asks for. One that is not
//! allowed ends with an [`Error`](crate::Error) of [`Kind::AccessDenied`](crate::Kind::AccessDenied), which the
//! [`respond`](crate::respond) layer answers with 403 and `RBAC: access denied`, or gRPC's `PERMISSION_DENIED`. Which policy
//! and which rule said so is in the error's source, in Envoy's words, and so in the log; the caller is not told.
//!
//! Policies that audit, and those that are only tried (`istio.io/dry-run`), change nothing; what they say is logged.
//! Those that ask somebody else (`CUSTOM`) are not looked at here.
//!
//! # When you want it
//!
//! In every service, below whatever finds out who is calling, and at gateways before they route.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: security.istio.io/v1
//! kind: AuthorizationPolicy
//! metadata: {name: product, namespace: shop}
//! spec:
//!   selector: {matchLabels: {app: product}}
//!   rules:
//!   - from: [{source: {namespaces: [shop]}}]
//!     to: [{operation: {methods: [GET], paths: [/product/*]}}]
//! ```
//!
//! The address of a client behind proxies is that of `x-forwarded-for`, as far as
//! `defaultConfig.gatewayTopology.numTrustedProxies` of the MeshConfig believes them; by default it is the connection's.
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
//! The layer remembers nothing. Each request is looked at with the newest policies, even one that is pinned to an older
//! table: its caller chose that one, and nobody chooses the policies that they are judged by.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::{
//!     model::{AuthorizationAction, AuthorizationPolicy, Labels, Model},
//!     table::Viewpoint,
//!     watch,
//! };
//! use mesh_tower::{BoxError, Error, Kind, authorize::AuthorizeLayer};
//! use std::sync::Arc;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let app = service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) });
//! let (mut publisher, handle) = watch::channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
//! let server = AuthorizeLayer::inbound(handle).layer(app);
//! assert!(server.clone().oneshot(Request::new(())).await.is_ok());
//!
//! // A policy that allows nothing in particular allows nothing.
//! let mut model = Model::default();
//! model.security.authorization.push(Arc::new(AuthorizationPolicy {
//!     namespace: "shop".into(),
//!     name: "nothing".into(),
//!     workloads: Labels::new(),
//!     action: AuthorizationAction::Allow,
//!     is_dry_run: false,
//!     rules: vec![],
//! }));
//! publisher.publish(&model);
//! let refused = server.oneshot(Request::new(())).await.unwrap_err();
//! assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::AccessDenied));
//! # Ok(())
//! # }
//! ```

mod layer;
mod policy;
mod service;

pub use crate::passing::ResponseFuture;
pub use layer::AuthorizeLayer;
pub use service::Authorize;
