//! One backend's endpoints while they serve.

use super::{
    maglev::Maglev,
    policy::{self, Scheme, Standing},
    ring::Ring,
    round_robin::Order,
    state::Asked,
    warmup,
};
use crate::{
    Dice,
    context::{Ejected, Ejection, Ejections, Tried, Upstream},
};
use mesh_core::{
    model::{Address, Algorithm, HashTable, Warmup},
    table::{Backend, BackendEndpoint},
};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
};
use tokio::time::Instant;

/// What is remembered of a backend, and what was made for choosing among its endpoints.
#[derive(Debug)]
pub(super) struct Fleet {
    backend: Arc<Backend>,
    /// What is remembered of each endpoint, in the backend's order.
    members: Box<[Arc<Member>]>,
    scheme: Scheme,
    order: Order,
    turn: Arc<AtomicU64>,
    /// How endpoints warm up, and when all of them will be warm.
    warmup: Option<(Warmup, Instant)>,
}

/// What is remembered of an endpoint.
#[derive(Debug)]
struct Member {
    active: AtomicU32,
    since: Instant,
}

/// Counts one request as under way at its endpoint; dropped, for any reason, it no longer does.
#[derive(Debug)]
pub(super) struct Active(Arc<Member>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

impl Fleet {
    /// The fleet of a backend, which keeps what is remembered of endpoints that were there before.
    pub(super) fn new(backend: &Arc<Backend>, former: Option<&Self>, now: Instant) -> Self {
        let known = former.map(Self::by_address).unwrap_or_default();
        let member = |endpoint: &BackendEndpoint| {
            let known = known.get(&(&endpoint.address, endpoint.port));
            let new = || Arc::new(Member { active: AtomicU32::new(0), since: now });
            known.map_or_else(new, |member| Arc::clone(member))
        };
        let members: Box<[_]> = backend.endpoints.iter().map(member).collect();
        let order = Order::new(backend.endpoints.iter().map(|endpoint| endpoint.weight));
        // Clients that start together would otherwise all begin with the same endpoint.
        let turn = former
            .map_or_else(|| Arc::new(AtomicU64::new(fastrand::u32(..).into())), |former| former.turn.clone());
        let scheme =
            former.and_then(|former| former.scheme_for(backend)).unwrap_or_else(|| scheme_of(backend));
        let youngest = members.iter().map(|member| member.since).max();
        let warmup =
            warmup_of(backend).zip(youngest).map(|(warmup, since)| (warmup, since + warmup.duration));
        Self { backend: Arc::clone(backend), members, scheme, order, turn, warmup }
    }

    /// Whether it is the fleet of this very backend, and not of an older or newer one of its name.
    pub(super) fn is_of(&self, backend: &Arc<Backend>) -> bool {
        Arc::ptr_eq(&self.backend, backend)
    }

    /// Chooses an endpoint by its place in the backend, and counts a request as under way there.
    pub(super) fn choose(
        &self,
        asked: Asked<'_>,
        ejections: &Ejections,
        dice: &Dice,
    ) -> Option<(usize, Active)> {
        let mut standing = self.standing(ejections);
        standing.tried = asked.tried.filter(|tried| !tried.is_empty());
        let choose = |standing: &Moment<'_>| {
            let (turn, roll) = (|| self.turn.fetch_add(1, Relaxed), || dice.roll());
            policy::choose(&self.scheme, &self.order, standing, asked.hash, turn, roll)
        };
        let chosen = choose(&standing).or_else(|| {
            // Everybody was tried: one of them again is better than none.
            standing.tried.take().and_then(|_| choose(&standing))
        })?;
        let member = self.members.get(chosen)?;
        member.active.fetch_add(1, Relaxed);
        Some((chosen, Active(Arc::clone(member))))
    }

    fn standing<'a>(&'a self, ejections: &Ejections) -> Moment<'a> {
        let rules = self.backend.policy.outlier_detection.as_ref();
        let Some((rules, ejected)) = rules.zip(rules.and_then(|_| ejections.of(&self.backend.name))) else {
            let warming = self.warming(None);
            return Moment { fleet: self, tried: None, warming, ejected: None, heeds: None };
        };
        let now = Instant::now();
        let (out, all) = (ejected.count(now), self.members.len());
        let heeds = out > 0 && !policy::is_panic(out, all, rules.min_health_percent);
        let warming = self.warming(ejected.latest());
        Moment { fleet: self, tried: None, warming, ejected: Some(ejected), heeds: heeds.then_some(now) }
    }

    /// How endpoints warm up, if any does now; who was ejected last begins anew when that is over.
    fn warming(&self, back: Option<Instant>) -> Option<(&Warmup, Instant)> {
        let (warmup, end) = self.warmup.as_ref()?;
        let (now, end) = (Instant::now(), back.map_or(*end, |back| (back + warmup.duration).max(*end)));
        (now < end).then_some((warmup, now))
    }

    fn by_address(&self) -> FxHashMap<(&Address, u16), &Arc<Member>> {
        let addresses = self.backend.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.port));
        addresses.zip(&self.members).collect()
    }

    /// The scheme for another backend, if this one's serves it too: tables of hashes are dear to make.
    fn scheme_for(&self, backend: &Backend) -> Option<Scheme> {
        let is_same = self.backend.policy.balancing.algorithm == backend.policy.balancing.algorithm
            && names(&self.backend).eq(names(backend));
        is_same.then(|| self.scheme.clone())
    }
}

