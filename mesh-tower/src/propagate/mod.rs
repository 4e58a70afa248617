//! Decides which requests are traced, and tells whoever is called.
//!
//! # What it does
//!
//! Reads which trace a request belongs to, and whether that is kept. Where nobody has decided that, it does so: by
//! `x-request-id`, as Envoy does, so that all workloads decide alike; by the share that documents ask for; or because somebody
//! asks for a trace by `x-envoy-force-trace` or `x-client-trace-id`. The decision is written into the version's digit of
//! `x-request-id`: `9` by chance, `a` on demand of a member of the mesh, `b` on demand of a client, `4` if there is no trace.
//!
//! A request that is traced gets a span, and its headers name that span: in W3C's format, in B3's, in those that came and
//! in those of whoever gets spans. At the door of a service the span is the child of what came, and what the service calls
//! meanwhile are its children; so are the spans of the application's own, if they are made with `tracing-opentelemetry`. A
//! request that is not traced passes untouched.
//!
//! # When you want it
//!
//! Inside of [`telemetry`](crate::telemetry), which reports spans, and asks for them; without it nothing is done. At the
//! door of a service outside of [`carry`](crate::carry), which hands the headers on, and before calls inside of it.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: telemetry.istio.io/v1
//! kind: Telemetry
//! metadata: {name: traces, namespace: istio-system}
//! spec: {tracing: [{providers: [{name: jaeger}], randomSamplingPercentage: 5}]}
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! Dropping the future drops the inner one.
//!
//! # What survives a reload
//!
//! Nothing is remembered.

mod future;
mod layer;
mod policy;
mod service;

pub use future::ResponseFuture;
pub use layer::PropagateLayer;
pub use service::Propagate;
