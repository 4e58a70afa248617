//! The pools of all endpoints, by backend.

use super::{
    counts::{Counted, Counts},
    dialer::Dialer,
    http1::Http1,
    http2::Http2,
    pool::Pool,
    tls::Secure,
};
use crate::{context::Upstream, dns::Dns};
use arc_swap::{ArcSwap, ArcSwapOption};
use mesh_core::{
    identity::{ClientHandshake, Clients},
    table::{Backend, BackendName, Generation, Names, Snapshot},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    hash::Hash,
    sync::{Arc, OnceLock},
};

/// The most hosts whose connections to one endpoint are told apart while some of them have none.
const MOST_HOSTS: usize = 1024;

/// The pools of all endpoints of all backends that were ever asked for.
#[derive(Debug, Default)]
pub(super) struct Table {
    means: Means,
    routed: ArcSwap<Routed>,
    /// For requests that no table sends to a backend.
    others: Arc<Cluster>,
}

/// What connections are made with.
#[derive(Clone, Debug, Default)]
pub(super) struct Means {
    /// Who knows addresses.
    pub(super) dns: Dns,
    /// What secures them.
    pub(super) clients: Arc<Clients>,
    /// Who knows other ways than TCP.
    pub(super) dialer: Option<Arc<dyn Dialer>>,
}

#[derive(Clone, Debug, Default)]
struct Routed {
    generation: Generation,
    clusters: FxHashMap<BackendName, Arc<Cluster>>,
}

/// The connections to one backend. Two backends that share an endpoint share no connection, as in Envoy.
#[derive(Debug, Default)]
struct Cluster {
    means: Means,
    counts: Arc<Counts>,
    /// The last one whose names stand for these endpoints, if it has names.
    resolved: ArcSwapOption<Backend>,
    endpoints: ArcSwap<FxHashMap<Upstream, Arc<Endpoint>>>,
}

/// The connections to one endpoint: all in plain text, or all secured in the same way.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) http1: Arc<Pool<Http1>>,
    pub(super) http2: Arc<Pool<Http2>>,
    /// Those that are for the requests to one host each.
    hosts: OnceLock<ArcSwap<Hosts>>,
}

type Hosts = FxHashMap<Box<str>, Arc<Endpoint>>;

impl Table {
    /// No connections, which will be made with these.
    pub(super) fn with(means: Means) -> Self {
        Self { others: Arc::new(Cluster::with(&means)), routed: ArcSwap::default(), means }
    }

    /// What connections are made with.
    pub(super) fn means(&self) -> &Means {
        &self.means
    }

    /// The pools of an endpoint of a backend, made when they are asked for the first time.
    pub(super) fn of(
        &self,
        upstream: &Upstream,
        snapshot: Option<&Snapshot>,
        backend: Option<&Arc<Backend>>,
    ) -> Arc<Endpoint> {
        let mut routed = self.routed.load();
        if let Some(snapshot) = snapshot
            && routed.generation < snapshot.generation()
        {
            self.follow(snapshot);
            routed = self.routed.load();
        }
        let Some(backend) = backend else { return self.others.endpoint(upstream) };
        if let Some(cluster) = routed.clusters.get(&backend.name) {
            let is_newest = || snapshot.is_some_and(|snapshot| snapshot.generation() == routed.generation);
            if backend.names == Names::Every && is_newest() {
                cluster.adopt(backend);
            }
            return cluster.endpoint(upstream);
        }
        let new = Arc::new(Cluster::with(&self.means));
        self.routed.rcu(|routed| {
            let clusters = with(&routed.clusters, &backend.name, &new);
            Routed { generation: routed.generation, clusters }
        });
        self.routed.load().clusters.get(&backend.name).unwrap_or(&new).endpoint(upstream)
    }

    /// What is open and under way to a backend; nothing before anything was sent there.
    pub(super) fn counts(&self, backend: &BackendName) -> Counted {
        self.routed.load().clusters.get(backend).map(|cluster| cluster.counts.now()).unwrap_or_default()
    }

    /// The pools of an endpoint for requests to a host, whose connections are secured by a handshake that depends on it.
    pub(super) fn for_host(
        &self,
        endpoint: &Endpoint,
        handshake: ClientHandshake,
        host: &str,
    ) -> Arc<Endpoint> {
        let hosts = endpoint.hosts.get_or_init(ArcSwap::default);
        if let Some(known) = hosts.load().get(host) {
            return Arc::clone(known);
        }
        let secure = Secure::new(&self.means.clients, handshake, host);
        let new = Endpoint::new(endpoint.http1.counts(), &self.means, Some(secure));
        hosts.rcu(|known| {
            let mut known = Hosts::clone(known);
            if known.len() >= MOST_HOSTS {
                // Whoever may choose the host could choose any number of them.
                known.retain(|_, endpoint| endpoint.is_open());
            }
            known.entry(host.into()).or_insert_with(|| Arc::clone(&new));
            known
        });
        hosts.load().get(host).cloned().unwrap_or(new)
    }

