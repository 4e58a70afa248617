//! What is remembered of every endpoint.

use super::{
    policy::{self, Fleet, Outcome, Rows, Sign, Verdict},
    rates::{Rates, Seen},
};
use crate::context::{AnswerBy, Ejections, Routed, Upstream};
use arc_swap::ArcSwap;
use http::Request;
use mesh_core::{
    model::OutlierDetection,
    table::{Backend, BackendName, Generation, Names, Snapshot},
};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
};
use tokio::time::Instant;

/// The tallies of all endpoints of the newest generation seen, and the ejections that came of them.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    table: ArcSwap<Table>,
    ejections: Ejections,
    rates: Rates,
}

#[derive(Debug, Default)]
struct Table {
    generation: Generation,
    backends: FxHashMap<BackendName, Arc<Watched>>,
}

/// The endpoints of one backend.
#[derive(Debug)]
struct Watched {
    backend: Arc<Backend>,
    endpoints: FxHashMap<Upstream, Arc<Tally>>,
    ejections: Ejections,
    rates: Rates,
    /// When the first interval began.
    begun: Instant,
    /// The number of the interval under way, where rates are watched.
    interval: AtomicU64,
}

/// How many attempts in a row ended badly at one endpoint.
#[derive(Debug)]
struct Tally {
    endpoint: Upstream,
    rows: Rows<AtomicU32>,
    /// What was seen in the interval under way, where rates are watched: all that counts as an error or not, and failures
    /// on this side where those are counted apart.
    seen: [Bucket; 2],
}

/// What was seen of one endpoint since the interval began.
#[derive(Debug, Default)]
struct Bucket {
    asked: AtomicU32,
    good: AtomicU32,
}

/// One attempt whose outcome counts.
#[derive(Debug)]
pub(super) struct Attempt {
    watched: Arc<Watched>,
    tally: Arc<Tally>,
    answer_by: Option<AnswerBy>,
    is_over: bool,
}

impl Tallies {
    pub(super) fn new(ejections: Ejections, rates: Rates) -> Self {
        Self { table: ArcSwap::default(), ejections, rates }
    }

    /// Where they write what they eject.
    pub(super) fn ejections(&self) -> &Ejections {
        &self.ejections
    }

    /// What they count besides rows of failures.
    pub(super) fn rates(&self) -> Rates {
        self.rates
    }

    /// The attempt that a request is; `None` when nobody watches the endpoint it goes to.
    pub(super) fn attempt<B>(&self, request: &Request<B>) -> Option<Attempt> {
        let routed = request.extensions().get::<Routed>()?;
        let backend = routed.backend().ok()??;
        backend.policy.outlier_detection.as_ref()?;
        let endpoint = Upstream::beside(Some(routed), request.extensions())?;
        let mut table = self.table.load();
        if table.generation < routed.snapshot().generation() {
            self.follow(routed.snapshot());
            table = self.table.load();
        }
        if backend.names != Names::None && table.lags(routed.snapshot(), backend) {
            self.adopt(routed.snapshot(), backend);
            table = self.table.load();
        }
        let watched = Arc::clone(table.backends.get(&backend.name)?);
        let tally = Arc::clone(watched.endpoints.get(endpoint)?);
        let answer_by = AnswerBy::beside(Some(routed), request.extensions()).cloned();
        Some(Attempt { watched, tally, answer_by, is_over: false })
    }

    /// Keeps the tallies of endpoints that are still there and watched, adds new ones, drops those that are gone.
    fn follow(&self, snapshot: &Snapshot) {
        let now = Instant::now();
        self.table.rcu(|table| {
            if table.generation >= snapshot.generation() {
                return Arc::clone(table);
            }
            let watched = snapshot.backends().filter(|backend| backend.policy.outlier_detection.is_some());
            let backends = watched.filter_map(|backend| {
                let before = table.backends.get(&backend.name);
                let next = match backend.names {
                    Names::None => self.watch(before, backend, now),
                    // It comes with addresses, when a request does.
                    Names::Every | Names::First => before?.clone(),
                };
                Some((backend.name.clone(), next))
            });
            Arc::new(Table { generation: snapshot.generation(), backends: backends.collect() })
        });
        self.ejections.follow(snapshot);
    }

    /// Goes on with other addresses for the names of a backend.
    fn adopt(&self, snapshot: &Snapshot, backend: &Arc<Backend>) {
        let now = Instant::now();
        self.table.rcu(|table| {
            if !table.lags(snapshot, backend) {
                return Arc::clone(table);
            }
            let next = self.watch(table.backends.get(&backend.name), backend, now);
            let mut backends = table.backends.clone();
            backends.insert(backend.name.clone(), next);
            Arc::new(Table { generation: table.generation, backends })
        });
        self.ejections.keep(backend);
    }

    fn watch(&self, before: Option<&Arc<Watched>>, backend: &Arc<Backend>, now: Instant) -> Arc<Watched> {
        if let Some(same) = before.filter(|before| Arc::ptr_eq(&before.backend, backend)) {
            return Arc::clone(same);
        }
        let endpoints = backend.endpoints.iter().map(|endpoint| {
            let endpoint = Upstream::of(backend, endpoint);
            let known = before.and_then(|before| before.endpoints.get(&endpoint)).cloned();
            (endpoint.clone(), known.unwrap_or_else(|| Arc::new(Tally::new(endpoint))))
        });
        Arc::new(Watched {
            backend: Arc::clone(backend),
            endpoints: endpoints.collect(),
            ejections: self.ejections.clone(),
            rates: self.rates,
            begun: before.map_or(now, |before| before.begun),
            interval: before.map_or(0, |before| before.interval.load(Relaxed)).into(),
        })
    }
}

