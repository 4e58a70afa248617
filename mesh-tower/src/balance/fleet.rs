//! One backend's endpoints while they serve.

use super::{
    latency::{Forgetting, Latency},
    layer::Extras,
    moment::Moment,
    near::{self, Home, Level},
    outlook::Outlook,
    policy::{self, Scheme},
    state::Asked,
    tier::{Choice, Tier},
    zones::Zones,
};
use crate::{
    Dice,
    context::{Ejections, Tried},
};
use arc_swap::{ArcSwap, Guard};
use mesh_core::{
    model::{Address, Algorithm, Warmup},
    table::{Backend, BackendEndpoint},
};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};
use tokio::time::Instant;

/// What is remembered of a backend, and what was made for choosing among its endpoints.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) backend: Arc<Backend>,
    /// What is remembered of each endpoint, in the backend's order.
    pub(super) members: Box<[Arc<Member>]>,
    levels: Vec<Level>,
    /// How zones share what the first level gets, where they matter.
    zones: Option<Zones>,
    /// One for each level.
    tiers: Box<[Tier]>,
    /// How endpoints warm up, and when all of them will be warm.
    warmup: Option<(Warmup, Instant)>,
    outlook: ArcSwap<Outlook>,
}

/// What is remembered of an endpoint.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) active: AtomicU32,
    pub(super) since: Instant,
    pub(super) latency: Latency,
}

/// Counts one request as under way at its endpoint; dropped, for any reason, it no longer does.
#[derive(Debug)]
pub(super) struct Active(Arc<Member>);

/// Measures how long a request waits for its answer; dropped before that, it tells that it waited in vain.
#[derive(Debug)]
pub(super) struct Stopwatch {
    member: Arc<Member>,
    sent: Instant,
    by: Forgetting,
    is_answered: bool,
}

/// Why nobody was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nobody {
    /// There is no endpoint that may be used.
    Absent,
    /// All of them have as many requests under way as they may.
    Full,
}

impl Active {
    /// Counts a request in one atomic step, so that two racing ones cannot both take the last place of `most`.
    fn claim(member: &Arc<Member>, most: Option<u32>) -> Option<Self> {
        match most {
            None => {
                member.active.fetch_add(1, Relaxed);
            }
            Some(most) => {
                let next = |active| (active < most).then(|| active + 1);
                member.active.fetch_update(Relaxed, Relaxed, next).ok()?;
            }
        }
        Some(Self(Arc::clone(member)))
    }

    /// Begins to measure the latency of its endpoint.
    pub(super) fn stopwatch(&self, by: Forgetting) -> Stopwatch {
        Stopwatch { member: Arc::clone(&self.0), sent: Instant::now(), by, is_answered: false }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

impl Stopwatch {
    /// The head of an answer came.
    pub(super) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        let (now, latency) = (Instant::now(), &self.member.latency);
        match self.is_answered {
            true => latency.answered(now - self.sent, now, self.by),
            false => latency.gave_up(now - self.sent, now, self.by),
        }
    }
}

impl Fleet {
    /// The fleet of a backend, as a client at home there sees it, which keeps what is remembered of endpoints that were
    /// there before.
    pub(super) fn new(backend: &Arc<Backend>, home: &Home, former: Option<&Self>, now: Instant) -> Self {
        let known = former.map(Self::by_address).unwrap_or_default();
        let member = |endpoint: &BackendEndpoint| {
            let known = known.get(&(&endpoint.address, endpoint.port));
            let new =
                || Arc::new(Member { active: AtomicU32::new(0), since: now, latency: Latency::default() });
            known.map_or_else(new, |member| Arc::clone(member))
        };
        let members: Box<[_]> = backend.endpoints.iter().map(member).collect();
        let levels = near::levels(backend, home);
        let tiers = levels.iter().enumerate().map(|(number, level)| {
            let scheme = former.and_then(|former| former.scheme_for(backend, &levels, number));
            Tier::new(backend, level, former.and_then(|former| former.tiers.get(number)), scheme)
        });
        let tiers = tiers.collect();
        let youngest = members.iter().map(|member| member.since).max();
        let warmup =
            warmup_of(backend).zip(youngest).map(|(warmup, since)| (warmup, since + warmup.duration));
        let zones = levels.first().and_then(|first| Zones::of(backend, home, first));
        let outlook = ArcSwap::from_pointee(Outlook::new(backend, &levels, zones.as_ref(), None, now));
        Self { backend: Arc::clone(backend), members, levels, zones, tiers, warmup, outlook }
    }

    /// Whether it is the fleet of this very backend, and not of an older or newer one of its name.
    pub(super) fn is_of(&self, backend: &Arc<Backend>) -> bool {
        Arc::ptr_eq(&self.backend, backend)
    }

    /// Chooses an endpoint by its place in the backend, and counts a request as under way there.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn choose(
        &self,
        asked: Asked<'_>,
        ejections: &Ejections,
        dice: &Dice,
    ) -> Result<(usize, Active), Nobody> {
        let most = asked.extras.most_per_endpoint;
        let outlook = self.outlook(ejections);
        // Another request may take the last place of an endpoint first; then it is full, and is not chosen again.
        while let Some(chosen) = self.look(asked, &outlook, dice) {
            if let Some(active) = Active::claim(&self.members[chosen], most) {
                return Ok((chosen, active));
            }
        }
        let unbounded = Asked { extras: Extras { most_per_endpoint: None, ..asked.extras }, ..asked };
        let is_full = most.is_some() && self.look(unbounded, &outlook, dice).is_some();
        Err(if is_full { Nobody::Full } else { Nobody::Absent })
    }

