//! What becomes of a request in traces.

use crate::trace::{SpanId, TraceContext, TraceFormats};
use http::HeaderValue;
use mesh_core::model::Share;
use std::time::Duration;

/// How it is decided whether a request is traced, and who learns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Whether anybody gets spans; if not, traces of others pass untouched.
    pub is_reported: bool,
    /// The share of traces that are kept, of those that begin here.
    pub share: Share,
    /// Whether `x-request-id` decides, so that every workload decides alike, and tells of it.
    pub by_request_id: bool,
    /// The headers that tell of a trace, besides those that a request came with.
    pub formats: TraceFormats,
    /// Whether traces that begin here have names of 64 bits.
    pub has_short_ids: bool,
    /// Whether whoever is called learns of the trace.
    pub passes_context: bool,
}

/// The spans of a request that is traced.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The trace, the span of the request, and that span's parent.
    pub context: TraceContext,
    /// What a gateway sends on: a span of its own.
    pub forwarded: Option<Forwarded>,
    /// The request's name.
    pub request_id: Option<HeaderValue>,
    /// What the caller calls the request's span, if it says.
    pub operation: Option<HeaderValue>,
}

/// The span of what a gateway sends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The span.
    pub span: SpanId,
    /// How long after the request came it began.
    pub after: Duration,
}
