//! Calls as often as can be, or as often as it is told, and looks at every answer.

use super::{Caller, latencies::Latencies};
use crate::{
    case::{Case, Protocol},
    message::Taken,
};
use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, HOST, TE, USER_AGENT},
};
use http_body_util::BodyExt;
use mesh_tower::BoxError;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// What is sent, and how often.
#[derive(Debug)]
pub(super) struct Load {
    request: Request<Bytes>,
    case: Case,
}

impl Load {
    /// For a case, to a service of this scheme and authority.
    ///
    /// # Errors
    /// When they are none.
    pub(super) fn new(case: &Case, service: &str) -> Result<Self, BoxError> {
        let uri: Uri = format!("{service}{}", case.asked.path()).parse()?;
        let mut request = Request::new(Bytes::new());
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static("peers"));
        if case.asked.is_grpc() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
            *request.method_mut() = Method::POST;
            *request.body_mut() = message();
        } else {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        *request.uri_mut() = uri;
        Ok(Self { request, case: *case })
    }
}

/// What a bare connection sends: the path alone, and the host beside it.
pub(super) fn in_origin_form(mut request: Request<Bytes>, protocol: Protocol) -> Request<Bytes> {
    if protocol == Protocol::H1 {
        let path = request.uri().path().parse().unwrap_or_default();
        *request.uri_mut() = path;
        request.headers_mut().insert(HOST, HeaderValue::from_static("product"));
    }
    request
}

/// An empty message of gRPC.
fn message() -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_bytes(0, crate::case::PREFIX);
    bytes.freeze()
}

/// Lets all callers call at once for some time.
///
/// # Errors
/// When one of them panics.
pub(super) async fn drive<C: Caller>(
    callers: &[C],
    load: &Load,
    lasting: Duration,
) -> Result<Taken, BoxError> {
    let begun = Instant::now();
    let until = begun + lasting;
    let request = Arc::new(load.request.clone());
    let mut tasks = Vec::with_capacity(callers.len());
    for (number, caller) in (0..).zip(callers) {
        let worker = Worker {
            caller: caller.clone(),
            request: Arc::clone(&request),
            length: load.case.asked.length(),
            is_grpc: load.case.asked.is_grpc(),
            latencies: Latencies::default(),
            failures: 0,
        };
        // Those of a paced run begin one after another, so that their requests do not come in bursts.
        let interval = load.case.interval();
        let first = begun + interval.unwrap_or_default() * number / u32::try_from(callers.len())?;
        tasks.push(tokio::spawn(async move {
            match interval {
                Some(interval) => worker.pace(first, interval, until).await,
                None => worker.hurry(until).await,
            }
        }));
    }
    let (mut latencies, mut failures) = (Latencies::default(), 0);
    for task in tasks {
        let worker = task.await?;
        latencies.add(&worker.latencies);
        failures += worker.failures;
    }
    let elapsed = begun.elapsed();
    let [p50, p99] = [0.5, 0.99].map(|share| latencies.quantile(share));
    Ok(Taken { requests: latencies.count(), failures, elapsed, p50, p99 })
}

/// One caller, which waits for each answer before it calls again.
struct Worker<C> {
    caller: C,
    request: Arc<Request<Bytes>>,
    length: usize,
    is_grpc: bool,
    latencies: Latencies,
    failures: u64,
}

impl<C: Caller> Worker<C> {
    async fn hurry(mut self, until: Instant) -> Self {
        let mut begun = Instant::now();
        while begun < until {
            begun = self.ask(begun).await;
        }
        self
    }

    async fn pace(mut self, first: Instant, interval: Duration, until: Instant) -> Self {
        let mut ticks = interval_at(first, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            ticks.tick().await;
            let now = Instant::now();
            if now >= until {
                return self;
            }
            self.ask(now).await;
        }
    }

    /// Calls once, and says when that was over.
    async fn ask(&mut self, begun: Instant) -> Instant {
        let request = self.request.as_ref().clone();
        let outcome = match self.caller.call(request).await {
            Ok(response) => look_at(response, self.length, self.is_grpc).await,
            Err(error) => Err(error),
        };
        let now = Instant::now();
        match outcome {
            Ok(()) => self.latencies.note(now - begun),
            Err(error) => {
                if self.failures == 0 {
                    eprintln!("peers: a request failed: {error}");
                }
                self.failures += 1;
                // Failures are quick, and a million of them tell no more than a few.
                sleep(Duration::from_millis(1)).await;
            }
        }
        now
    }
}

/// Reads an answer to its end, and looks whether it is the one that was asked for.
async fn look_at<B>(response: Response<B>, length: usize, is_grpc: bool) -> Result<(), BoxError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let status = response.status();
    let (mut body, mut count) = (response.into_body(), 0);
    let mut is_ended_well = !is_grpc;
    while let Some(frame) = body.frame().await {
        match frame.map_err(Into::into)?.into_data() {
            Ok(data) => count += data.len(),
            Err(frame) => {
                let status = frame.trailers_ref().and_then(|trailers| trailers.get("grpc-status"));
                is_ended_well = status.is_some_and(|status| status == "0");
            }
        }
    }
    if status == StatusCode::OK && count == length && is_ended_well {
        return Ok(());
    }
    Err(format!("the answer is {status} with {count} bytes, not 200 with {length}").into())
}
