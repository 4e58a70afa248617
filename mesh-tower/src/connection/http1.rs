//! HTTP/1.1: a connection carries one request at a time.

use super::{
    again::{Above, Copy},
    connect,
    counts::{Active, Pending},
    failure::failed,
    head,
    keeper::Keeper,
    kept::Kept,
    lease::Leased,
    life::Verdict,
    pool::{Opening, Pool, Store, Turn, unconnected},
    table::Endpoint,
};
use crate::{
    body::Body,
    context::Upstream,
    error::{BoxError, Error, Kind},
    reply::is_upgrade,
};
use bytes::Bytes;
use crossbeam_queue::SegQueue;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use http_body::Frame;
use hyper::body::Incoming;
use mesh_core::{
    identity::Spoken,
    model::{ConnectionPool, TrafficPolicy},
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::Instant;

/// The connections that rest.
#[derive(Debug, Default)]
pub(super) struct Http1 {
    // Boxed, since they go from hand to hand with each request.
    resting: SegQueue<Box<Kept>>,
    /// Those that were found at their end where none may be dropped.
    ended: SegQueue<Box<Kept>>,
    pub(super) keeper: Keeper,
}

/// A connection that was taken, and rests again when it is dropped.
#[derive(Debug)]
pub(super) struct Ready {
    kept: Option<Box<Kept>>,
    pool: Arc<Pool<Http1>>,
}

/// A connection that carries a request. Dropped without being given back, it closes.
#[derive(Debug)]
pub(super) struct Lease {
    kept: Box<Kept>,
    pool: Arc<Pool<Http1>>,
    is_last: bool,
    active: Active,
}

impl Store for Http1 {
    type Ready = Ready;

    const SPOKEN: Spoken = Spoken::Http1;

    const MOST_OPENING: u32 = u32::MAX;

    fn take(pool: &Arc<Pool<Self>>, _: &ConnectionPool) -> Option<Ready> {
        while let Some(kept) = pool.store.resting.pop() {
            if kept.can_serve() {
                return Some(Ready { kept: Some(kept), pool: Arc::clone(pool) });
            }
            pool.store.ended.push(kept);
        }
        None
    }

    fn bury(&self) {
        if !self.ended.is_empty() {
            // All at once: each makes room, for which somebody else may look here in turn.
            let ended: Vec<_> = std::iter::from_fn(|| self.ended.pop()).collect();
            drop(ended);
        }
    }

    fn clear(&self) {
        while self.resting.pop().is_some() {}
    }
}

impl Pool<Http1> {
    fn put(self: &Arc<Self>, mut kept: Box<Kept>) {
        let now = Instant::now();
        kept.rest(now);
        if kept.judge(now) == Some(Verdict::Close) {
            return;
        }
        self.store.resting.push(kept);
        self.store.keeper.call();
        self.stored();
        self.serve();
    }

    /// Closes connections whose time is over or that have ended, and is woken when one does. Tells when the next one's time
    /// is over.
    pub(super) fn look_after(self: &Arc<Self>, cx: &mut Context<'_>) -> Option<Instant> {
        self.store.keeper.looks();
        let (now, mut next) = (Instant::now(), None);
        for _ in 0..self.store.resting.len() {
            let Some(mut kept) = self.store.resting.pop() else { break };
            kept.watch(cx);
            let verdict = kept.judge(now);
            if !kept.can_serve() || verdict == Some(Verdict::Close) {
                continue;
            }
            if let Some(Verdict::Wait(until)) = verdict {
                next = Some(next.map_or(until, |next: Instant| next.min(until)));
            }
            self.store.resting.push(kept);
        }
        // Those that this held may have been missed.
        self.stored();
        self.serve();
        next
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.pool.put(kept);
        }
    }
}

impl Ready {
    /// Uses it for a request, if one more may be under way.
    fn lease(mut self, bounds: &ConnectionPool) -> Result<Lease, Error> {
        let active = self.pool.counts().begin(bounds.max_requests)?;
        let mut kept = self.kept.take().expect("it is gone with this value alone");
        let is_last = kept.count(bounds.max_requests_per_connection);
        Ok(Lease { kept, pool: Arc::clone(&self.pool), is_last, active })
    }
}

