//! What was made for choosing among the endpoints of one level.

use super::{
    maglev::Maglev,
    near::{Group, Level},
    policy::Scheme,
    ring::Ring,
    round_robin::Order,
};
use mesh_core::{
    model::{Address, Algorithm, HashTable},
    table::Backend,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// One level of endpoints, ready to be chosen from.
#[derive(Debug)]
pub(super) struct Tier {
    /// All of them as one.
    pub(super) whole: Choice,
    /// Each group by itself; none when there is only one.
    pub(super) groups: Box<[Choice]>,
    /// The weight of each of them where hashes choose.
    pub(super) weights: Box<[f64]>,
    /// How one is chosen among all of them.
    pub(super) scheme: Scheme,
}

/// Some endpoints, and whose turn it is among them.
#[derive(Debug)]
pub(super) struct Choice {
    /// By their places in the backend.
    pub(super) endpoints: Box<[usize]>,
    pub(super) order: Order,
    turn: AtomicU64,
}

impl Tier {
    /// A level of a backend, which goes on where the one before it was; `scheme` serves it if it is still true.
    pub(super) fn new(
        backend: &Backend,
        level: &Level,
        former: Option<&Self>,
        scheme: Option<Scheme>,
    ) -> Self {
        let whole = Choice::new(backend, level.endpoints(), former.map(|former| &former.whole));
        let groups = level.0.iter().enumerate().map(|(number, group)| {
            let former = former.and_then(|former| former.groups.get(number));
            Choice::new(backend, group.endpoints.iter().copied(), former)
        });
        let groups = if level.0.len() > 1 { groups.collect() } else { [].into() };
        let scheme = scheme.unwrap_or_else(|| scheme_of(backend, level));
        let weights = named(backend, level).into_iter().map(|(_, weight)| weight).collect();
        Self { whole, groups, weights, scheme }
    }
}

impl Choice {
    fn new(backend: &Backend, endpoints: impl Iterator<Item = usize>, former: Option<&Self>) -> Self {
        let endpoints: Box<[_]> = endpoints.collect();
        let order = Order::new(endpoints.iter().map(|endpoint| backend.endpoints[*endpoint].weight));
        // Clients that start together would otherwise all begin with the same endpoint.
        let turn = former.map_or_else(|| fastrand::u32(..).into(), |former| former.turn.load(Relaxed));
        Self { endpoints, order, turn: turn.into() }
    }

    /// Whose turn it is.
    pub(super) fn turn(&self) -> u64 {
        self.turn.fetch_add(1, Relaxed)
    }
}

fn scheme_of(backend: &Backend, level: &Level) -> Scheme {
    match &backend.policy.balancing.algorithm {
        Algorithm::LeastRequest => Scheme::LeastRequest,
        Algorithm::RoundRobin => Scheme::RoundRobin,
        // Whoever lets requests pass to their own addresses has none to choose from.
        Algorithm::Random | Algorithm::Passthrough | Algorithm::ConsistentHash { key: None, .. } => {
            Scheme::Random
        }
        Algorithm::ConsistentHash { table: HashTable::Ring { minimum }, .. } => {
            Scheme::Ring(Arc::new(Ring::new(&named(backend, level), *minimum)))
        }
        Algorithm::ConsistentHash { table: HashTable::Maglev { size }, .. } => {
            Scheme::Maglev(Arc::new(Maglev::new(&named(backend, level), *size)))
        }
    }
}

/// The names of a level's endpoints, and their weights in a table of hashes: what its group has, shared by their own.
fn named(backend: &Backend, level: &Level) -> Vec<(String, f64)> {
    let weight = |group: &Group, endpoint: usize| {
        let own = |endpoint: &usize| f64::from(backend.endpoints[*endpoint].weight);
        if level.0.len() == 1 {
            return own(&endpoint);
        }
        f64::from(group.weight) * own(&endpoint) / group.endpoints.iter().map(own).sum::<f64>()
    };
    let endpoints = level.0.iter().flat_map(|group| group.endpoints.iter().map(move |of| (group, *of)));
    let named = endpoints.map(|(group, number)| {
        let endpoint = &backend.endpoints[number];
        (name(&endpoint.address, endpoint.port), weight(group, number))
    });
    named.collect()
}

fn name(address: &Address, port: u16) -> String {
    match address {
        Address::Ip(ip) => std::net::SocketAddr::from((*ip, port)).to_string(),
        Address::Name(name) => format!("{name}:{port}"),
    }
}
