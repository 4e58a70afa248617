//! What a request says of the trace that it belongs to.

use super::{SpanId, TraceId};

/// The trace that a request belongs to, and the span that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that caused the request.
    pub span: SpanId,
    /// The span that caused that one, where it is known. Only B3's several headers tell it.
    pub parent: Option<SpanId>,
    /// Whether the trace is kept; `None` when that is still to be decided, which only B3 can say.
    pub sampled: Option<bool>,
    /// Whether it is kept whatever anybody decides: B3's debug flag. Only B3 tells it.
    pub is_debug: bool,
    /// Whether the lower 56 bits of the trace's name are random. Only W3C's headers tell it.
    pub is_random: bool,
}

impl TraceContext {
    /// The beginning of a trace, for a request that `span` causes. The name of the trace is random.
    #[must_use]
    pub fn begin(trace: TraceId, span: SpanId, sampled: bool) -> Self {
        Self { trace, span, parent: None, sampled: Some(sampled), is_debug: false, is_random: true }
    }

    /// The context of a request that is caused by `span`, which is a part of this one's.
    #[must_use]
    pub fn child(self, span: SpanId) -> Self {
        Self { span, parent: Some(self.span), ..self }
    }

    /// Whether the trace is kept.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.is_debug || self.sampled == Some(true)
    }
}
