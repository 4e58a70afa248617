//! Connections that wait for their next request, by endpoint.

use crate::{body::Body, context::Upstream, error::Error};
use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_queue::SegQueue;
use hyper::client::conn::{http1, http2};
use mesh_core::table::{Generation, Snapshot};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// How long a connection may lie idle. Istio's default.
const IDLE: Duration = Duration::from_secs(3600);

/// The pools of all endpoints.
#[derive(Debug, Default)]
pub(super) struct Pools(ArcSwap<Table>);

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    pools: FxHashMap<Upstream, Arc<EndpointPool>>,
}

/// The connections to one endpoint.
#[derive(Debug, Default)]
pub(super) struct EndpointPool {
    idle: SegQueue<Idle>,
    shared: ArcSwapOption<http2::SendRequest<Body>>,
    /// Held while the shared connection is opened, so that it is opened once.
    opening: Mutex<()>,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<Body>,
    since: Instant,
}

impl Pools {
    /// The pool of an endpoint, made when it is asked for the first time.
    pub(super) fn of(&self, upstream: &Upstream, snapshot: Option<&Snapshot>) -> Arc<EndpointPool> {
        if let Some(snapshot) = snapshot
            && self.0.load().generation < snapshot.generation()
        {
            self.follow(snapshot);
        }
        if let Some(pool) = self.0.load().pools.get(upstream) {
            return Arc::clone(pool);
        }
        self.add(upstream)
    }

    fn add(&self, upstream: &Upstream) -> Arc<EndpointPool> {
        let new = Arc::new(EndpointPool::default());
        self.0.rcu(|table| {
            if table.pools.contains_key(upstream) {
                return Arc::clone(table);
            }
            let mut pools = table.pools.clone();
            pools.insert(upstream.clone(), Arc::clone(&new));
            Arc::new(Table { generation: table.generation, pools })
        });
        self.0.load().pools.get(upstream).cloned().unwrap_or(new)
    }

    /// Forgets the pools of endpoints that are gone; requests under way finish on the connections they have.
    fn follow(&self, snapshot: &Snapshot) {
        let endpoints = snapshot
            .backends()
            .flat_map(|backend| backend.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.port)));
        let present: FxHashSet<_> = endpoints.collect();
        self.0.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let kept = table
                .pools
                .iter()
                .filter(|(upstream, _)| present.contains(&(&upstream.address, upstream.port)));
            let pools = kept.map(|(upstream, pool)| (upstream.clone(), Arc::clone(pool))).collect();
            Arc::new(Table { generation: snapshot.generation(), pools })
        });
    }
}

impl EndpointPool {
    /// An idle HTTP/1.1 connection that is still open.
    pub(super) fn take(&self) -> Option<http1::SendRequest<Body>> {
        while let Some(idle) = self.idle.pop() {
            if idle.sender.is_ready() && idle.since.elapsed() < IDLE {
                return Some(idle.sender);
            }
        }
        None
    }

    /// Puts a connection back that can take another request.
    pub(super) fn put(&self, sender: http1::SendRequest<Body>) {
        self.idle.push(Idle { sender, since: Instant::now() });
    }

    /// The shared HTTP/2 connection, opened by `open` if there is none. Cancel safe: another caller opens it then.
    pub(super) async fn shared(
        &self,
        open: impl Future<Output = Result<http2::SendRequest<Body>, Error>>,
    ) -> Result<http2::SendRequest<Body>, Error> {
        if let Some(sender) = self.usable() {
            return Ok(sender);
        }
        let _opening = self.opening.lock().await;
        if let Some(sender) = self.usable() {
            return Ok(sender);
        }
        let sender = open.await?;
        self.shared.store(Some(Arc::new(sender.clone())));
        Ok(sender)
    }

    fn usable(&self) -> Option<http2::SendRequest<Body>> {
        self.shared.load().as_deref().filter(|sender| !sender.is_closed()).cloned()
    }

    /// Forgets the shared connection if it is this one, which was found closed.
    pub(super) fn forget_closed(&self) {
        if self.usable().is_none() {
            self.shared.store(None);
        }
    }
}
