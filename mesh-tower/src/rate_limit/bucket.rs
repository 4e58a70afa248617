//! A bucket of tokens that needs no lock.

use mesh_core::model::TokenBucket;
use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Duration,
};

/// A moment, in nanoseconds since some beginning.
pub(super) type Moment = i64;

/// The tokens that requests take, as one number: when the bucket was last empty, or would have been.
#[derive(Debug)]
pub(super) struct Bucket {
    empty_at: AtomicI64,
}

/// What came of taking a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether there was one.
    pub(super) is_granted: bool,
    /// How many are left.
    pub(super) left: u32,
    /// How long it takes until there is one; nothing when there is.
    pub(super) until_next: Duration,
}

impl Bucket {
    /// A full one.
    pub(super) fn full() -> Self {
        Self { empty_at: AtomicI64::new(Moment::MIN) }
    }

    /// Takes a token, if there is one. Of those who take the last one at the same moment, one gets it.
    pub(super) fn take(&self, bucket: TokenBucket, now: Moment) -> Taken {
        let each = nanos(bucket.each);
        let full = each.saturating_mul(Moment::from(bucket.most.get()));
        let mut empty_at = self.empty_at.load(Relaxed);
        loop {
            // A token is worth the time that it takes to come; what would be more than a full bucket is lost.
            let next = empty_at.max(now.saturating_sub(full)).saturating_add(each);
            if next > now {
                let until_next = Duration::from_nanos(next.abs_diff(now));
                return Taken { is_granted: false, left: 0, until_next };
            }
            match self.empty_at.compare_exchange_weak(empty_at, next, Relaxed, Relaxed) {
                Ok(_) => return granted(now - next, each),
                Err(changed) => empty_at = changed,
            }
        }
    }
}

/// What is left when so much time is.
fn granted(left: Moment, each: Moment) -> Taken {
    let count = u32::try_from(left / each).unwrap_or(u32::MAX);
    let until_next = if count > 0 { 0 } else { each - left };
    Taken { is_granted: true, left: count, until_next: Duration::from_nanos(until_next.unsigned_abs()) }
}

fn nanos(duration: Duration) -> Moment {
    Moment::try_from(duration.as_nanos()).unwrap_or(Moment::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    const SECOND: Moment = 1_000_000_000;

    fn rules(most: u32, per_fill: u32, interval: Duration) -> TokenBucket {
        let number = |number| NonZeroU32::new(number).unwrap();
        TokenBucket::new(number(most), number(per_fill), interval)
    }

    /// How many of so many requests at one moment get a token.
    fn granted_of(bucket: &Bucket, rules: TokenBucket, requests: usize, now: Moment) -> usize {
        (0..requests).filter(|_| bucket.take(rules, now).is_granted).count()
    }

    #[test]
    fn a_bucket_begins_full_and_fills_as_time_goes_by_but_no_further() {
        let (bucket, rules) = (Bucket::full(), rules(10, 2, Duration::from_secs(1)));
        assert_eq!(granted_of(&bucket, rules, 20, 0), 10);
        assert_eq!(granted_of(&bucket, rules, 20, SECOND / 2), 1);
        assert_eq!(granted_of(&bucket, rules, 20, 3 * SECOND / 2), 2);
        assert_eq!(granted_of(&bucket, rules, 20, 1000 * SECOND), 10);
        // Who reads the clock before another, and comes after it, takes nothing that is not there.
        assert_eq!(granted_of(&bucket, rules, 20, 999 * SECOND), 0);
    }

    #[test]
    fn what_is_left_is_told_and_when_there_is_more() {
        let (bucket, rules) = (Bucket::full(), rules(2, 1, Duration::from_secs(10)));
        let taken = |seconds| {
            let Taken { is_granted, left, until_next } = bucket.take(rules, seconds * SECOND);
            (is_granted, left, until_next.as_secs())
        };
        assert_eq!(taken(0), (true, 1, 0));
        assert_eq!(taken(0), (true, 0, 10));
        assert_eq!(taken(4), (false, 0, 6));
        assert_eq!(taken(12), (true, 0, 8));
        assert_eq!(taken(1000), (true, 1, 0));
    }

    #[test]
    fn the_largest_numbers_are_no_trouble() {
        for (most, interval) in [(u32::MAX, Duration::from_secs(u64::from(u32::MAX))), (1, Duration::MAX)] {
            let (bucket, rules) = (Bucket::full(), rules(most, 1, interval));
            assert!(bucket.take(rules, 0).is_granted);
            assert_eq!(bucket.take(rules, Moment::MAX - 1).is_granted, most > 1);
        }
    }

    #[test]
    fn racing_threads_take_no_token_twice() {
        let (bucket, rules) = (Bucket::full(), rules(1000, 1, Duration::from_secs(3600)));
        let granted: usize = std::thread::scope(|scope| {
            let thread = || scope.spawn(|| granted_of(&bucket, rules, 1000, 0));
            let threads: Vec<_> = std::iter::repeat_with(thread).take(4).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(granted, 1000);
    }
}
