//! Istio's standard metrics.
//!
//! A request costs a look into a table of handles: what its labels say follows from a few numbers and addresses in memory,
//! and only the first request of a kind makes labels of them.

mod key;
mod labels;
mod tags;

use crate::event::{Exchange, Side, Workload};
use arc_swap::ArcSwap;
pub(super) use key::principal;
use key::{Kept, Key};
use mesh_core::{identity::Identity, model::Metric, table};
use metrics::{Counter, Histogram, Label, Level, Metadata, Recorder};
use rustc_hash::FxHashMap;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tags::{Rules, Tags};

/// How many kinds of requests are told apart. Of those beyond, nothing is known but how they ended.
const MOST: usize = 20_000;

static METADATA: Metadata<'static> = Metadata::new("mesh_tower", Level::INFO, Some("mesh_tower"));

/// What Istio's sidecars count of requests, with its names and labels.
pub(super) struct Metrics {
    own: Arc<Own>,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    /// What documents say of them.
    rules: Rules,
    /// Handles by kind of request. Whoever adds to them makes a copy; the lock is for those alone.
    known: ArcSwap<FxHashMap<Key, Arc<Handles>>>,
    adding: Mutex<()>,
}

/// Whom the metrics are about.
pub(super) struct Own {
    pub(super) workload: Arc<Workload>,
    /// The host of the service that it is one of.
    pub(super) service: Box<str>,
    /// What it proves with who it is.
    pub(super) identity: Identity,
}

/// The metrics of one kind of request.
struct Handles {
    requests: Counter,
    duration: Histogram,
    request_bytes: Histogram,
    response_bytes: Histogram,
    /// Of a gRPC call, those that came and those that were sent.
    messages: Option<[Counter; 2]>,
    /// What the key is the address of lives as long as this.
    kept: Kept,
}

impl Metrics {
    pub(super) fn new(
        own: Arc<Own>,
        recorder: Option<Arc<dyn Recorder + Send + Sync>>,
        rules: table::Metrics,
    ) -> Self {
        Self { rules: Rules::new(rules), own, recorder, known: ArcSwap::default(), adding: Mutex::default() }
    }

    /// Whether anything is measured.
    pub(super) fn are_kept(&self) -> bool {
        self.rules.are_kept()
    }

    /// Whether expressions of documents are evaluated for them.
    pub(super) fn evaluates(&self) -> bool {
        self.rules.evaluates()
    }

    /// An exchange has ended.
    pub(super) fn record(&self, exchange: &Exchange) {
        if !self.rules.are_kept() {
            return;
        }
        let tags = self.rules.tags(exchange, &self.own);
        let key = Key::of(exchange, tags.digest());
        let known = self.known.load();
        match known.get(&key) {
            Some(handles) => handles.record(exchange),
            None => self.add(key, exchange, &tags).record(exchange),
        }
    }

    fn add(&self, key: Key, exchange: &Exchange, tags: &Tags<'_>) -> Arc<Handles> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.known.load();
        if let Some(handles) = known.get(&key) {
            return Arc::clone(handles);
        }
        let mut more = FxHashMap::clone(&known);
        if more.len() >= MOST {
            more.retain(|_, handles| handles.kept.is_used_elsewhere());
        }
        let is_folded = more.len() >= MOST;
        let key = if is_folded { key.folded() } else { key };
        let handles = more.entry(key).or_insert_with(|| {
            let labels = labels::of(exchange, &self.own, is_folded);
            Arc::new(self.handles(exchange, &labels, tags))
        });
        let handles = Arc::clone(handles);
        self.known.store(Arc::new(more));
        handles
    }

    fn handles(&self, exchange: &Exchange, labels: &[Label], tags: &Tags<'_>) -> Handles {
        let register = |recorder: &dyn Recorder| {
            let key = |metric, name: &'static str| {
                let labels = self.rules.is_kept(metric).then(|| tags.applied(metric, labels))?;
                Some(metrics::Key::from_parts(name, labels))
            };
            let counter = |metric, name| {
                let key = key(metric, name);
                key.map_or_else(Counter::noop, |key| recorder.register_counter(&key, &METADATA))
            };
            let histogram = |metric, name| {
                let key = key(metric, name);
                key.map_or_else(Histogram::noop, |key| recorder.register_histogram(&key, &METADATA))
            };
            Handles {
                requests: counter(Metric::RequestCount, "istio_requests_total"),
                duration: histogram(Metric::RequestDuration, "istio_request_duration_milliseconds"),
                request_bytes: histogram(Metric::RequestSize, "istio_request_bytes"),
                response_bytes: histogram(Metric::ResponseSize, "istio_response_bytes"),
                messages: exchange.is_grpc.then(|| {
                    let requests = counter(Metric::GrpcRequestMessages, "istio_request_messages_total");
                    [requests, counter(Metric::GrpcResponseMessages, "istio_response_messages_total")]
                }),
                kept: Kept::of(exchange),
            }
        };
        match &self.recorder {
            Some(recorder) => register(&**recorder),
            None => metrics::with_recorder(register),
        }
    }
}

impl Handles {
    fn record(&self, exchange: &Exchange) {
        self.requests.increment(1);
        self.duration.record(millis(exchange.lasted));
        self.request_bytes.record(as_float(exchange.request_head_bytes + exchange.request_bytes));
        self.response_bytes.record(as_float(exchange.response_head_bytes + exchange.response_bytes));
        if let Some([requests, responses]) = &self.messages {
            requests.increment(exchange.request_messages);
            responses.increment(exchange.response_messages);
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

impl Own {
    /// Istio's name of the side.
    pub(super) fn reporter(side: Side) -> &'static str {
        match side {
            Side::Client => "source",
            Side::Server => "destination",
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
