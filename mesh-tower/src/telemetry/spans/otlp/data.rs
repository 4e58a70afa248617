//! Spans in the words of OpenTelemetry.

use crate::telemetry::spans::span::{Batch, Span, SpanKind};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{self, SpanContext, Status, TraceFlags, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanLinks},
};

/// Whose spans they are.
pub(super) fn resource(batch: &Batch) -> Resource {
    Resource::builder_empty().with_service_name(batch.service.to_string()).build()
}

/// The spans themselves.
pub(super) fn spans(batch: Batch) -> Vec<SpanData> {
    let scope = InstrumentationScope::builder("mesh_tower").with_version(env!("CARGO_PKG_VERSION")).build();
    batch.spans.into_iter().map(|span| data(span, &scope)).collect()
}

fn data(span: Span, scope: &InstrumentationScope) -> SpanData {
    let trace = trace::TraceId::from(span.trace.number());
    let id = trace::SpanId::from(span.id.number());
    let parent = span.parent.map_or(trace::SpanId::INVALID, |parent| parent.number().into());
    SpanData {
        span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: parent,
        // What came in came from elsewhere.
        parent_span_is_remote: span.kind == SpanKind::Server,
        span_kind: match span.kind {
            SpanKind::Client => trace::SpanKind::Client,
            SpanKind::Server => trace::SpanKind::Server,
        },
        name: span.name.into(),
        start_time: span.started,
        end_time: span.ended,
        attributes: span.tags.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if span.is_error { Status::error("") } else { Status::Unset },
        instrumentation_scope: scope.clone(),
    }
}
