//! A span, and whoever brings spans to where they are kept.

use crate::{
    BoxError,
    trace::{SpanId, TraceId},
};
use futures_util::future::BoxFuture;
use std::{borrow::Cow, fmt, sync::Arc, time::SystemTime};

/// At which end of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Where it is made.
    Client,
    /// Where it comes in.
    Server,
}

/// A request as one side of it saw it, as a part of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub id: SpanId,
    /// The span that caused it; `None` of the first of a trace.
    pub parent: Option<SpanId>,
    /// At which end of the call it is.
    pub kind: SpanKind,
    /// What it is called: the service, its port and the paths that its rule is for.
    pub name: String,
    /// When it began.
    pub started: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// What is told of it.
    pub tags: Vec<(Cow<'static, str>, String)>,
    /// Whether the request failed.
    pub is_error: bool,
}

/// Spans that are brought to whoever keeps them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The service whose spans they are.
    pub service: Arc<str>,
    /// At least one, and 512 at most.
    pub spans: Vec<Span>,
}

/// Whoever brings spans to where they are kept.
pub trait Export: fmt::Debug + Send + Sync {
    /// Brings some of them. No request waits for it; it is given up after 10 seconds, and the spans are lost.
    ///
    /// # Errors
    /// Why they are lost.
    fn export(&self, batch: Batch) -> BoxFuture<'static, Result<(), BoxError>>;
}

/// Brings spans to where they are kept. Clones are the same.
#[derive(Clone, Debug)]
pub struct SpanExporter(pub(super) Arc<dyn Export>);

impl SpanExporter {
    /// By one of your own.
    #[must_use]
    pub fn new(export: impl Export + 'static) -> Self {
        Self(Arc::new(export))
    }
}
