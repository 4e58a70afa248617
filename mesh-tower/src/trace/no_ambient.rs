//! Without OpenTelemetry the application has no spans that belong to a trace.

use super::TraceContext;

/// Spans that the application begins at its work on a request would be children of this.
#[derive(Clone, Debug)]
pub(crate) struct Ambient;

impl Ambient {
    pub(crate) fn of(_: &TraceContext) -> Self {
        Self
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn untraced() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as with OpenTelemetry")]
    pub(crate) fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    pub(crate) fn current() -> Option<TraceContext> {
        None
    }
}
