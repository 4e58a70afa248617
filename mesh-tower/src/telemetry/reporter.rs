//! Begins exchanges, and takes them back when they have ended.

use super::{
    access_log::AccessLog,
    metrics::{Metrics, Own},
    recording::Recording,
};
use crate::{
    Body,
    context::Arrival,
    event::{Exchange, Observe, Side, Workload, grpc_status},
    reply::is_grpc,
};
use crossbeam_queue::ArrayQueue;
use http::{HeaderMap, Request, Response, header::HOST};
use mesh_core::identity::Identity;
use std::{
    fmt,
    sync::Arc,
    time::{Instant, SystemTime},
};

/// How many exchanges that have ended are kept for further ones.
const SPARE: usize = 1024;

/// What a status line is besides its reason, and the empty line after the headers: `HTTP/1.1 200 OK`.
const STATUS_LINE: usize = 17 + 2;
/// What a request line is besides method and target: two spaces, `HTTP/1.1`, the end; and the empty line.
const REQUEST_LINE: usize = 12 + 2;

/// Reports the exchanges of one workload. Clones are the same reporter.
#[derive(Clone)]
pub struct Reporter(Arc<Shared>);

struct Shared {
    metrics: Metrics,
    log: Option<AccessLog>,
    spare: ArrayQueue<Box<Exchange>>,
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
        let own = Own { workload, service: service.into(), identity };
        Self(Arc::new(Shared {
            metrics: Metrics::new(own, recording.recorder()),
            log,
            spare: ArrayQueue::new(SPARE),
        }))
    }

    /// A request has come.
    pub(super) fn begin(&self, request: &Request<Body>, side: Side, is_gateway: bool) -> Box<Exchange> {
        let mut exchange = self.0.spare.pop().unwrap_or_default();
        let headers = request.headers();
        exchange.begun = Instant::now();
        exchange.side = side;
        exchange.is_gateway = is_gateway;
        exchange.version = request.version();
        exchange.is_grpc = is_grpc(headers);
        if let Some(arrival) = request.extensions().get::<Arrival>() {
            exchange.arrival = Some(arrival.clone());
        }
        let of_uri = || request.uri().authority().map(http::uri::Authority::as_str);
        let authority = headers.get(HOST).and_then(|host| host.to_str().ok()).or_else(of_uri);
        exchange.authority.push_str(authority.unwrap_or_default());
        let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
        let line = REQUEST_LINE + request.method().as_str().len() + target;
        exchange.request_bytes = (line + size(headers)) as u64;
        exchange.observer = Some(Arc::clone(&self.0) as _);
        if let Some(log) = &self.0.log {
            exchange.started = SystemTime::now();
            log.note_request(&mut exchange, request);
        }
        exchange
    }

    /// A response's head has come.
    pub(super) fn answered<R>(&self, exchange: &mut Exchange, response: &Response<R>) {
        exchange.answered_after = Some(exchange.begun.elapsed());
        exchange.status = Some(response.status());
        exchange.response_bytes = (STATUS_LINE + size(response.headers())) as u64;
        if exchange.is_grpc {
            exchange.grpc_status = grpc_status(response.headers());
        }
        if let Some(log) = &self.0.log {
            log.note_response(exchange, response);
        }
    }
}

/// How much headers are, as HTTP/1.1 writes them.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

impl Observe for Shared {
    fn ended(&self, mut exchange: Box<Exchange>) {
        self.metrics.record(&exchange);
        if let Some(log) = &self.log {
            log.write(&exchange);
        }
        exchange.reset();
        // What is too much is let go.
        let _ = self.spare.push(exchange);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
