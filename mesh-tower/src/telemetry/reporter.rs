//! Begins exchanges, and takes them back when they have ended.

use super::{
    access_log::AccessLog,
    metrics::{Operations, Own},
    operation::LONGEST,
    recent::Look,
    recording::Recording,
    report::{Base, Report},
    spans::{SpanExporter, queue_of},
};
use crate::{
    Body, Caller,
    context::Arrival,
    event::{Exchange, Side, Workload, grpc_status},
    reply::is_grpc,
};
use arc_swap::ArcSwap;
use http::{HeaderMap, Request, Response, header::HOST};
use mesh_core::{identity::Identity, model::shown_authority, watch::Handle};
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a status line is besides its reason, and the empty line after the headers: `HTTP/1.1 200 OK`.
const STATUS_LINE: usize = 17 + 2;
/// What a request line is besides method and target: two spaces, `HTTP/1.1`, the end; and the empty line.
const REQUEST_LINE: usize = 12 + 2;

/// Reports the exchanges of one workload. Clones are the same reporter.
#[derive(Clone)]
pub struct Reporter(Arc<Shared>);

struct Shared {
    handle: Option<Handle>,
    now: ArcSwap<Report>,
    base: Arc<Base>,
}

impl Reporter {
    /// Reports for a workload, which is one of the service that has the host `service` and proves who it is with
    /// `identity`. Nothing is measured where `recording` leads to no recorder, and nothing is logged without a log.
    #[must_use]
    pub fn new(
        workload: Arc<Workload>,
        service: &str,
        identity: Identity,
        recording: &Recording,
        log: Option<AccessLog>,
    ) -> Self {
        let operations = Operations::default();
        let own = Own { workload, service: service.into(), identity, operations };
        Self::by(Base::new(Arc::new(own), recording.clone(), log), None)
    }

    /// The same, which brings spans to where `exporter` does, unless documents name somebody; those are called by `caller`.
    #[must_use]
    pub fn tracing(self, exporter: Option<SpanExporter>, caller: Option<Caller>) -> Self {
        let Shared { base, handle, .. } = &*self.0;
        let spans = exporter.map(|exporter| queue_of(exporter, &base.own.workload, &base.recording));
        Self::by(base.again(spans, caller), handle.clone())
    }

    /// The same, and metrics of requests have a label `operation`, of so many values at most; of no such label with 0.
    /// Those beyond are `other`, and what nobody names is `unknown`. The name of a call of gRPC is its method's, and that of
    /// other requests what an [`OperationLayer`](super::OperationLayer) says.
    #[must_use]
    pub fn with_operations(self, most: usize) -> Self {
        self.0.base.own.operations.allow(most);
        self
    }

    /// The same, by what documents say of telemetry.
    #[must_use]
    pub fn following(self, handle: Handle) -> Self {
        let base = &self.0.base;
        Self::by(base.again(base.spans.clone(), base.caller.clone()), Some(handle))
    }

    fn by(base: Base, handle: Option<Handle>) -> Self {
        let base = Arc::new(base);
        let said = handle.as_ref().map(|handle| Arc::clone(handle.snapshot().telemetry()));
        let report = Report::new(said.unwrap_or_default(), Arc::clone(&base));
        Self(Arc::new(Shared { handle, now: ArcSwap::from_pointee(report), base }))
    }

    /// Completes when the spans that wait are brought to where they are kept, or after `limit`. Cancel safe: what waits goes
    /// on waiting.
    pub async fn flush(&self, limit: Duration) {
        self.0.base.flush(limit).await;
    }

    /// Looks at the requests that end from now on.
    pub(crate) fn look(&self) -> Look {
        self.0.base.recent.look()
    }

    /// What is reported now; `None` when nobody wants to know anything of a side's requests.
    fn report(&self, side: Side) -> Option<Arc<Report>> {
        self.report_unless(|report| report.is_idle(side))
    }

    /// The same of its connections of which no requests are seen.
    pub(super) fn report_of_connections(&self, side: Side) -> Option<Arc<Report>> {
        self.report_unless(|report| report.is_idle_of_connections(side))
    }

    /// An exchange of which nothing is known.
    pub(super) fn fresh(&self) -> Box<Exchange> {
        self.0.base.spare.pop().unwrap_or_default()
    }

    fn report_unless(&self, is_idle: impl Fn(&Report) -> bool) -> Option<Arc<Report>> {
        let Shared { handle, now, base } = &*self.0;
        let report = now.load();
        let is_current = |handle: &Handle| handle.look(|table| Arc::ptr_eq(table.telemetry(), &report.of));
        let report = match handle.as_ref().filter(|handle| !is_current(handle)) {
            None if is_idle(&report) => return None,
            None => Arc::clone(&report),
            Some(handle) => {
                // Requests that come at the same moment make one each; the last of them stays.
                let new = Report::new(Arc::clone(handle.snapshot().telemetry()), Arc::clone(base));
                let new = Arc::new(new);
                now.store(Arc::clone(&new));
                new
            }
        };
        (!is_idle(&report)).then_some(report)
    }

    /// A request has come; `None` when nobody wants to know anything of it.
    pub(super) fn begin(
        &self,
        request: &Request<Body>,
        side: Side,
        is_gateway: bool,
    ) -> Option<(Box<Exchange>, Arc<Report>)> {
        let report = self.report(side)?;
        let mut exchange = self.fresh();
        let headers = request.headers();
        exchange.begun = Instant::now();
        exchange.side = side;
        exchange.is_gateway = is_gateway;
        exchange.version = request.version();
        exchange.is_grpc = is_grpc(headers);
        exchange.sampling = report.sampling(side);
        if let Some(arrival) = request.extensions().get::<Arrival>() {
            exchange.arrival = Some(arrival.clone());
        }
        let of_uri = || request.uri().authority().map(http::uri::Authority::as_str);
        let authority = headers.get(HOST).and_then(|host| host.to_str().ok()).or_else(of_uri);
        exchange.authority.push_str(shown_authority(authority.unwrap_or_default()));
        let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
        let line = REQUEST_LINE + request.method().as_str().len() + target;
        exchange.request_head_bytes = (line + size(headers)) as u64;
        let method = request.uri().path().trim_start_matches('/');
        if exchange.is_grpc && self.0.base.own.operations.are_told() && method.len() < LONGEST {
            exchange.operation.push_str(method);
        }
        report.note_request(&mut exchange, request);
        exchange.observer = Some(Arc::clone(&report) as _);
        Some((exchange, report))
    }
}

/// A response's head has come.
pub(super) fn answered<R>(exchange: &mut Exchange, report: &Report, response: &Response<R>) {
    exchange.status = Some(response.status());
    exchange.response_head_bytes = (STATUS_LINE + size(response.headers())) as u64;
    if exchange.is_grpc {
        exchange.grpc_status = grpc_status(response.headers());
    }
    report.note_response(exchange, response);
}

/// How much headers are, as HTTP/1.1 writes them.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}