    fn look(&self, asked: Asked<'_>, outlook: &Outlook, dice: &Dice) -> Option<usize> {
        let level = match self.tiers.len() {
            1 => 0,
            _ => self.level(asked, outlook, dice)?,
        };
        let (tier, is_panic) = (self.tiers.get(level)?, outlook.loads.is_panic(level));
        // A table of hashes knows the weights of groups, and where ejections do not count there are no groups.
        let has_groups = outlook.loads.has_groups(level) && asked.hash.is_none() && !is_panic;
        let forgetting = asked.extras.peak_ewma.filter(|_| matches!(tier.scheme, Scheme::LeastRequest));
        let moment = Moment {
            fleet: self,
            choice: match has_groups {
                true => tier.groups.get(outlook.loads.group(level, dice.roll())?)?,
                false => &tier.whole,
            },
            outlook,
            tried: asked.tried.filter(|tried| tried.avoids_tried()),
            warming: self.warming(outlook),
            heeds: !is_panic,
            latencies: forgetting.map(|forgetting| (forgetting, Instant::now())),
            bound: None,
            most: asked.extras.most_per_endpoint,
        };
        let moment = match asked.extras.bounded_load.filter(|_| asked.hash.is_some()) {
            Some(percent) => moment.bounded(percent, &tier.weights),
            None => moment,
        };
        among(tier, moment, asked.hash, dice)
    }

    /// The level that a request falls on.
    fn level(&self, asked: Asked<'_>, outlook: &Outlook, dice: &Dice) -> Option<usize> {
        let chance = asked.hash.unwrap_or_else(|| dice.roll().into());
        match asked.tried.filter(|tried| asked.hash.is_none() && tried.leaves_localities()) {
            None => outlook.loads.level(chance),
            Some(tried) => outlook.loads.level_beyond(&self.levels_of(tried), chance),
        }
    }

    /// The levels of the endpoints that a request was sent to, as far as these are still there.
    fn levels_of(&self, tried: &Tried) -> Vec<usize> {
        tried.filter_map(|address, port| {
            let is_it = |endpoint: usize| {
                let endpoint = &self.backend.endpoints[endpoint];
                endpoint.port == port && endpoint.address == *address
            };
            self.levels.iter().position(|level| level.endpoints().any(is_it))
        })
    }

    /// What follows from the ejections of the moment.
    fn outlook(&self, ejections: &Ejections) -> Guard<Arc<Outlook>> {
        let rules = self.backend.policy.outlier_detection.as_ref();
        let ejected = rules.and_then(|_| ejections.of(&self.backend.name));
        let known = self.outlook.load();
        if known.holds(ejected.as_ref()) {
            return known;
        }
        let new = Outlook::new(&self.backend, &self.levels, self.zones.as_ref(), ejected, Instant::now());
        self.outlook.store(Arc::new(new));
        self.outlook.load()
    }

    /// How endpoints warm up, if any does now; who was ejected last begins anew when that is over.
    fn warming(&self, outlook: &Outlook) -> Option<(&Warmup, Instant)> {
        let (warmup, end) = self.warmup.as_ref()?;
        let end = outlook.latest().map_or(*end, |back| (back + warmup.duration).max(*end));
        let now = Instant::now();
        (now < end).then_some((warmup, now))
    }

    fn by_address(&self) -> FxHashMap<(&Address, u16), &Arc<Member>> {
        let addresses = self.backend.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.port));
        addresses.zip(&self.members).collect()
    }

    /// The scheme for a level of another backend, if this one's serves it too: tables of hashes are dear to make.
    fn scheme_for(&self, backend: &Backend, levels: &[Level], level: usize) -> Option<Scheme> {
        let is_same = self.backend.policy.balancing.algorithm == backend.policy.balancing.algorithm
            && self.levels == levels
            && names(&self.backend).eq(names(backend));
        self.tiers.get(level).filter(|_| is_same).map(|tier| tier.scheme.clone())
    }
}

/// One of the endpoints of a moment, by its place in the backend, or of its tier when the request has been to all of them.
fn among(tier: &Tier, moment: Moment<'_>, hash: Option<u64>, dice: &Dice) -> Option<usize> {
    let choose = |moment: Moment<'_>| {
        let Choice { order, endpoints, .. } = moment.choice;
        let (turn, roll) = (|| moment.choice.turn(), || dice.roll());
        let chosen = policy::choose(&tier.scheme, order, &moment, hash, turn, roll)?;
        endpoints.get(chosen).copied()
    };
    let roomy = moment.bound.and_then(|_| choose(moment));
    let moment = Moment { bound: None, ..moment };
    // Where those that are left are full, being near to its like is better than nothing.
    roomy.or_else(|| choose(moment)).or_else(|| {
        moment.tried?;
        let of_tier = choose(Moment { choice: &tier.whole, ..moment });
        // One of them again is better than none.
        of_tier.or_else(|| choose(Moment { tried: None, ..moment }))
    })
}

/// What the places of endpoints in a table of hashes follow from.
fn names(backend: &Backend) -> impl Iterator<Item = (&Address, u16, u32)> {
    backend.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.port, endpoint.weight))
}

/// Only who takes turns, or the less busy, can be held back.
fn warmup_of(backend: &Backend) -> Option<Warmup> {
    let balancing = &backend.policy.balancing;
    let may_warm = matches!(balancing.algorithm, Algorithm::LeastRequest | Algorithm::RoundRobin);
    balancing.warmup.filter(|_| may_warm)
}
