//! The trace that the application's own spans belong to: OpenTelemetry's current context, which `tracing-opentelemetry`
//! follows and sets.

use super::{SpanId, TraceContext, TraceId};
use opentelemetry::{
    Context,
    trace::{self, SpanContext, TraceContextExt, TraceFlags, TraceState},
};
use std::sync::LazyLock;

/// Spans that the application begins at its work on a request are children of this.
#[derive(Clone, Debug)]
pub(crate) struct Ambient(Option<Context>);

/// One for all requests that are not traced, which costs none of them an allocation. Nobody ever sees what it is called,
/// since spans below it are not kept.
static UNTRACED: LazyLock<Context> = LazyLock::new(|| context(trace::TraceId::from(1), 1, false));

impl Ambient {
    /// A span of a trace that is kept.
    pub(crate) fn of(context_of: &TraceContext) -> Self {
        let trace = trace::TraceId::from(context_of.trace.number());
        Self(Some(context(trace, context_of.span.number(), true)))
    }

    /// No trace.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// A trace that is not kept: what the application begins is not, either.
    pub(crate) fn untraced() -> Self {
        Self(Some(UNTRACED.clone()))
    }

    /// Does some of the work.
    pub(crate) fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        let _current = self.0.clone().map(Context::attach);
        work()
    }

    /// The span that is worked on now, if its trace is kept.
    pub(crate) fn current() -> Option<TraceContext> {
        Context::map_current(|context| {
            let span = context.span();
            let current = span.span_context();
            let trace = TraceId::new(u128::from_be_bytes(current.trace_id().to_bytes()))?;
            let span = SpanId::new(u64::from_be_bytes(current.span_id().to_bytes()))?;
            current.is_sampled().then(|| TraceContext::begin(trace, span, true))
        })
    }
}

fn context(trace: trace::TraceId, span: u64, is_sampled: bool) -> Context {
    let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let span = trace::SpanId::from(span);
    Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, true, TraceState::default()))
}
