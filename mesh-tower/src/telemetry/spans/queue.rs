//! Brings spans to where they are kept, without making a request wait.

use super::{
    otlp,
    span::{Batch, Span, SpanExporter},
};
use crate::{Caller, event::Workload, telemetry::Recording};
use crossbeam_queue::ArrayQueue;
use mesh_core::model::TelemetryProvider;
use metrics::{Counter, counter, describe_counter};
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{sleep, timeout},
};

/// How many spans wait at most; further ones are lost, and counted. OpenTelemetry's default.
const MOST: usize = 2048;
/// How many are brought together at most. OpenTelemetry's default.
const BATCH: usize = 512;
/// How long spans wait for company.
const GATHERED_FOR: Duration = Duration::from_secs(1);
/// How long it may take to bring some of them.
const EXPORTED_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether all are brought, by whoever waits for that.
const LOOK: Duration = Duration::from_millis(5);

const EXPORTED: &str = "mesh_spans_exported_total";
const DROPPED: &str = "mesh_spans_dropped_total";

/// Spans that wait, and a task that brings them. Clones are the same; when the last one is dropped, what waits is brought.
#[derive(Clone)]
pub(in crate::telemetry) struct Queue(Arc<Owner>);

struct Owner {
    waiting: Arc<Waiting>,
}

struct Waiting {
    spans: ArrayQueue<Span>,
    /// How many are being brought.
    under_way: AtomicUsize,
    some: Notify,
    /// Told when they need not wait for company.
    hurry: Notify,
    is_over: AtomicBool,
    service: Arc<str>,
    exporter: SpanExporter,
    recording: Recording,
    counters: OnceLock<Counters>,
}

struct Counters {
    exported: Counter,
    /// Because there were too many, and because nobody took them.
    dropped: [Counter; 2],
}

/// Who brings spans of a workload.
pub(in crate::telemetry) fn queue_of(
    exporter: SpanExporter,
    workload: &Workload,
    recording: &Recording,
) -> Queue {
    let name = workload.label(&["app"]).unwrap_or_else(|| workload.name());
    // As in Istio.
    Queue::new(exporter, format!("{name}.{}", workload.namespace()).into(), recording.clone())
}

/// Who brings spans of a workload to whom documents name.
pub(in crate::telemetry) fn queue_to(
    provider: &TelemetryProvider,
    caller: &Caller,
    workload: &Workload,
    recording: &Recording,
) -> Option<Queue> {
    otlp::of_provider(provider, caller).map(|exporter| queue_of(exporter, workload, recording))
}

impl Queue {
    /// Brings spans of a service. Outside a runtime nobody does, and they are lost.
    pub(in crate::telemetry) fn new(exporter: SpanExporter, service: Arc<str>, recording: Recording) -> Self {
        let waiting = Arc::new(Waiting {
            spans: ArrayQueue::new(MOST),
            under_way: AtomicUsize::new(0),
            some: Notify::new(),
            hurry: Notify::new(),
            is_over: AtomicBool::new(false),
            service,
            exporter,
            recording,
            counters: OnceLock::new(),
        });
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(bring(Arc::clone(&waiting)))),
            Err(_) => tracing::warn!("spans are lost: there is no runtime to bring them"),
        }
        Self(Arc::new(Owner { waiting }))
    }

    /// Adds a span.
    pub(in crate::telemetry) fn push(&self, span: Span) {
        let Waiting { spans, some, hurry, .. } = &*self.0.waiting;
        if spans.push(span).is_err() {
            return self.0.waiting.counters().dropped[0].increment(1);
        }
        some.notify_one();
        if spans.len() >= BATCH {
            hurry.notify_one();
        }
    }

    /// Completes when all that wait now are brought or lost, or after `limit`.
    pub(in crate::telemetry) async fn flush(&self, limit: Duration) {
        let Waiting { spans, under_way, hurry, .. } = &*self.0.waiting;
        let brought = async {
            while !spans.is_empty() || under_way.load(Relaxed) > 0 {
                hurry.notify_one();
                sleep(LOOK).await;
            }
        };
        // What then still waits goes on waiting.
        let _ = timeout(limit, brought).await;
    }

    /// Whether nobody else has it.
    pub(in crate::telemetry) fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.waiting.is_over.store(true, Relaxed);
        self.waiting.some.notify_one();
        self.waiting.hurry.notify_one();
    }
}

/// Brings spans until nobody can add any.
async fn bring(waiting: Arc<Waiting>) {
    while !(waiting.is_over.load(Relaxed) && waiting.spans.is_empty()) {
        waiting.some.notified().await;
        // Those that come meanwhile are brought together.
        let _ = timeout(GATHERED_FOR, waiting.hurry.notified()).await;
        while waiting.bring_some().await {}
    }
}

impl Waiting {
    /// Brings some of them; whether there were any.
    async fn bring_some(&self) -> bool {
        let mut spans = Vec::new();
        // Before they are taken, so that they are never in neither place.
        self.under_way.store(BATCH, Relaxed);
        while let Some(span) = (spans.len() < BATCH).then(|| self.spans.pop()).flatten() {
            spans.push(span);
        }
        let count = spans.len();
        if count > 0 {
            let batch = Batch { service: Arc::clone(&self.service), spans };
            let ended = timeout(EXPORTED_WITHIN, self.exporter.0.export(batch)).await;
            self.count(count, ended.unwrap_or_else(|_| Err("nobody answered in time".into())));
        }
        self.under_way.store(0, Relaxed);
        count > 0
    }

    fn count(&self, count: usize, ended: Result<(), crate::BoxError>) {
        let Counters { exported, dropped } = self.counters();
        match ended {
            Ok(()) => exported.increment(count as u64),
            Err(error) => {
                tracing::debug!(error, count, "spans are lost");
                dropped[1].increment(count as u64);
            }
        }
    }

    fn counters(&self) -> &Counters {
        self.counters.get_or_init(|| match self.recording.recorder() {
            Some(recorder) => metrics::with_local_recorder(&*recorder, Counters::new),
            None => Counters::new(),
        })
    }
}

impl Counters {
    fn new() -> Self {
        describe_counter!(EXPORTED, "Spans that were brought to whoever keeps them.");
        describe_counter!(DROPPED, "Spans that were lost, because too many waited or nobody took them.");
        let dropped = ["queue_full", "export_failed"].map(|reason| counter!(DROPPED, "reason" => reason));
        Self { exported: counter!(EXPORTED), dropped }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.0.waiting.exporter).finish()
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
