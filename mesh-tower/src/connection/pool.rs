//! The connections of one version of HTTP to one endpoint, and who gets them.

use super::{
    counts::{Counts, Pending, Slot, Vacated, claim},
    line::Line,
    table::Means,
    tls::Secure,
};
use crate::error::{Error, Kind};
use mesh_core::{
    identity::Spoken,
    model::{ConnectionPool, TrafficPolicy},
};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{
            AtomicBool, AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
};

/// The connections of one version of HTTP to one endpoint.
#[derive(Debug)]
pub(super) struct Pool<S: Store> {
    means: Means,
    counts: Arc<Counts>,
    /// How each is secured; none is in plain text when this is something.
    secure: Option<Secure>,
    /// How many are open, or being opened.
    open: AtomicU32,
    /// How many are being opened.
    opening: AtomicU32,
    line: Line<Turn<S>>,
    /// Whether its endpoint is gone.
    is_retired: AtomicBool,
    pub(super) store: S,
}

/// Where the connections are kept that can take a request.
pub(super) trait Store: fmt::Debug + Default + Send + Sync + 'static {
    /// A connection that can, until it is dropped: then it is where it was.
    type Ready: fmt::Debug + Send;

    /// What is spoken over them.
    const SPOKEN: Spoken;

    /// How many are opened at once.
    const MOST_OPENING: u32;

    /// One of them.
    fn take(pool: &Arc<Pool<Self>>, bounds: &ConnectionPool) -> Option<Self::Ready>;

    /// Keeps none of them any longer; those that are used close when they no longer are.
    fn clear(&self);
}

/// What a request gets at its turn.
#[derive(Debug)]
pub(super) enum Turn<S: Store> {
    /// A connection.
    Ready(S::Ready),
    /// The right to open one.
    Open(Opening<S>),
    /// Nothing: another request could not connect.
    Failed(Kind),
}

/// The right to open a connection, held while it is opened.
#[derive(Debug)]
pub(super) struct Opening<S: Store> {
    pool: Arc<Pool<S>>,
    slot: Option<Slot>,
}

/// What a request ends with whose connection another one could not open.
pub(super) fn unconnected(kind: Kind) -> Error {
    Error::because(kind, "another request could not connect to the endpoint")
}

impl<S: Store> Pool<S> {
    /// No connections, which will count among these, be made with these means, and be secured so.
    pub(super) fn new(counts: Arc<Counts>, means: Means, secure: Option<Secure>) -> Arc<Self> {
        let (open, opening) = (AtomicU32::new(0), AtomicU32::new(0));
        let (line, is_retired) = (Line::default(), AtomicBool::new(false));
        Arc::new(Self { means, counts, secure, open, opening, line, is_retired, store: S::default() })
    }

    /// Its endpoint is gone: requests under way finish, and connections close as soon as nobody uses them.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, SeqCst);
        self.store.clear();
    }

    /// To be called when a connection was put into the store, which may be too late.
    pub(super) fn stored(&self) {
        if self.is_retired.load(SeqCst) {
            self.store.clear();
        }
    }

    /// What counts against the bounds of the backend.
    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// How many connections are open, or being opened.
    pub(super) fn open(&self) -> u32 {
        self.open.load(Relaxed)
    }

    /// A connection that can take a request at once, if nobody waits for one.
    pub(super) fn ready(self: &Arc<Self>, policy: &TrafficPolicy) -> Option<S::Ready> {
        self.line.is_empty().then(|| S::take(self, &policy.connection_pool)).flatten()
    }

    /// A connection, or the right to open one, which is preferred, at once or in turn. A request that gets no connection at
    /// once is pending until it has one. Cancel safe: the place in the line is lost, and nothing else.
    pub(super) async fn turn(
        self: &Arc<Self>,
        policy: &Arc<TrafficPolicy>,
    ) -> Result<(Turn<S>, Pending), Error> {
        let bounds = &policy.connection_pool;
        let pending = self.counts.wait(bounds.max_pending_requests)?;
        if self.line.is_empty()
            && let Some(opening) = self.claim(bounds)
        {
            // A connection that this request may not use once it is there is not opened.
            self.counts.check(bounds.max_requests)?;
            return Ok((Turn::Open(opening), pending));
        }
        let place = self.line.join(policy);
        self.serve();
        Ok((place.await, pending))
    }

    /// Gives those who wait what there is.
    pub(super) fn serve(self: &Arc<Self>) {
        let left = self.line.serve(|policy| {
            let bounds = &policy.connection_pool;
            let ready = S::take(self, bounds).map(Turn::Ready);
            ready.or_else(|| self.claim(bounds).map(Turn::Open))
        });
        drop(left);
    }

    fn claim(self: &Arc<Self>, bounds: &ConnectionPool) -> Option<Opening<S>> {
        if !claim(&self.opening, S::MOST_OPENING) {
            return None;
        }
        let pool: Weak<dyn Vacated> = Arc::<Self>::downgrade(self);
        let is_first = self.open.compare_exchange(0, 1, SeqCst, Relaxed).is_ok();
        let slot = self.counts.open(bounds.max_connections, is_first, pool);
        match &slot {
            Some(_) if !is_first => drop(self.open.fetch_add(1, SeqCst)),
            Some(_) => {}
            None => drop(self.opening.fetch_sub(1, Relaxed)),
        }
        slot.map(|slot| Opening { pool: Arc::clone(self), slot: Some(slot) })
    }
}

impl<S: Store> Vacated for Pool<S> {
    fn vacated(self: Arc<Self>) {
        self.open.fetch_sub(1, SeqCst);
        self.serve();
    }
}

impl<S: Store> Opening<S> {
    /// Tells those who wait that no connection could be made, so that they may be sent elsewhere instead of finding out one
    /// after the other.
    pub(super) fn fail(&self, error: &Error) {
        self.pool.line.serve(|_| Some(Turn::Failed(error.kind())));
    }

    /// What the connection is made with.
    pub(super) fn means(&self) -> &Means {
        &self.pool.means
    }

    /// How the connection is secured; `None` is in plain text.
    pub(super) fn secure(&self) -> Option<&Secure> {
        self.pool.secure.as_ref()
    }

    /// The place of the connection, which its socket holds.
    pub(super) fn slot(&mut self) -> Option<Slot> {
        self.slot.take()
    }
}

impl<S: Store> Drop for Opening<S> {
    fn drop(&mut self) {
        // In this order: what is given back first cannot be claimed before the second is.
        self.slot = None;
        self.pool.opening.fetch_sub(1, Relaxed);
        self.pool.serve();
    }
}
