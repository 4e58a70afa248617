//! What the mesh does to a request: composable tower layers that a service links.
//!
//! ```text
//! outbound: app ─▶ telemetry ─▶ respond ─▶ carry ─▶ propagate ─▶ route ─▶ answer ─▶ fault ─▶ cors ─▶ timeout ─▶ rewrite ─▶ metadata_exchange ─▶ mirror ─▶ retry ─▶ resolve ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! inbound:  wire ─▶ TLS ─▶ telemetry ─▶ metadata_exchange ─▶ respond ─▶ normalize ─▶ introduce ─▶ propagate ─▶ carry ─▶ ext_authz ─▶ jwt ─▶ authorize ─▶ rate_limit ─▶ app
//! gateway:  wire ─▶ TLS ─▶ an outbound stack that routes by the listener ─▶ wire
//! ```
//!
//! [`Mesh`] is the whole of it: it follows the documents, serves an application and gives it a [`Client`]. Each layer is
//! also of use alone, around any tower service of HTTP requests: one made with `routed()` acts by the rule that
//! [`route`] found, one made with `new` by what it is given.
//!
//! One folder a layer, and no layer knows another: what they leave for each other is in a request's extensions
//! ([`Routed`], [`Tried`], [`Upstream`]) and in the task ([`Context`]). A layer refuses with an [`Error`]; only [`respond`] turns one
//! into a status.
//!
//! # Features
//!
//! | feature | what it adds | what it needs |
//! |---|---|---|
//! | `file` | `Mesh::from_env`, `Mesh::start`: documents from files | a watch on the file system |
//! | `spiffe` | certificates from an agent that speaks the SPIFFE Workload API | a client of gRPC |
//! | `otlp` | spans for a collector that speaks OTLP; the application's own spans are parts of the mesh's | OpenTelemetry, a client of gRPC |
//! | `console` | [`console`]: the mesh on a web page | nothing |
//! | `cli` | the command line, `meshctl` | `file`, `console`, clap |
//!
//! None is on by default. Every layer is always there.

pub mod admin;
pub mod answer;
pub mod authorize;
pub mod balance;
pub mod carry;
pub mod connection;
#[cfg(feature = "console")]
pub mod console;
pub mod cors;
pub mod dns;
pub mod event;
pub mod ext_authz;
pub mod fault;
pub mod gateway;
pub mod hedge;
pub mod introduce;
pub mod jwt;
pub mod mesh;
pub mod metadata_exchange;
pub mod mirror;
pub mod mtls;
pub mod normalize;
pub mod outlier;
pub mod propagate;
pub mod rate_limit;
pub mod recorder;
pub mod resolve;
pub mod respond;
pub mod retry;
pub mod rewrite;
pub mod route;
pub mod serve;
pub mod telemetry;
pub mod timeout;
pub mod trace;

mod body;
mod caller;
mod client;
mod context;
mod dice;
mod error;
mod grpc;
mod hop;
mod passing;
mod replay;
mod reply;
mod request_id;
mod stack;
mod stream;
mod token_fault;

pub use body::Body;
pub use caller::Caller;
pub use client::Client;
pub use context::{
    AnswerBy, Arrival, Context, Ejections, GENERATION_HEADER, PeerIdentity, Routed, Token, Tried, Upstream,
};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub(crate) use error::{Retries, Stop};
pub use mesh::Mesh;
pub use mesh_core;
pub use stream::Untouched;
pub use token_fault::{ClaimName, ClaimType, TokenFault};