    /// Forgets the pools of endpoints that are gone; requests under way finish on the connections they have.
    fn follow(&self, snapshot: &Snapshot) {
        let before = self.routed.rcu(|routed| {
            if routed.generation >= snapshot.generation() {
                return Arc::clone(routed);
            }
            let kept = snapshot.backends().filter_map(|backend| {
                Some((backend.name.clone(), Arc::clone(routed.clusters.get(&backend.name)?)))
            });
            Arc::new(Routed { generation: snapshot.generation(), clusters: kept.collect() })
        });
        if before.generation >= snapshot.generation() {
            return;
        }
        self.means.dns.refresh_after(snapshot.dns_refresh());
        self.others.retain(&FxHashSet::default());
        let mut gone = before.clusters.clone();
        for backend in snapshot.backends() {
            let cluster = gone.remove(&backend.name);
            // What names stand for comes when a request does.
            if let Some(cluster) = cluster.filter(|_| backend.names != Names::Every) {
                cluster.retain(&endpoints(backend));
            }
        }
        gone.values().for_each(|cluster| cluster.retire());
    }
}

fn endpoints(backend: &Backend) -> FxHashSet<Upstream> {
    backend.endpoints.iter().map(|endpoint| Upstream::of(backend, endpoint)).collect()
}

impl Cluster {
    fn with(means: &Means) -> Self {
        Self { means: means.clone(), ..Self::default() }
    }

    /// Forgets the endpoints that the names of its backend no longer stand for.
    fn adopt(&self, backend: &Arc<Backend>) {
        if self.resolved.load().as_ref().is_none_or(|resolved| !Arc::ptr_eq(resolved, backend)) {
            self.resolved.store(Some(Arc::clone(backend)));
            self.retain(&endpoints(backend));
        }
    }

    fn endpoint(&self, upstream: &Upstream) -> Arc<Endpoint> {
        if let Some(endpoint) = self.endpoints.load().get(upstream) {
            return Arc::clone(endpoint);
        }
        // The host counts nothing for them: where it does, none of these is used.
        let secure = upstream.tls.clone().map(|handshake| Secure::new(&self.means.clients, handshake, ""));
        let new = Endpoint::new(&self.counts, &self.means, secure);
        self.endpoints.rcu(|endpoints| with(endpoints, upstream, &new));
        self.endpoints.load().get(upstream).cloned().unwrap_or(new)
    }

    /// Forgets all endpoints but those listed. A backend that lists none has requests' own addresses for endpoints: of
    /// those it forgets the ones without a connection.
    fn retain(&self, listed: &FxHashSet<Upstream>) {
        let before = self.endpoints.rcu(|endpoints| {
            let is_kept = |upstream: &Upstream, endpoint: &Endpoint| match listed.is_empty() {
                true => endpoint.is_open(),
                false => listed.contains(upstream),
            };
            let kept = endpoints.iter().filter(|(upstream, endpoint)| is_kept(upstream, endpoint));
            kept.map(|(upstream, endpoint)| (upstream.clone(), Arc::clone(endpoint)))
                .collect::<FxHashMap<_, _>>()
        });
        let left = self.endpoints.load();
        let gone = before.iter().filter(|(upstream, _)| !left.contains_key(*upstream));
        gone.for_each(|(_, endpoint)| endpoint.retire());
    }

    /// Closes all connections as soon as nobody uses them.
    fn retire(&self) {
        self.endpoints.load().values().for_each(|endpoint| endpoint.retire());
    }
}

impl Endpoint {
    fn new(counts: &Arc<Counts>, means: &Means, secure: Option<Secure>) -> Arc<Self> {
        Arc::new(Self {
            http1: Pool::new(Arc::clone(counts), means.clone(), secure.clone()),
            http2: Pool::new(Arc::clone(counts), means.clone(), secure),
            hosts: OnceLock::new(),
        })
    }

    fn retire(&self) {
        self.http1.retire();
        self.http2.retire();
        for host in
            self.hosts.get().iter().flat_map(|hosts| hosts.load().values().cloned().collect::<Vec<_>>())
        {
            host.retire();
        }
    }

    /// Whether there is any connection, or one is being opened.
    fn is_open(&self) -> bool {
        let of_a_host =
            || self.hosts.get().is_some_and(|hosts| hosts.load().values().any(|host| host.is_open()));
        self.http1.open() + self.http2.open() > 0 || of_a_host()
    }
}

/// The map with one entry more, unless there is one already.
fn with<K: Clone + Eq + Hash, V>(map: &FxHashMap<K, Arc<V>>, key: &K, new: &Arc<V>) -> FxHashMap<K, Arc<V>> {
    let mut map = map.clone();
    map.entry(key.clone()).or_insert_with(|| Arc::clone(new));
    map
}
