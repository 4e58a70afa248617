//! The buckets of all limits, which outlive a publish.

use super::{
    bucket::{Bucket, Moment, Taken},
    buckets::Buckets,
};
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::digest::{SHA256, digest};
use mesh_core::{
    model::{Dimension, Limit, LocalLimit},
    table::{Generation, Inbound, InboundLimit, InboundView, RateLimits, Snapshot},
};
use std::sync::Arc;
use tokio::time::Instant;

/// The limits that are kept now.
#[derive(Debug)]
pub(super) struct State {
    beginning: Instant,
    limiters: ArcSwap<Limiters>,
}

/// The limits of one table, with their buckets.
#[derive(Debug)]
pub(super) struct Limiters {
    made_of: Option<(Generation, Arc<Inbound>)>,
    pub(super) all: Box<[Arc<Limiter>]>,
}

/// One limit, with its buckets.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) limit: Arc<InboundLimit>,
    buckets: Buckets,
}

impl State {
    /// Full buckets for these limits.
    pub(super) fn new(limits: &RateLimits) -> Self {
        let none = Limiters { made_of: None, all: Box::default() };
        let limiters = Limiters { made_of: None, all: none.follow(limits) };
        Self { beginning: Instant::now(), limiters: ArcSwap::from_pointee(limiters) }
    }

    /// The limits that were given.
    pub(super) fn limiters(&self) -> Guard<Arc<Limiters>> {
        self.limiters.load()
    }

    /// The limits of a table, or of a newer one that another request has seen.
    pub(super) fn follow(&self, snapshot: &Snapshot) -> Guard<Arc<Limiters>> {
        let limiters = self.limiters.load();
        if limiters.is_of(snapshot) {
            return limiters;
        }
        let (generation, inbound) = (snapshot.generation(), snapshot.inbound());
        self.limiters.rcu(|now| {
            if now.is_of(snapshot) {
                return Arc::clone(now);
            }
            let made_of = Some((generation, Arc::clone(inbound)));
            Arc::new(Limiters { made_of, all: now.follow(inbound.rate_limits()) })
        });
        self.limiters.load()
    }

    /// The time, as buckets count it.
    pub(super) fn now(&self) -> Moment {
        Moment::try_from(self.beginning.elapsed().as_nanos()).unwrap_or(Moment::MAX)
    }
}

impl Limiters {
    fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.made_of.as_ref().is_some_and(|(generation, inbound)| {
            Arc::ptr_eq(inbound, snapshot.inbound()) || *generation > snapshot.generation()
        })
    }

    /// The limiters of these limits: those that are here already keep their buckets.
    fn follow(&self, limits: &RateLimits) -> Box<[Arc<Limiter>]> {
        let mut former: Vec<_> = self.all.iter().collect();
        let limiter = |limit: &Arc<InboundLimit>| {
            let same = former.iter().position(|former| former.limit == *limit);
            same.map_or_else(|| Arc::new(Limiter::new(limit)), |same| Arc::clone(former.swap_remove(same)))
        };
        limits.as_slice().iter().map(limiter).collect()
    }
}

impl Limiter {
    fn new(limit: &Arc<InboundLimit>) -> Self {
        let buckets = match &limit.rule.limit {
            Limit::Local(local) if local.per.is_empty() => Buckets::One(Bucket::full()),
            Limit::Local(local) => Buckets::by_key(local.most_buckets),
            Limit::Global(_) => Buckets::Elsewhere,
        };
        Self { limit: Arc::clone(limit), buckets }
    }

    /// Takes a token for a request; nothing where somebody else has the buckets.
    pub(super) fn take(&self, local: &LocalLimit, view: &InboundView<'_>, now: Moment) -> Option<Taken> {
        let take = |bucket: &Bucket| bucket.take(local.bucket, now);
        match &self.buckets {
            Buckets::One(bucket) => Some(take(bucket)),
            Buckets::ByKey(recent) => Some(Buckets::of(recent, &key(&local.per, view), take)),
            Buckets::Elsewhere => None,
        }
    }
}

/// The longest key that is kept as it is, in bytes.
const LONGEST_KEY: usize = 128;

/// What requests have in common that share a bucket. Those that lack something share one, so that nobody gets around a
/// limit by leaving something out. Of a long one the hash is kept: clients say how long it is, and there are many buckets.
fn key(per: &[Dimension], view: &InboundView<'_>) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    for dimension in per {
        match view.dimension(dimension) {
            Some(value) => {
                // With its length, so that no value looks like two.
                key.extend_from_slice(&(value.len() as u64 + 1).to_le_bytes());
                key.extend_from_slice(&value);
            }
            None => key.extend_from_slice(&0_u64.to_le_bytes()),
        }
    }
    if key.len() > LONGEST_KEY { digest(&SHA256, &key).as_ref().to_vec() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn a_key_is_short_however_long_its_values_are_and_tells_them_apart() {
        let per = [Dimension::Header(http::HeaderName::from_static("x-user"))];
        let of = |value: &str| {
            let request = Request::get("/").header("x-user", value).body(()).unwrap();
            key(&per, &crate::context::Place::Workload.view(&request, 0))
        };
        let long = "x".repeat(60_000);
        assert_eq!((of("x").len(), of(&long).len()), (9, 32));
        assert_ne!(of(&long), of(&long[1..]));
        assert_eq!(of(&long), of(&long));
    }
}
