//! What documents say of reports, made ready for requests.

use super::{
    access_log::{AccessLog, Format, Sink, Writer},
    attributes::{self, Texts},
    metrics::{Counting, Metrics, Own, dropped_lines},
    recent::{Recent, Seen},
    recording::Recording,
    spans::{Queue, Traces, queue_to},
};
use crate::{
    Caller,
    event::{Exchange, Heads, Observe, Sampling, Side},
};
use crossbeam_queue::ArrayQueue;
use http::{HeaderMap, Request, Response};
use mesh_core::{
    model::{LogFile, LogFormat, TelemetryProvider, TelemetryProviderKind},
    table::{self, SideTelemetry, Telemetry, Tracing},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// How many exchanges that have ended are kept for further ones.
const SPARE: usize = 1024;

/// What outlives a change of documents.
pub(super) struct Base {
    pub(super) own: Arc<Own>,
    pub(super) recording: Recording,
    /// A log that is there whatever documents say.
    pub(super) log: Option<AccessLog>,
    pub(super) spare: ArrayQueue<Box<Exchange>>,
    /// For those who look at requests as they end.
    pub(super) recent: Recent,
    /// Who writes to which sink; the lock is for whoever makes a report.
    writers: Mutex<Vec<(Sink, Writer)>>,
    /// Who gets spans where documents name nobody.
    pub(super) spans: Option<Queue>,
    /// How those are called whom documents name.
    pub(super) caller: Option<Caller>,
    /// Who brings spans to which of them; the lock likewise.
    queues: Mutex<Vec<(Arc<TelemetryProvider>, Queue)>>,
}

/// What is reported, and how, as long as the documents say the same.
pub(super) struct Report {
    /// What they say.
    pub(super) of: Arc<Telemetry>,
    client: SideReport,
    server: SideReport,
    base: Arc<Base>,
}

struct SideReport {
    metrics: Metrics,
    traces: Traces,
    logs: Vec<Log>,
    /// Whether the heads of requests are looked at when they have ended.
    keeps_heads: bool,
}

/// A log, and the requests that it has lines of.
struct Log {
    log: AccessLog,
    said: Option<table::AccessLog>,
    /// How many texts of requests, and of answers, are kept for the logs before it.
    before: [usize; 2],
}

impl Base {
    pub(super) fn new(own: Arc<Own>, recording: Recording, log: Option<AccessLog>) -> Self {
        let (spare, recent, writers) = (ArrayQueue::new(SPARE), Recent::default(), Mutex::default());
        if let Some(log) = &log {
            measure(log.writer(), &recording);
        }
        let queues = Mutex::default();
        Self { own, recording, log, spare, recent, writers, spans: None, caller: None, queues }
    }

    /// The same, for others who get spans.
    pub(super) fn again(&self, spans: Option<Queue>, caller: Option<Caller>) -> Self {
        Self {
            own: Arc::clone(&self.own),
            recording: self.recording.clone(),
            log: self.log.clone(),
            spare: ArrayQueue::new(SPARE),
            recent: Recent::default(),
            writers: Mutex::default(),
            spans,
            caller,
            queues: Mutex::default(),
        }
    }

    /// Who brings spans to where documents say.
    fn queue(&self, said: &Tracing) -> Option<Queue> {
        match (&said.provider, &self.caller) {
            _ if said.is_hidden => None,
            (None, _) => self.spans.clone(),
            (Some(provider), Some(caller)) => self.queue_to(provider, caller),
            (Some(_), None) => None,
        }
    }

    /// Who brings spans to a provider: the same as before, if somebody does.
    fn queue_to(&self, provider: &Arc<TelemetryProvider>, caller: &Caller) -> Option<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|(known, queue)| known == provider || !queue.is_last());
        if let Some((_, queue)) = queues.iter().find(|(known, _)| known == provider) {
            return Some(queue.clone());
        }
        let queue = queue_to(provider, caller, &self.own.workload, &self.recording)?;
        queues.push((Arc::clone(provider), queue.clone()));
        Some(queue)
    }

    /// Completes when the spans that wait are brought to where they are kept, or after `limit`.
    pub(super) async fn flush(&self, limit: Duration) {
        let named = self.queues.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = named.iter().map(|(_, queue)| queue).chain(&self.spans);
        futures_util::future::join_all(all.map(|queue| queue.flush(limit))).await;
    }

    /// Who writes to a file: the same for all who do.
    fn writer(&self, path: &str) -> Writer {
        let sink = Sink::named(path);
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, writer)) = writers.iter().find(|(known, _)| *known == sink) {
            return writer.clone();
        }
        let writer = Writer::new(sink.clone());
        measure(&writer, &self.recording);
        writers.push((sink, writer.clone()));
        writer
    }
}

/// Lines that are lost are measured.
fn measure(writer: &Writer, recording: &Recording) {
    writer.measured(|sink| dropped_lines(recording, sink.name()));
}

impl Report {
    /// The report that documents ask for.
    pub(super) fn new(of: Arc<Telemetry>, base: Arc<Base>) -> Self {
        let side = |said: &SideTelemetry| SideReport::new(said, &base);
        Self { client: side(&of.client), server: side(&of.server), of, base }
    }