/// A fleet at one moment.
struct Moment<'a> {
    fleet: &'a Fleet,
    /// Where the request has been, if anywhere.
    tried: Option<&'a Tried>,
    /// The time, while any of it warms up.
    warming: Option<(&'a Warmup, Instant)>,
    /// Who was ejected, and may still be.
    ejected: Option<Arc<Ejected>>,
    /// The time, while ejections count.
    heeds: Option<Instant>,
}

impl Moment<'_> {
    fn last_ejection(&self, endpoint: usize) -> Option<Ejection> {
        let backend = &self.fleet.backend;
        self.ejected.as_ref()?.last(&Upstream::of(backend, &backend.endpoints[endpoint]))
    }
}

impl Standing for Moment<'_> {
    fn count(&self) -> usize {
        self.fleet.members.len()
    }

    fn active(&self, endpoint: usize) -> u32 {
        self.fleet.members[endpoint].active.load(Relaxed)
    }

    fn share(&self, endpoint: usize) -> f64 {
        if let Some(tried) = self.tried {
            let BackendEndpoint { address, port, .. } = &self.fleet.backend.endpoints[endpoint];
            if tried.contains(address, *port) {
                return 0.0;
            }
        }
        let until = self.last_ejection(endpoint).map(|ejection| ejection.until);
        if self.heeds.zip(until).is_some_and(|(now, until)| now < until) {
            return 0.0;
        }
        self.warming.map_or(1.0, |(warmup, now)| {
            // Who came back is new again.
            let since = self.fleet.members[endpoint].since;
            let since = until.filter(|until| *until <= now).map_or(since, |until| until.max(since));
            warmup::share(warmup, now.saturating_duration_since(since))
        })
    }

    fn is_warming(&self) -> bool {
        self.warming.is_some()
    }
}

fn scheme_of(backend: &Backend) -> Scheme {
    let named = || {
        let names = names(backend).map(|(address, port, weight)| (name(address, port), weight));
        names.collect::<Vec<_>>()
    };
    match &backend.policy.balancing.algorithm {
        Algorithm::LeastRequest => Scheme::LeastRequest,
        Algorithm::RoundRobin => Scheme::RoundRobin,
        // Whoever lets requests pass to their own addresses has none to choose from.
        Algorithm::Random | Algorithm::Passthrough | Algorithm::ConsistentHash { key: None, .. } => {
            Scheme::Random
        }
        Algorithm::ConsistentHash { table: HashTable::Ring { minimum }, .. } => {
            Scheme::Ring(Arc::new(Ring::new(&named(), *minimum)))
        }
        Algorithm::ConsistentHash { table: HashTable::Maglev { size }, .. } => {
            Scheme::Maglev(Arc::new(Maglev::new(&named(), *size)))
        }
    }
}

/// What the places of endpoints in a table of hashes follow from.
fn names(backend: &Backend) -> impl Iterator<Item = (&Address, u16, u32)> {
    backend.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.port, endpoint.weight))
}

fn name(address: &Address, port: u16) -> String {
    match address {
        Address::Ip(ip) => std::net::SocketAddr::from((*ip, port)).to_string(),
        Address::Name(name) => format!("{name}:{port}"),
    }
}

/// Only who takes turns, or the less busy, can be held back.
fn warmup_of(backend: &Backend) -> Option<Warmup> {
    let balancing = &backend.policy.balancing;
    let may_warm = matches!(balancing.algorithm, Algorithm::LeastRequest | Algorithm::RoundRobin);
    balancing.warmup.filter(|_| may_warm)
}
