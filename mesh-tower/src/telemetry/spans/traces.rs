//! What documents say of traces, made ready for requests.

use super::{custom::Custom, name, queue::Queue, span::Span, tags};
use crate::{
    event::{Exchange, Sampling, Side, Traced},
    telemetry::metrics::Own,
    trace::{SpanId, TraceFormats},
};
use mesh_core::{
    model::{TelemetryProviderKind, TraceContext},
    table::Tracing,
};

/// What is told of traces at one end of calls.
pub(in crate::telemetry) struct Traces {
    sampling: Option<Sampling>,
    /// Nobody gets spans when `None`.
    queue: Option<Queue>,
    has_istio_tags: bool,
    custom: Vec<Custom>,
    longest: usize,
}

impl Traces {
    /// As documents say; whoever gets spans does so by `queue`.
    pub(in crate::telemetry) fn new(said: &Tracing, queue: Option<Queue>) -> Self {
        Self {
            sampling: sampling(said, queue.is_some()),
            has_istio_tags: said.has_istio_tags,
            custom: said.tags.iter().filter_map(Custom::of).collect(),
            longest: usize::try_from(said.longest_tag).unwrap_or(usize::MAX),
            queue,
        }
    }

    /// How it is decided which requests are traced; `None` when nobody cares.
    pub(in crate::telemetry) fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    /// A request has ended.
    pub(in crate::telemetry) fn report(&self, exchange: &mut Exchange, own: &Own) {
        let (Some(queue), Some(traced)) = (&self.queue, exchange.traced.take()) else { return };
        let first = self.first(exchange, &traced, own);
        if let Some(span) = self.forwarded(exchange, &traced, own, first.ended) {
            queue.push(span);
        }
        queue.push(first);
    }

    /// The span of the request.
    fn first(&self, exchange: &mut Exchange, traced: &Traced, own: &Own) -> Span {
        let is_received = exchange.side == Side::Server || exchange.is_gateway;
        let mut tags = tags::of(exchange, traced, self.longest);
        self.add_tags(&mut tags, exchange, own);
        Span {
            trace: traced.context.trace,
            id: traced.context.span,
            parent: traced.context.parent,
            kind: if is_received { super::SpanKind::Server } else { super::SpanKind::Client },
            name: name::of(exchange, traced, &own.service),
            started: exchange.started,
            ended: exchange.started.checked_add(exchange.lasted).unwrap_or(exchange.started),
            tags,
            is_error: tags::is_error(exchange),
        }
    }

    /// The span of what a gateway sent on.
    fn forwarded(
        &self,
        exchange: &mut Exchange,
        traced: &Traced,
        own: &Own,
        ended: std::time::SystemTime,
    ) -> Option<Span> {
        // What was refused before anybody was chosen was not sent on.
        let forwarded = traced.forwarded.filter(|_| exchange.destination.is_some())?;
        let mut tags = tags::of_forwarded(exchange);
        self.add_tags(&mut tags, exchange, own);
        let started = exchange.started.checked_add(forwarded.after).unwrap_or(exchange.started);
        let parent: Option<SpanId> = Some(traced.context.span);
        Some(Span {
            trace: traced.context.trace,
            id: forwarded.span,
            parent,
            kind: super::SpanKind::Client,
            name: name::of_forwarded(exchange),
            started,
            ended: ended.max(started),
            tags,
            is_error: tags::is_error(exchange),
        })
    }

    fn add_tags(&self, tags: &mut tags::Tags, exchange: &mut Exchange, own: &Own) {
        if self.has_istio_tags {
            tags::of_istio(tags, own);
        }
        self.custom.iter().for_each(|custom| custom.put(tags, exchange));
    }
}

fn sampling(said: &Tracing, is_reported: bool) -> Option<Sampling> {
    let (formats, has_short_ids) = match said.provider.as_ref().map(|provider| &provider.kind) {
        Some(TelemetryProviderKind::Zipkin(zipkin)) => {
            let w3c = zipkin.context == TraceContext::B3AndW3c;
            (TraceFormats { w3c, ..TraceFormats::B3 }, zipkin.has_short_ids)
        }
        _ => (TraceFormats::W3C, false),
    };
    let asks = is_reported || !said.passes_context;
    asks.then_some(Sampling {
        is_reported,
        share: said.sampling,
        by_request_id: said.samples_by_request_id,
        formats,
        has_short_ids,
        passes_context: said.passes_context,
    })
}
