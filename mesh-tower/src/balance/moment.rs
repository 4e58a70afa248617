//! Some of a fleet's endpoints at the moment of a choice.

use super::{fleet::Fleet, outlook::Outlook, policy::Standing, tier::Choice, warmup};
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
}

impl Standing for Moment<'_> {
    fn count(&self) -> usize {
        self.choice.endpoints.len()
    }

    fn active(&self, endpoint: usize) -> u32 {
        self.fleet.members[self.choice.endpoints[endpoint]].active.load(Relaxed)
    }

    fn share(&self, endpoint: usize) -> f64 {
        let endpoint = self.choice.endpoints[endpoint];
        if let Some(tried) = self.tried {
            let BackendEndpoint { address, port, .. } = &self.fleet.backend.endpoints[endpoint];
            if tried.contains(address, *port) {
                return 0.0;
            }
        }
        if self.heeds && self.outlook.is_out(endpoint) {
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
