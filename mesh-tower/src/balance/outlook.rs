//! What follows from the ejections of a backend's endpoints, worked out once for as long as they stay as they are.

use super::{load::Loads, near::Level, zones::Zones};
use crate::context::{Ejected, Upstream};
use mesh_core::table::Backend;
use std::sync::Arc;
use tokio::time::Instant;

/// How a backend's endpoints stand until one is ejected, or comes back.
#[derive(Debug)]
pub(super) struct Outlook {
    /// What it follows from.
    ejected: Option<Arc<Ejected>>,
    /// When the next endpoint comes back, if any is to.
    until: Option<Instant>,
    /// When the last ejection of each endpoint is over, or was; empty when none ever was ejected.
    back: Box<[Option<Instant>]>,
    /// When it was worked out: who is ejected was so then.
    since: Instant,
    /// The shares of levels.
    pub(super) loads: Loads,
}

impl Outlook {
    /// How endpoints stand when these are ejected.
    pub(super) fn new(
        backend: &Backend,
        levels: &[Level],
        zones: Option<&Zones>,
        ejected: Option<Arc<Ejected>>,
        now: Instant,
    ) -> Self {
        let back: Box<[_]> = match &ejected {
            None => [].into(),
            Some(ejected) => {
                let last = |endpoint| ejected.last(&Upstream::of(backend, endpoint));
                backend
                    .endpoints
                    .iter()
                    .map(|endpoint| last(endpoint).map(|ejection| ejection.until))
                    .collect()
            }
        };
        let until = back.iter().flatten().filter(|until| now < **until).min().copied();
        let is_out = |endpoint: usize| back.get(endpoint).copied().flatten().is_some_and(|until| now < until);
        let rules = backend.policy.outlier_detection.as_ref();
        let loads = Loads::new(levels, zones, is_out, rules.map_or(0, |rules| rules.min_health_percent));
        Self { ejected, until, back, since: now, loads }
    }

    /// Whether it holds: these are the ejections, and nobody came back since.
    pub(super) fn holds(&self, ejected: Option<&Arc<Ejected>>) -> bool {
        let is_same = match (&self.ejected, ejected) {
            (None, None) => true,
            (Some(known), Some(ejected)) => Arc::ptr_eq(known, ejected),
            _ => false,
        };
        is_same && self.until.is_none_or(|until| Instant::now() < until)
    }

    /// Whether an endpoint is ejected.
    pub(super) fn is_out(&self, endpoint: usize) -> bool {
        self.last_out(endpoint).is_some_and(|until| self.since < until)
    }

    /// When the last ejection of an endpoint is over, or was.
    pub(super) fn last_out(&self, endpoint: usize) -> Option<Instant> {
        self.back.get(endpoint).copied().flatten()
    }

    /// When the last ejection of all is over, or was.
    pub(super) fn latest(&self) -> Option<Instant> {
        self.back.iter().flatten().max().copied()
    }
}
