//! Carries what belongs to an inbound request into the outbound calls that it causes.
//!
//! # What it does
//!
//! [`CarryInLayer`] stands at a service's door. It reads the headers on its list from each request (trace context, request
//! id, a canary's group), gives a request without `x-request-id` a new one, and runs the handler within a
//! [`Context`](crate::Context) that holds them; the response's body is streamed within it too. [`CarryOutLayer`] stands in
//! the client: a call made within a context carries its headers, except those that the application has set itself.
//! No application code copies a header.
//!
//! With [`CarryInLayer::pinning`], the context also holds the routing table of the request. A caller in the mesh says in
//! the [`GENERATION_HEADER`](crate::GENERATION_HEADER) which documents decided its call; this process then decides the
//! calls that follow with its own table of the same documents, so that one request sees the rules of one moment in every
//! service it passes. The pin lasts [`PINNED_FOR`].
//!
//! A caller says how long it waits, by `x-envoy-expected-rq-timeout-ms` or gRPC's `grpc-timeout`. That becomes the request's
//! deadline, and with it that of every call it causes, and of the calls that those cause. A handler that has not answered
//! by then is dropped with an [`Error`](crate::Error) of [`Kind::RouteTimeout`](crate::Kind::RouteTimeout), since nobody waits for it any more;
//! one that streams its answer may go on until its caller leaves. What a caller says in
//! `x-envoy-expected-rq-timeout-ms` counts from the end of the request's body, so it is not heeded for a body of more than
//! 64 KiB, or of unknown length. [`CarryInLayer::without_deadlines`] turns all of this off.
//!
//! # When you want it
//!
//! In every service that calls others. The inner layers of the client must run in the handler's task, as they do unless
//! the handler spawns; one that does wraps what it spawns in [`Context::scope`](crate::Context::scope).
//!
//! # Configuration
//!
//! None in documents. The list of headers is [`CarriedHeaders`].
//!
//! # Posture
//!
//! Forward: ready when the inner service is. The one wait, for a table that is not here yet ([`CarryInLayer::with_catch_up`]),
//! is short and bounded by [`CATCH_UP_WITHIN`], so the request keeps the readied inner service through it and leaves a
//! clone behind.
//!
//! # Cancel safety
//!
//! Dropping the future, or the body, drops the inner one; dropping it while it waits for a table drops the wait and the
//! request, which then never reaches the inner service.
//!
//! # What survives a reload
//!
//! A request under way keeps its table for [`PINNED_FOR`]. The layers remember nothing.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_tower::{Body, BoxError, carry::{CarriedHeaders, CarryInLayer, CarryOutLayer}};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // Answers with the headers that it was called with.
//! let next = service_fn(|request: Request<Body>| async move {
//!     let mut response = Response::new(Body::empty());
//!     *response.headers_mut() = request.headers().clone();
//!     Ok::<_, BoxError>(response)
//! });
//! let client = CarryOutLayer::new().layer(next);
//! let handler = service_fn(move |_: Request<Body>| client.clone().oneshot(Request::default()));
//! let server = CarryInLayer::new(CarriedHeaders::default()).layer(handler);
//!
//! let request = Request::builder().header("x-group", "test").header("x-colour", "red").body(Body::empty())?;
//! let response = server.oneshot(request).await?;
//! assert_eq!(response.headers()["x-group"], "test");
//! assert!(response.headers().contains_key("x-request-id"));
//! assert!(!response.headers().contains_key("x-colour"));
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod layer;
mod policy;
mod service;

pub use body::CarryBody;
pub use future::ResponseFuture;
pub use layer::{CarryInLayer, CarryOutLayer, CatchUp};
pub use policy::{CATCH_UP_WITHIN, CarriedHeaders, PINNED_FOR};
pub use service::{CarryIn, CarryOut};
