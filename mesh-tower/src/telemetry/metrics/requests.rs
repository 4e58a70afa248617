//! What is counted of requests.

use super::register::{Measure, OVERFLOWS, RETRIES, Register, of_backend};
use crate::{
    event::{Exchange, Flags},
    recorder::Exemplar,
    telemetry::Recording,
};
use mesh_core::model::Metric;
use metrics::{Counter, Histogram};
use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

/// The metrics of one kind of request.
pub(super) struct Requests {
    count: Counter,
    duration: Measure,
    request_bytes: Histogram,
    response_bytes: Histogram,
    /// Of a gRPC call, those that came and those that were sent.
    messages: Option<[Counter; 2]>,
    /// What the mesh did more than once, or not at all; there once it happened.
    effort: OnceLock<Effort>,
}

/// What calls of a backend took beyond one try each.
struct Effort {
    retries: Counter,
    overflows: Counter,
}

impl Requests {
    pub(super) fn new(register: &Register<'_>, is_grpc: bool) -> Self {
        let messages = || {
            let requests = register.counter(Metric::GrpcRequestMessages, "istio_request_messages_total");
            [requests, register.counter(Metric::GrpcResponseMessages, "istio_response_messages_total")]
        };
        Self {
            count: register.counter(Metric::RequestCount, "istio_requests_total"),
            duration: register.measure(Metric::RequestDuration, "istio_request_duration_milliseconds"),
            request_bytes: register.histogram(Metric::RequestSize, "istio_request_bytes"),
            response_bytes: register.histogram(Metric::ResponseSize, "istio_response_bytes"),
            messages: is_grpc.then(messages),
            effort: OnceLock::new(),
        }
    }

    pub(super) fn record(&self, exchange: &Exchange, recording: &Recording) {
        self.count.increment(1);
        self.duration.record(millis(exchange.lasted), exchange);
        self.request_bytes.record(as_float(exchange.request_head_bytes + exchange.request_bytes));
        self.response_bytes.record(as_float(exchange.response_head_bytes + exchange.response_bytes));
        // But for those that were reported while it lasted.
        let [came, went] = exchange.told;
        self.pass([exchange.request_messages - came, exchange.response_messages - went]);
        self.record_effort(exchange, recording);
    }

    /// So many messages have come, and so many gone.
    pub(super) fn pass(&self, [came, went]: [u64; 2]) {
        if let Some([requests, responses]) = &self.messages {
            requests.increment(came);
            responses.increment(went);
        }
    }

    /// Most calls take one try, and there is nothing to count.
    fn record_effort(&self, exchange: &Exchange, recording: &Recording) {
        let Some(backend) = &exchange.backend else { return };
        let retries = exchange.tries.saturating_sub(1);
        let has_overflowed = exchange.flags.contains(Flags::named("UO"));
        if retries > 0 || has_overflowed {
            let effort = self.effort.get_or_init(|| Effort {
                retries: of_backend(recording, RETRIES, &backend.name),
                overflows: of_backend(recording, OVERFLOWS, &backend.name),
            });
            effort.retries.increment(retries.into());
            effort.overflows.increment(has_overflowed.into());
        }
    }
}

impl Measure {
    /// Records a value, with the trace of the exchange where that is kept.
    fn record(&self, value: f64, exchange: &Exchange) {
        let trace = exchange.traced.as_ref().map(|traced| traced.context).or(exchange.trace);
        match (self, trace.filter(|trace| trace.is_sampled())) {
            (Self::Ours(histogram), Some(trace)) => {
                let exemplar = Exemplar {
                    trace_id: trace.trace.number(),
                    span_id: Some(trace.span.number()),
                    at: Some(SystemTime::now()),
                };
                histogram.record_with(value, exemplar);
            }
            (Self::Ours(histogram), None) => histogram.record(value),
            (Self::Other(histogram), _) => histogram.record(value),
        }
    }
}

fn millis(lasted: Duration) -> f64 {
    lasted.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "beyond 8 PiB the last bytes do not matter")]
fn as_float(bytes: u64) -> f64 {
    bytes as f64
}