impl Table {
    /// Whether a backend of this generation is here only as it was before.
    fn lags(&self, snapshot: &Snapshot, backend: &Arc<Backend>) -> bool {
        let is_known = |watched: &Arc<Watched>| Arc::ptr_eq(&watched.backend, backend);
        self.generation == snapshot.generation() && !self.backends.get(&backend.name).is_some_and(is_known)
    }
}

impl Watched {
    /// Begins the interval that is due, if one is, and ejects who stood out in the one before.
    fn turn(&self, rules: &OutlierDetection) {
        let due = (Instant::now() - self.begun).as_nanos().checked_div(rules.interval.as_nanos());
        let due = u64::try_from(due.unwrap_or(0)).unwrap_or(u64::MAX);
        let last = self.interval.load(Relaxed);
        let is_mine = last < due && self.interval.compare_exchange(last, due, Relaxed, Relaxed).is_ok();
        if !is_mine {
            return;
        }
        let tallies: Vec<_> = self.endpoints.values().collect();
        for which in 0..2 {
            let seen = tallies.iter().map(|tally| {
                let seen = tally.seen[which].take();
                // Who is out already is not compared.
                let is_out = self.ejections.is_ejected(&self.backend.name, &tally.endpoint);
                if is_out { Seen::default() } else { seen }
            });
            for outlier in self.rates.outliers(&seen.collect::<Vec<_>>()) {
                self.judge(tallies[outlier], rules);
            }
        }
    }

    fn judge(&self, tally: &Tally, rules: &OutlierDetection) {
        let (backend, endpoint) = (&self.backend.name, &tally.endpoint);
        let fleet = Fleet { endpoints: self.backend.endpoints.len(), begun: self.begun };
        let now = Instant::now();
        let verdict = self.ejections.eject(backend, endpoint, |ejected| {
            let verdict = policy::judge(endpoint, ejected, rules, fleet, now);
            (if let Verdict::Eject(ejection) = verdict { Some(ejection) } else { None }, verdict)
        });
        match verdict {
            Verdict::Keep => {}
            Verdict::KeepCrowded => {
                tracing::info!(%backend, %endpoint, "endpoint fails, but maxEjectionPercent forbids to eject it");
            }
            Verdict::Eject(ejection) => {
                tally.forget(Rows { errors: true, gateway: true, local: true });
                let lasting = ejection.until - now;
                tracing::info!(%backend, %endpoint, ?lasting, "endpoint ejected");
            }
        }
    }
}

impl Bucket {
    fn add(&self, sign: Sign) {
        if sign != Sign::Nothing {
            self.asked.fetch_add(1, Relaxed);
            self.good.fetch_add(u32::from(!sign.is_bad()), Relaxed);
        }
    }

    /// What was seen, which is forgotten. An attempt that ends at this very moment may count in part here and in part in
    /// the next interval.
    fn take(&self) -> Seen {
        let good = self.good.swap(0, Relaxed);
        Seen { asked: self.asked.swap(0, Relaxed).max(good), good }
    }
}

impl Attempt {
    /// Counts how it ended, and ejects its endpoint if that was once too often; `None` when that says nothing.
    pub(super) fn ended(mut self, outcome: Option<Outcome>) {
        self.is_over = true;
        if let Some(outcome) = outcome {
            self.count(outcome);
        }
    }

    fn count(&self, outcome: Outcome) {
        let Watched { backend, ejections, rates, .. } = &*self.watched;
        let Some(rules) = &backend.policy.outlier_detection else { return };
        let signs = policy::read(outcome, rules);
        if rates.are_watched() {
            self.watched.turn(rules);
            self.tally.seen[0].add(signs.errors);
            self.tally.seen[1].add(signs.local);
        }
        let is_bad = [signs.errors, signs.gateway, signs.local].into_iter().any(Sign::is_bad);
        // What an ejected endpoint still answers is forgotten when it comes back.
        if is_bad && ejections.is_ejected(&backend.name, &self.tally.endpoint) {
            return;
        }
        let reached = policy::reached(self.tally.count(signs), rules);
        if reached != Rows::default() {
            self.tally.forget(reached);
            self.watched.judge(&self.tally, rules);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // Whoever waits for an answer drops the attempt when its time is over: that says as much as an error.
        if !self.is_over && self.answer_by.as_ref().is_some_and(|by| by.has_passed(Instant::now())) {
            self.count(policy::TIMEOUT);
        }
    }
}

impl Tally {
    fn new(endpoint: Upstream) -> Self {
        Self { endpoint, rows: Rows::default(), seen: Default::default() }
    }

    /// Lengthens or breaks each row, and tells how long it is now.
    fn count(&self, signs: Rows<Sign>) -> Rows<u32> {
        let count = |row: &AtomicU32, sign| match sign {
            Sign::Bad => row.fetch_add(1, Relaxed).saturating_add(1),
            Sign::BadAnew => {
                row.store(1, Relaxed);
                1
            }
            // Most rows are empty: reading is cheaper than taking the line from other cores.
            Sign::Good if row.load(Relaxed) != 0 => {
                row.store(0, Relaxed);
                0
            }
            Sign::Good | Sign::Nothing => 0,
        };
        Rows {
            errors: count(&self.rows.errors, signs.errors),
            gateway: count(&self.rows.gateway, signs.gateway),
            local: count(&self.rows.local, signs.local),
        }
    }

    fn forget(&self, which: Rows<bool>) {
        let Rows { errors, gateway, local } = &self.rows;
        let rows = [(errors, which.errors), (gateway, which.gateway), (local, which.local)];
        rows.into_iter().filter(|(_, is_due)| *is_due).for_each(|(row, _)| row.store(0, Relaxed));
    }
}
