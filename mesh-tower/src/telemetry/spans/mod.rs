//! Spans of requests that are traced: what Envoy would tell of them, with Istio's names and tags.

mod custom;
mod name;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(not(feature = "otlp"))]
#[path = "no_otlp.rs"]
mod otlp;
mod queue;
mod span;
mod tags;
mod traces;

pub(crate) use otlp::from_environment;
pub(super) use queue::{Queue, queue_of, queue_to};
pub use span::{Batch, Export, Span, SpanExporter, SpanKind};
pub(super) use traces::Traces;