impl Lease {
    /// More of the response's body, as it comes.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.kept.poll_frame(body, cx)
    }

    /// Gives the connection back as soon as it can take another request; usually that is now.
    pub(super) fn give_back(self) {
        let Self { mut kept, pool, is_last, active } = self;
        drop(active);
        if is_last {
            return;
        }
        if kept.is_ready() {
            pool.put(kept);
        } else if !kept.is_closed()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // The end of the response is still to be read, or the request's body still goes out.
            runtime.spawn(async move {
                if poll_fn(|cx| kept.poll_ready(cx)).await.is_ok() {
                    pool.put(kept);
                }
            });
        }
    }
}

/// Sends a request, and opens a connection for it if none rests.
pub(super) fn send(
    upstream: Upstream,
    endpoint: Arc<Endpoint>,
    policy: Arc<TrafficPolicy>,
    mut request: Request<Body>,
    above: Above,
) -> BoxFuture<'static, Result<Response<Body>, BoxError>> {
    // No `async fn`: in one of those the request would lie twice.
    Box::pin(async move {
        let pool = &endpoint.http1;
        let mut prefers_fresh = false;
        loop {
            let copy = Copy::of_harmless(&request, above);
            head::for_http1(&mut request);
            let resting = if prefers_fresh { None } else { pool.ready(&policy) };
            let (ready, is_fresh, pending) = match resting {
                Some(ready) => (ready, false, None),
                // Boxed: few requests wait, and all others keep a small future.
                None => Box::pin(wait(&upstream, &policy, pool)).await?,
            };
            let mut lease = ready.lease(&policy.connection_pool)?;
            drop(pending);
            lease.kept.announce();
            let asks_for_tunnel = request.method() == Method::CONNECT;
            let mut sending = pin!(lease.kept.send(request));
            let mut failure = match poll_fn(|cx| lease.kept.poll_answer(sending.as_mut(), cx)).await {
                Ok(response) => {
                    if is_upgrade(asks_for_tunnel, response.status()) {
                        // What follows is the affair of whoever takes the stream over.
                        lease.kept.detach();
                    }
                    return Ok(response.map(|body| Body::leased(Leased::http1(body, lease))));
                }
                Err(failure) => failure,
            };
            let unsent = failure.take_message();
            let error = failed(failure.into_error());
            let was_closed = error.kind() == Kind::ConnectionTermination;
            // The server closed the connection while it rested: nobody has looked at the request, or at worst somebody
            // looks twice at one that changes nothing.
            prefers_fresh = unsent.is_none();
            let again = unsent.or_else(|| copy.filter(|_| was_closed).and_then(Copy::into_request));
            match again {
                Some(again) if !is_fresh => request = again,
                _ => return Err(error.into()),
            }
        }
    })
}

/// A connection for a request that has to wait for one, and whether it is a new one.
async fn wait(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    pool: &Arc<Pool<Http1>>,
) -> Result<(Ready, bool, Option<Pending>), Error> {
    let (turn, pending) = pool.turn(policy).await?;
    let (ready, is_fresh) = match turn {
        Turn::Ready(ready) => (ready, false),
        Turn::Failed(kind) => return Err(unconnected(kind)),
        Turn::Open(opening) => (open(upstream, policy, opening, pool).await?, true),
    };
    Ok((ready, is_fresh, Some(pending)))
}

async fn open(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    mut opening: Opening<Http1>,
    pool: &Arc<Pool<Http1>>,
) -> Result<Ready, Error> {
    let kept =
        connect::http1(upstream, policy, &mut opening).await.inspect_err(|error| opening.fail(error))?;
    pool.store.keeper.start(pool, &policy.connection_pool);
    Ok(Ready { kept: Some(Box::new(kept)), pool: Arc::clone(pool) })
}