    fn side(&self, side: Side) -> &SideReport {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// Whether nobody wants to know anything of the requests of a side.
    pub(super) fn is_idle(&self, side: Side) -> bool {
        let (side, is_watched) = (self.side(side), self.base.recent.is_watched());
        let is_traced = side.traces.sampling().is_some();
        side.logs.is_empty() && !side.metrics.are_kept() && !is_watched && !is_traced
    }

    /// How it is decided which requests of a side are traced.
    pub(super) fn sampling(&self, side: Side) -> Option<Sampling> {
        self.side(side).traces.sampling()
    }

    /// The same of its connections of which no requests are seen.
    pub(super) fn is_idle_of_connections(&self, side: Side) -> bool {
        let side = self.side(side);
        side.logs.is_empty() && !side.metrics.are_kept_of_connections()
    }

    /// A connection has come of which no requests are seen.
    pub(super) fn note_connection(&self, exchange: &mut Exchange) {
        if !self.side(exchange.side).logs.is_empty() {
            exchange.started = SystemTime::now();
        }
    }

    /// What such a connection counts in; `None` when nothing is measured.
    pub(super) fn connection(&self, exchange: &Exchange) -> Option<Counting> {
        self.side(exchange.side).metrics.connection(exchange)
    }

    /// A request has come.
    pub(super) fn note_request<B>(&self, exchange: &mut Exchange, request: &Request<B>) {
        let side = self.side(exchange.side);
        if !side.logs.is_empty() {
            exchange.started = SystemTime::now();
        }
        for Log { log, .. } in &side.logs {
            log.note_request(exchange, request);
        }
        if side.keeps_heads || self.base.recent.is_watched() {
            exchange.kept.heads = Some(Box::new(Heads {
                method: request.method().clone(),
                uri: request.uri().clone(),
                headers: request.headers().clone(),
                answer: HeaderMap::new(),
            }));
        }
    }

    /// It is answered.
    pub(super) fn note_response<B>(&self, exchange: &mut Exchange, response: &Response<B>) {
        let side = self.side(exchange.side);
        // Metrics ask for no such thing, and a look at the clock is a tenth of what they cost.
        if !side.logs.is_empty() {
            exchange.answered_after = Some(exchange.begun.elapsed());
        }
        for Log { log, .. } in &side.logs {
            log.note_response(exchange, response);
        }
        if let Some(heads) = &mut exchange.kept.heads {
            heads.answer.clone_from(response.headers());
        }
    }
}

impl Observe for Report {
    fn interval(&self, side: Side) -> Duration {
        self.side(side).metrics.interval()
    }

    fn lasts(&self, exchange: &Exchange, messages: [u64; 2]) {
        self.side(exchange.side).metrics.pass(exchange, messages);
    }

    fn ended(&self, mut exchange: Box<Exchange>) {
        let side = self.side(exchange.side);
        side.report(&exchange, &self.base.own);
        // Connections have no heads, and neither have requests that came before anybody looked.
        if exchange.kept.heads.is_some() && self.base.recent.is_watched() {
            self.base.recent.push(Seen::of(&exchange, &self.base.own));
        }
        side.traces.report(&mut exchange, &self.base.own);
        exchange.reset();
        // What is too much is let go.
        let _ = self.base.spare.push(exchange);
    }
}

impl SideReport {
    fn new(said: &SideTelemetry, base: &Base) -> Self {
        let by_hand = base.log.iter().map(|log| (log.clone(), None));
        let written = said.access_logs.iter().filter_map(|said| {
            let TelemetryProviderKind::LogFile(file) = &said.provider.kind else {
                tracing::warn!(provider = %said.provider.name, "an access log is written to files alone, not to this provider");
                return None;
            };
            let log = AccessLog::new(format(file, &said.provider.name), base.writer(&file.path));
            Some((log, Some(said.clone())))
        });
        let mut before = [0, 0];
        let logs: Vec<_> = by_hand
            .chain(written)
            .map(|(log, said)| {
                let of_this = log.texts();
                let log = Log { log, said, before };
                before = [before[0] + of_this[0], before[1] + of_this[1]];
                log
            })
            .collect();
        let metrics = Metrics::new(Arc::clone(&base.own), base.recording.clone(), said.metrics.clone());
        let filters = logs.iter().any(|log| log.said.as_ref().is_some_and(|said| said.filter.is_some()));
        let traces = Traces::new(&said.tracing, base.queue(&said.tracing));
        Self { keeps_heads: filters || metrics.evaluates(), metrics, traces, logs }
    }

    fn report(&self, exchange: &Exchange, own: &Own) {
        // A connection has counted for itself as long as it lasted.
        if !exchange.is_connection {
            self.metrics.record(exchange);
        }
        let texts = if self.keeps_heads { Texts::of(exchange, own) } else { Texts::default() };
        let attributes = || attributes::of(exchange, own, &texts);
        let all: usize = self.logs.last().map_or(0, |last| last.before[0] + last.log.texts()[0]);
        for Log { log, said, before } in &self.logs {
            if said.as_ref().is_none_or(|said| said.filter.is_none() || said.takes(&attributes())) {
                log.write(exchange, [before[0], all + before[1]]);
            }
        }
    }
}

/// The format that a document asks for; Istio's default where it is none.
fn format(file: &LogFile, provider: &str) -> Format {
    let (parsed, default): (_, fn() -> Format) = match &file.format {
        LogFormat::Text => return Format::text(),
        LogFormat::Json => return Format::json(),
        LogFormat::TextOf(text) => (Format::parse_text(text), Format::text),
        LogFormat::JsonOf(object) => (Format::parse_json(object), Format::json),
    };
    parsed.unwrap_or_else(|invalid| {
        tracing::warn!(
            provider,
            "the format of an access log cannot be used, Istio's is in its place: {invalid}"
        );
        default()
    })
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("of", &self.of).finish_non_exhaustive()
    }
}
