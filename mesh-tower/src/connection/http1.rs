//! HTTP/1.1: a connection carries one request at a time.

use super::{
    again::{Above, Copy},
    connect,
    counts::{Active, Pending},
    failure::failed,
    head,
    lease::Leased,
    life::Life,
    pool::{Opening, Pool, Store, Turn, unconnected},
    table::Endpoint,
};
use crate::{
    body::Body,
    context::Upstream,
    error::{BoxError, Error, Kind},
};
use crossbeam_queue::SegQueue;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::client::conn::http1::SendRequest;
use mesh_core::{
    identity::Spoken,
    model::{ConnectionPool, TrafficPolicy},
};
use std::sync::Arc;
use tokio::time::Instant;

/// The connections that rest.
#[derive(Debug, Default)]
pub(super) struct Http1(SegQueue<Kept>);

/// A connection.
#[derive(Debug)]
pub(super) struct Kept {
    sender: SendRequest<Body>,
    life: Arc<Life>,
    served: u32,
}

/// A connection that was taken, and rests again when it is dropped.
#[derive(Debug)]
pub(super) struct Ready {
    kept: Option<Kept>,
    pool: Arc<Pool<Http1>>,
}

/// A connection that carries a request. Dropped without being given back, it closes.
#[derive(Debug)]
pub(super) struct Lease {
    kept: Kept,
    pool: Arc<Pool<Http1>>,
    is_last: bool,
    active: Active,
}

impl Store for Http1 {
    type Ready = Ready;

    const SPOKEN: Spoken = Spoken::Http1;

    const MOST_OPENING: u32 = u32::MAX;

    fn take(pool: &Arc<Pool<Self>>, _: &ConnectionPool) -> Option<Ready> {
        while let Some(kept) = pool.store.0.pop() {
            // In this order: a connection that is used does not close for having rested too long.
            if kept.life.claim(u32::MAX) && kept.sender.is_ready() && !kept.life.is_spent() {
                return Some(Ready { kept: Some(kept), pool: Arc::clone(pool) });
            }
        }
        None
    }

    fn clear(&self) {
        while self.0.pop().is_some() {}
    }
}

impl Pool<Http1> {
    fn put(self: &Arc<Self>, kept: Kept) {
        if kept.life.is_spent() {
            return;
        }
        kept.life.release(Instant::now());
        self.store.0.push(kept);
        self.stored();
        self.serve();
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
        kept.served = kept.served.saturating_add(1);
        let is_last = bounds.max_requests_per_connection.is_some_and(|most| kept.served >= most);
        Ok(Lease { kept, pool: Arc::clone(&self.pool), is_last, active })
    }
}

impl Lease {
    /// Gives the connection back as soon as it can take another request; usually that is now.
    pub(super) fn give_back(self) {
        let Self { mut kept, pool, is_last, active } = self;
        drop(active);
        if is_last {
            return;
        }
        if kept.sender.is_ready() {
            pool.put(kept);
        } else if !kept.sender.is_closed()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // The connection's own task has yet to see that the response is over, or the request's body still goes out.
            runtime.spawn(async move {
                if kept.sender.ready().await.is_ok() {
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
            lease.kept.life.announce();
            let mut failure = match lease.kept.sender.try_send_request(request).await {
                Ok(response) => return Ok(response.map(|body| Body::leased(Leased::http1(body, lease)))),
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
    let (sender, life) =
        connect::http1(upstream, policy, &mut opening).await.inspect_err(|error| opening.fail(error))?;
    life.claim(u32::MAX);
    let kept = Kept { sender, life, served: 0 };
    Ok(Ready { kept: Some(kept), pool: Arc::clone(pool) })
}
