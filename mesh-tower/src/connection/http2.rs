//! HTTP/2: a connection carries many requests at once.

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
    error::{BoxError, Error},
};
use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::client::conn::http2::SendRequest;
use mesh_core::{
    identity::Spoken,
    model::{ConnectionPool, TrafficPolicy},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};
use tokio::time::Instant;

/// How often a request is sent again that the server said it has not looked at, because its connection was going away.
/// Each time it takes another connection, so this is also how many connections in turn may end before it.
const MOST_MOVES: u32 = 32;

/// The open connections.
#[derive(Debug, Default)]
pub(super) struct Http2(ArcSwap<Vec<Arc<Shared>>>);

/// A connection that many requests share.
#[derive(Debug)]
pub(super) struct Shared {
    sender: SendRequest<Body>,
    life: Arc<Life>,
    begun: AtomicU32,
}

/// One stream of a connection, before its request is sent.
#[derive(Debug)]
pub(super) struct Stream {
    shared: Arc<Shared>,
    claim: Claim,
}

/// What counts of a stream to its end. It holds nothing by which a request could be sent: a request that reaches a
/// connection at the moment of its end is only given back when nobody can send another.
#[derive(Debug)]
struct Claim {
    life: Arc<Life>,
    pool: Arc<Pool<Http2>>,
}

/// One stream that carries a request.
#[derive(Debug)]
pub(super) struct Carried {
    _claim: Claim,
    _active: Active,
}

impl Store for Http2 {
    type Ready = Stream;

    const SPOKEN: Spoken = Spoken::Http2;

    // Those who wait share it once it is there.
    const MOST_OPENING: u32 = 1;

    fn take(pool: &Arc<Pool<Self>>, bounds: &ConnectionPool) -> Option<Stream> {
        let list = pool.store.0.load();
        let shared = list.iter().find(|shared| shared.claim(pool, bounds))?;
        Some(Stream::new(Arc::clone(shared), pool))
    }

    fn clear(&self) {
        self.0.store(Arc::default());
    }
}

impl Shared {
    /// Claims a stream, if this connection has another one for a request.
    fn claim(self: &Arc<Self>, pool: &Pool<Http2>, bounds: &ConnectionPool) -> bool {
        if self.sender.is_closed() || self.life.is_spent() || !self.life.claim(bounds.max_concurrent_streams)
        {
            return false;
        }
        let Some(most) = bounds.max_requests_per_connection else { return true };
        let begun = self.begun.fetch_add(1, Relaxed).saturating_add(1);
        if begun >= most {
            pool.forget(&self.life);
        }
        if begun > most {
            // Not by dropping a stream, which would serve the line that may be asking.
            self.life.release(Instant::now());
        }
        begun <= most
    }
}

impl Pool<Http2> {
    fn add(&self, shared: &Arc<Shared>) {
        self.store.0.rcu(|list| {
            let open = list.iter().filter(|other| !other.sender.is_closed());
            open.chain([shared]).cloned().collect::<Vec<_>>()
        });
        self.stored();
    }

    /// Sends no further request over a connection, which closes when those under way are over.
    pub(super) fn forget(&self, life: &Arc<Life>) {
        self.store.0.rcu(|list| {
            let others = list.iter().filter(|other| !Arc::ptr_eq(&other.life, life));
            others.cloned().collect::<Vec<_>>()
        });
    }
}

impl Stream {
    fn new(shared: Arc<Shared>, pool: &Arc<Pool<Http2>>) -> Self {
        let claim = Claim { life: Arc::clone(&shared.life), pool: Arc::clone(pool) };
        Self { shared, claim }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.life.release(Instant::now());
        self.pool.serve();
    }
}

/// Sends a request over a shared connection, and opens one if there is none that has room.
pub(super) fn send(
    upstream: Upstream,
    endpoint: Arc<Endpoint>,
    policy: Arc<TrafficPolicy>,
    mut request: Request<Body>,
    above: Above,
) -> BoxFuture<'static, Result<Response<Body>, BoxError>> {
    // No `async fn`: in one of those the request would lie twice.
    Box::pin(async move {
        let pool = &endpoint.http2;
        let mut moves = 0;
        loop {
            let copy = Copy::of(&request, above);
            head::for_http2(&mut request);
            let (stream, pending) = match pool.ready(&policy) {
                Some(stream) => (stream, None),
                // Boxed: few requests wait, and all others keep a small future.
                None => Box::pin(wait(&upstream, &policy, pool)).await?,
            };
            let active = pool.counts().begin(policy.connection_pool.max_requests)?;
            drop(pending);
            let Stream { shared, claim } = stream;
            claim.life.announce();
            let sending = shared.sender.clone().try_send_request(request);
            // Only the pool's own keeps the connection open.
            drop(shared);
            let mut failure = match sending.await {
                Ok(response) => {
                    let carried = Carried { _claim: claim, _active: active };
                    return Ok(response.map(|body| Body::leased(Leased::http2(body, carried))));
                }
                Err(failure) => failure,
            };
            let unsent = failure.take_message();
            let was_away = unsent.is_some() || is_away(failure.error());
            if was_away {
                pool.forget(&claim.life);
                moves += 1;
            }
            // What is said of a GOAWAY is not exact: of a stream that was opened at the very moment at which it came hyper
            // says the same as of one that the server has not looked at.
            let copy = copy.filter(|copy| was_away && copy.is_idempotent());
            let again = unsent.or_else(|| copy.and_then(Copy::into_request));
            match again.filter(|_| moves <= MOST_MOVES) {
                Some(again) => request = again,
                None => return Err(failed(failure.into_error()).into()),
            }
        }
    })
}

/// A stream for a request that has to wait for one.
async fn wait(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    pool: &Arc<Pool<Http2>>,
) -> Result<(Stream, Option<Pending>), Error> {
    let (turn, pending) = pool.turn(policy).await?;
    let stream = match turn {
        Turn::Ready(stream) => stream,
        Turn::Failed(kind) => return Err(unconnected(kind)),
        Turn::Open(opening) => open(upstream, policy, opening, pool).await?,
    };
    Ok((stream, Some(pending)))
}

/// Whether the connection was going away, and the server has not looked at the request. What it refuses to look at for
/// reasons of its own is for the retry policy: another endpoint may have less to do.
fn is_away(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    // Streams that a GOAWAY ends are those that the server says it has not looked at (RFC 9113, 6.8).
    cause.is_some_and(|cause| cause.is_go_away() && cause.is_remote())
}

async fn open(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    mut opening: Opening<Http2>,
    pool: &Arc<Pool<Http2>>,
) -> Result<Stream, Error> {
    let (sender, life) = connect::http2(upstream, policy, &mut opening, Arc::downgrade(pool))
        .await
        .inspect_err(|error| opening.fail(error))?;
    let shared = Arc::new(Shared { sender, life, begun: AtomicU32::new(0) });
    // The one who opened it is its first user, before those who wait have theirs.
    let bounds = &policy.connection_pool;
    let is_claimed = shared.claim(pool, bounds);
    debug_assert!(is_claimed || shared.sender.is_closed(), "every bound admits one");
    if !is_claimed {
        shared.life.claim(u32::MAX);
    } else if bounds.max_requests_per_connection != Some(1) {
        pool.add(&shared);
    }
    Ok(Stream::new(shared, pool))
}
