//! Asks another service whether a request may pass: Envoy's external authorization.
//!
//! # What it does
//!
//! A request that a policy of action CUSTOM is for waits until the policy's extension provider has answered.
//!
//! * **Over HTTP** the service gets a request that resembles the one that is asked about: its method, host, and path after
//!   `pathPrefix`, its `authorization` header and those that are asked for. With 200 the request passes, and takes along
//!   those of the answer's headers that `headersToUpstreamOnAllow` names; headers that the answer names in
//!   `x-envoy-auth-headers-to-remove` do not pass. A status of 5xx counts as no answer. With any other status, the
//!   client gets that answer.
//! * **By gRPC** the service is called as `envoy.service.auth.v3.Authorization/Check`, with the request's attributes: the
//!   addresses of both ends, who sent it, all headers. It may let the request pass with changes of headers and query
//!   parameters, or refuse it with a status, headers and a body.
//!
//! What may not pass ends with an [`Error`](crate::Error): [`Kind::CheckDenied`](crate::Kind::CheckDenied) when the
//! service says so, [`Kind::CheckFailed`](crate::Kind::CheckFailed) when it could not be asked and `failOpen` is not set,
//! [`Kind::CheckInvalid`](crate::Kind::CheckInvalid) when its answer makes no sense, and
//! [`Kind::NoAuthorizer`](crate::Kind::NoAuthorizer) when no provider has the name. When several policies are for a
//! request, all of their providers are asked, one after the other.
//!
//! With `includeRequestBodyInCheck` the service is told of the body, and the request waits until so much of it has come.
//! What is longer is refused with 413, unless its beginning will do; then `x-envoy-auth-partial-body` says whether there
//! is more.
//!
//! # When you want it
//!
//! When who may do what is known elsewhere: to an Open Policy Agent, an OAuth proxy, or a service of your own. What a
//! policy can say itself needs no question: that takes the time of a call from every request.
//!
//! # Configuration
//!
//! The services, in the MeshConfig:
//!
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata: {name: istio, namespace: istio-system}
//! data:
//!   mesh: |-
//!     extensionProviders:
//!     - name: opa
//!       envoyExtAuthzGrpc:
//!         service: opa.shop.svc.cluster.local     # or namespace/host
//!         port: 9191
//!         timeout: 1s                             # default: 600s
//!     - name: oauth
//!       envoyExtAuthzHttp:
//!         service: oauth.shop.svc.cluster.local
//!         port: 8000
//!         pathPrefix: /check
//!         includeRequestHeadersInCheck: [cookie, x-ext-*]
//!         includeAdditionalHeadersInCheck: {x-asked-by: mesh}
//!         includeRequestBodyInCheck: {maxRequestBytes: 8192, allowPartialMessage: true}
//!         headersToUpstreamOnAllow: [x-user]
//!         headersToDownstreamOnDeny: [set-cookie] # default: all
//!         headersToDownstreamOnAllow: [x-trace]
//!         failOpen: false                         # the default
//!         statusOnError: "503"                    # default: 403
//! ```
//!
//! And who is asked about what:
//!
//! ```yaml
//! apiVersion: security.istio.io/v1
//! kind: AuthorizationPolicy
//! metadata: {name: ask, namespace: shop}
//! spec:
//!   selector: {matchLabels: {app: product}}
//!   action: CUSTOM
//!   provider: {name: opa}
//!   rules: [{to: [{operation: {paths: [/product/*]}}]}]
//! ```
//!
//! A service is called as any other of the mesh, but without the rules of a VirtualService; a workload that does not see
//! it cannot ask it. The port of one that speaks gRPC has a name that begins with `grpc`.
//!
//! # Posture
//!
//! Forward: ready when the inner service is, and a request that nobody is asked about goes to it at once. One that is
//! asked about chooses later: it waits with a clone that becomes ready after the answer, and the readiness that this
//! instance has serves its next call, as it does when a request is refused.
//!
//! # Cancel safety
//!
//! Dropping the future gives up the question; the request then never reaches the inner service.
//!
//! # What survives a reload
//!
//! The layer remembers nothing. Who is asked is in the newest table, whatever table a request keeps.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use mesh_core::{
//!     model::{AskedService, ExtAuthz, ExtAuthzProtocol, Host, HttpCheck, Model, Port, Protocol, Service},
//!     table::Viewpoint,
//!     watch,
//! };
//! use mesh_tower::{Body, BoxError, Caller, Error, Kind, ext_authz::ExtAuthzLayer};
//! use std::{sync::Arc, time::Duration};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let host = Host::parse("authz.shop.svc.cluster.local")?;
//! let mut service = Service::new(host.clone(), "shop".into());
//! service.ports = vec![Port { number: 80, name: "http".into(), protocol: Protocol::Http, target: 80 }];
//! let (mut publisher, handle) = watch::channel(Viewpoint::default());
//! publisher.publish(&Model { services: vec![Arc::new(service)], ..Model::default() });
//!
//! // Lets those pass who know the word; for this example, it is asked without a connection.
//! let knows = |question: Request<Body>| async move {
//!     let is_right = question.headers().get("authorization").is_some_and(|word| word == "sesame");
//!     let mut answer = Response::new(Body::empty());
//!     *answer.status_mut() = if is_right { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
//!     Ok::<_, BoxError>(answer)
//! };
//! let ext_authz = ExtAuthz {
//!     name: "door".into(),
//!     service: AskedService { namespace: None, host, port: 80 },
//!     protocol: ExtAuthzProtocol::Http(Box::new(HttpCheck::default())),
//!     timeout: Duration::from_secs(1),
//!     fails_open: false,
//!     status_on_error: StatusCode::FORBIDDEN,
//!     body: None,
//! };
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
//! let caller = Caller::new(handle, service_fn(knows));
//! let guarded = ExtAuthzLayer::new(Arc::new(ext_authz)).with_caller(caller).layer(inner);
//!
//! let request = Request::get("/").header("authorization", "sesame").body(Body::empty())?;
//! assert!(guarded.clone().oneshot(request).await.is_ok());
//! let refused = guarded.oneshot(Request::get("/").body(Body::empty())?).await.unwrap_err();
//! let kind = refused.downcast_ref::<Error>().map(Error::kind);
//! assert_eq!(kind, Some(Kind::CheckDenied(StatusCode::UNAUTHORIZED)));
//! # Ok(())
//! # }
//! ```

mod body;
mod changes;
mod check;
mod future;
mod grpc;
mod http;
mod layer;
mod messages;
mod service;
mod subject;

pub use future::ResponseFuture;
pub use layer::ExtAuthzLayer;
pub use service::ExtAuthz;
