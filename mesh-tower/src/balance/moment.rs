//! Some of a fleet's endpoints at the moment of a choice.

use super::{
    bound::Bound, fleet::Fleet, latency::Forgetting, outlook::Outlook, policy::Standing, tier::Choice, warmup,
};
use crate::context::Tried;
use mesh_core::{model::Warmup, table::BackendEndpoint};
use std::sync::atomic::Ordering::Relaxed;
use tokio::time::Instant;

/// Those among which one is chosen now. They are numbered by their places in the choice.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) choice: &'a Choice,
    /// Who is ejected.
    pub(super) outlook: &'a Outlook,
    /// Where the request has been, if anywhere.
    pub(super) tried: Option<&'a Tried>,
    /// The time, while any of the fleet warms up.
    pub(super) warming: Option<(&'a Warmup, Instant)>,
    /// Whether ejections count.
    pub(super) heeds: bool,
    /// How latencies are forgotten, where they count, and the time.
    pub(super) latencies: Option<(Forgetting, Instant)>,
    /// How busy endpoints may be, and their weights, where that is bounded.
    pub(super) bound: Option<(Bound, &'a [f64])>,
    /// How many requests each may have under way, where that is bounded.
    pub(super) most: Option<u32>,
}

impl<'a> Moment<'a> {
    /// The same, but for endpoints that have more than so many hundredths of their share of the requests under way. The
    /// weights are those of the endpoints of the choice.
    pub(super) fn bounded(self, percent: u32, weights: &'a [f64]) -> Self {
        let usable = (0..self.count()).filter(|endpoint| self.share(*endpoint) > 0.0);
        let (active, weight) = usable.fold((0, 0.0), |(active, weight), endpoint| {
            (active + u64::from(self.active(endpoint)), weight + weights[endpoint])
        });
        Self { bound: Some((Bound::new(percent, active, weight), weights)), ..self }
    }
}

impl Standing for Moment<'_> {
    fn count(&self) -> usize {
        self.choice.endpoints.len()
    }

    fn active(&self, endpoint: usize) -> u32 {
        self.fleet.members[self.choice.endpoints[endpoint]].active.load(Relaxed)
    }

    fn cost(&self, endpoint: usize) -> f64 {
        let member = &self.fleet.members[self.choice.endpoints[endpoint]];
        let active = member.active.load(Relaxed);
        match self.latencies {
            Some((by, now)) => member.latency.cost(active, now, by),
            None => f64::from(active) + 1.0,
        }
    }

    fn share(&self, place: usize) -> f64 {
        let endpoint = self.choice.endpoints[place];
        if let Some(tried) = self.tried {
            let BackendEndpoint { address, port, .. } = &self.fleet.backend.endpoints[endpoint];
            if tried.contains(address, *port) {
                return 0.0;
            }
        }
        if self.heeds && self.outlook.is_out(endpoint) {
            return 0.0;
        }
        if self.most.is_some_and(|most| self.active(place) >= most) {
            return 0.0;
        }
        if self.bound.is_some_and(|(bound, weights)| !bound.has_room(self.active(place), weights[place])) {
            return 0.0;
        }
        self.warming.map_or(1.0, |(warmup, now)| {
            // Who came back is new again.
            let since = self.fleet.members[endpoint].since;
            let back = self.outlook.last_out(endpoint).filter(|back| *back <= now);
            let since = back.map_or(since, |back| back.max(since));
            warmup::share(warmup, now.saturating_duration_since(since))
        })
    }

    fn is_warming(&self) -> bool {
        self.warming.is_some()
    }
}
