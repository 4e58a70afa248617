//! Tells the application who is at the other end of a request's connection.
//!
//! # What it does
//!
//! Writes `x-forwarded-client-cert` as Envoy does: `By=<the workload's own id>;Hash=<SHA-256 of the caller's
//! certificate>;Subject="…";URI=<the caller's id>`. It says nothing that was not verified: on a connection in plain text,
//! or over TLS without a client's certificate, the header is removed, whoever wrote it. A handler that wants the caller
//! typed finds it in the request's extensions: [`Arrival`](crate::Arrival).
//!
//! # When you want it
//!
//! At the door of every service, before any layer that looks at headers.
//! [`IntroduceLayer::workload`] keeps what a verified caller passes on, and adds the caller to it; at a gateway, whose
//! callers are strangers, [`IntroduceLayer::gateway`] begins anew.
//!
//! # Configuration
//!
//! None in documents.
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! The future is the inner one.
//!
//! # What survives a reload
//!
//! Nothing is remembered.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_tower::{BoxError, introduce::IntroduceLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // Answers with whether the header came.
//! let app = service_fn(|request: Request<()>| async move {
//!     Ok::<_, BoxError>(Response::new(request.headers().contains_key("x-forwarded-client-cert")))
//! });
//! let server = IntroduceLayer::workload().layer(app);
//!
//! // Nobody verified who sent this, so nobody is believed about who that is.
//! let request = Request::builder().header("x-forwarded-client-cert", "URI=spiffe://td/admin").body(())?;
//! assert!(!server.oneshot(request).await?.into_body());
//! # Ok(())
//! # }
//! ```

mod layer;
mod policy;
mod service;

pub use layer::IntroduceLayer;
pub use service::Introduce;
