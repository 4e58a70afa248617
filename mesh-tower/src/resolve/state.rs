//! What is remembered of every backend whose endpoints have names.

use super::policy;
use crate::{
    Error, Kind,
    dns::{Dns, Name},
};
use arc_swap::{ArcSwap, ArcSwapOption};
use futures_util::future::join_all;
use mesh_core::{
    model::Address,
    table::{Backend, BackendName, Generation, Names, Snapshot},
};
use rustc_hash::FxHashMap;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::time::timeout;

/// The backends of the newest generation seen, as far as they were asked for.
#[derive(Debug)]
pub(super) struct Backends {
    dns: Dns,
    /// Whether there are any. Most processes have none, and need not look.
    is_used: AtomicBool,
    table: ArcSwap<Table>,
}

#[derive(Clone, Debug, Default)]
struct Table {
    generation: Generation,
    backends: FxHashMap<BackendName, Arc<Named>>,
}

/// A backend whose endpoints have names.
#[derive(Debug)]
pub(super) struct Named {
    dns: Dns,
    written: Arc<Backend>,
    /// One for each endpoint; none for those that have addresses.
    names: Box<[Option<Arc<Name>>]>,
    /// Whether there was one before it, whose requests wait for no name.
    is_known: bool,
    resolved: ArcSwapOption<Resolved>,
}

/// The backend with addresses for names, after so many changes of what is known.
#[derive(Debug)]
struct Resolved {
    changes: u64,
    backend: Arc<Backend>,
}

/// How a backend stands.
#[derive(Debug)]
pub(super) enum Standing {
    /// With these endpoints.
    Resolved(Arc<Backend>),
    /// Names have yet to be answered for.
    Waiting(Arc<Named>),
    /// No name has an address.
    Refused(Error),
}

impl Backends {
    pub(super) fn new(dns: Dns) -> Self {
        Self { dns, is_used: AtomicBool::new(false), table: ArcSwap::default() }
    }

    /// Forgets the backends that a newer table no longer has.
    pub(super) fn follow(&self, snapshot: &Snapshot) {
        if self.is_used.load(Relaxed) && self.table.load().generation < snapshot.generation() {
            self.dns.refresh_after(snapshot.dns_refresh());
            self.table.rcu(|table| Table::at(table, snapshot));
        }
    }

    /// How a backend of a table stands.
    pub(super) fn find(&self, snapshot: &Snapshot, written: &Arc<Backend>) -> Standing {
        let table = self.table.load();
        let known = table.backends.get(&written.name).filter(|named| Arc::ptr_eq(&named.written, written));
        match known {
            Some(named) => Named::stand(named),
            None => Named::stand(&self.add(snapshot, written)),
        }
    }

    /// Takes a backend in. One of an older table is for the request alone that brings it.
    fn add(&self, snapshot: &Snapshot, written: &Arc<Backend>) -> Arc<Named> {
        self.dns.refresh_after(snapshot.dns_refresh());
        self.is_used.store(true, Relaxed);
        let former = self.table.load().backends.get(&written.name).cloned();
        let named = Arc::new(Named::new(&self.dns, written, former.is_some()));
        self.table.rcu(|table| {
            if snapshot.generation() < table.generation {
                return Arc::clone(table);
            }
            let mut next = Table::clone(&Table::at(table, snapshot));
            next.backends.insert(written.name.clone(), Arc::clone(&named));
            Arc::new(next)
        });
        named
    }
}

impl Table {
    /// What is left of a table when the generation of a snapshot is the newest.
    fn at(table: &Arc<Self>, snapshot: &Snapshot) -> Arc<Self> {
        if table.generation >= snapshot.generation() {
            return Arc::clone(table);
        }
        let named = snapshot.backends().filter(|backend| backend.names != Names::None);
        let kept = named.filter_map(|backend| {
            Some((backend.name.clone(), Arc::clone(table.backends.get(&backend.name)?)))
        });
        Arc::new(Self { generation: snapshot.generation(), backends: kept.collect() })
    }
}

impl Named {
    fn new(dns: &Dns, written: &Arc<Backend>, is_known: bool) -> Self {
        let name = |address: &Address| match address {
            Address::Ip(_) => None,
            Address::Name(name) => Some(dns.keep(name)),
        };
        let names = written.endpoints.iter().map(|endpoint| name(&endpoint.address)).collect();
        let (dns, written) = (dns.clone(), Arc::clone(written));
        Self { dns, written, names, is_known, resolved: ArcSwapOption::empty() }
    }

    /// How it stands now.
    fn stand(named: &Arc<Self>) -> Standing {
        match named.resolved(named.is_known) {
            Some(backend) => named.usable(backend).map_or_else(Standing::Refused, Standing::Resolved),
            None => Standing::Waiting(Arc::clone(named)),
        }
    }

    /// The backend once all names are answered for, or as far as they are when the time is over to connect to it.
    pub(super) async fn answered(&self) -> Result<Arc<Backend>, Error> {
        let limit = self.written.policy.connection_pool.connect_timeout();
        let all = join_all(self.names.iter().flatten().map(|name| name.answered()));
        let is_late = timeout(limit, all).await.is_err();
        let late = || Error::because(Kind::NoEndpoint, "DNS did not answer within connectTimeout");
        self.usable(self.resolved(is_late).ok_or_else(late)?)
    }

    /// The backend with addresses for names; `None` when there is a name to wait for.
    fn resolved(&self, waits_for_none: bool) -> Option<Arc<Backend>> {
        // Before it is looked at what they are.
        let changes = self.dns.changes();
        let resolved = self.resolved.load();
        if let Some(same) = resolved.as_ref().filter(|resolved| resolved.changes == changes) {
            return Some(Arc::clone(&same.backend));
        }
        let known: Vec<_> = self.names.iter().map(|name| name.as_ref().map(|name| name.known())).collect();
        let waits = known.iter().any(|known| matches!(known, Some(None)));
        let addresses = known.into_iter().map(|known| known.flatten().map(|known| known.addresses));
        let endpoints = policy::endpoints(&self.written, &addresses.collect::<Vec<Option<Arc<[IpAddr]>>>>());
        if waits && (endpoints.is_empty() || resolved.is_none() && !waits_for_none) {
            return None;
        }
        let new = Arc::new(Backend { endpoints: endpoints.into(), ..Backend::clone(&self.written) });
        // Whoever was faster may have found the same; layers below know a backend by its place in memory.
        self.resolved.rcu(|resolved| {
            let same = resolved.as_ref().filter(|resolved| resolved.backend.endpoints == new.endpoints);
            let backend = same.map_or_else(|| Arc::clone(&new), |same| Arc::clone(&same.backend));
            Some(Arc::new(Resolved { changes, backend }))
        });
        self.resolved.load().as_ref().map(|resolved| Arc::clone(&resolved.backend))
    }

    fn usable(&self, backend: Arc<Backend>) -> Result<Arc<Backend>, Error> {
        if !backend.endpoints.is_empty() {
            return Ok(backend);
        }
        let mut failures = self.names.iter().flatten().filter_map(|name| name.known()?.failure);
        let why = failures.next_back().map_or_else(
            || "DNS knows no address for any of its endpoints".to_owned(),
            |failure| format!("DNS did not tell the address of any of its endpoints: {failure}"),
        );
        Err(Error::because(Kind::NoEndpoint, why))
    }
}
