//! The requests of the last moments, for whoever looks now.
//!
//! While nobody looks nothing is kept, and a request costs a look at a number. While somebody does, each request that ends
//! is described in a ring of fixed size: without a lock, and whoever reads too slowly misses some rather than hold
//! requests up.

mod ring;
mod seen;

pub(super) use seen::Seen;

use ring::Ring;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// How many requests are kept for those who look.
const KEPT: usize = 1024;

/// The requests of one workload that ended last. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Recent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    looking: AtomicUsize,
    ring: Ring<Seen>,
}

/// Somebody who looks, from now until this is dropped.
#[derive(Debug)]
pub(crate) struct Look {
    recent: Recent,
    next: u64,
    /// What was not there the last time, though it was to be.
    late: Option<u64>,
}

/// What happened since the last look.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) seen: Vec<Arc<Seen>>,
    /// How many were overwritten before they were read.
    pub(crate) missed: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self(Arc::new(Inner { looking: AtomicUsize::new(0), ring: Ring::new(KEPT) }))
    }
}

impl Recent {
    /// Looks from now on.
    pub(crate) fn look(&self) -> Look {
        self.0.looking.fetch_add(1, Relaxed);
        Look { recent: self.clone(), next: self.0.ring.head(), late: None }
    }

    /// Whether anybody looks.
    pub(super) fn is_watched(&self) -> bool {
        self.0.looking.load(Relaxed) > 0
    }

    /// A request has ended.
    pub(super) fn push(&self, seen: Seen) {
        self.0.ring.push(seen);
    }
}

impl Look {
    /// What happened since the last time.
    pub(crate) fn news(&mut self) -> News {
        let (seen, missed, next) = self.recent.0.ring.after(self.next, self.late);
        self.late = (next == self.next).then_some(next);
        self.next = next;
        News { seen, missed }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        // The last to leave takes all with it: what nobody reads needs no memory.
        if self.recent.0.looking.fetch_sub(1, Relaxed) == 1 {
            self.recent.0.ring.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_sees_what_ends_from_then_on() {
        let recent = Recent::default();
        assert!(!recent.is_watched());
        let mut first = recent.look();
        assert!(recent.is_watched());
        recent.push(Seen::of_path("/1"));
        let mut second = recent.look();
        recent.push(Seen::of_path("/2"));
        let paths = |news: News| news.seen.iter().map(|seen| seen.path.clone()).collect::<Vec<_>>();
        assert_eq!(paths(first.news()), ["/1", "/2"]);
        assert_eq!(paths(second.news()), ["/2"]);
        assert!(first.news().seen.is_empty());
        drop(first);
        assert!(recent.is_watched());
        drop(second);
        assert!(!recent.is_watched());
    }

    #[test]
    fn who_reads_slowly_is_told_how_much_was_missed() {
        let recent = Recent::default();
        let mut look = recent.look();
        for _ in 0..KEPT + 5 {
            recent.push(Seen::default());
        }
        let news = look.news();
        assert_eq!((news.seen.len(), news.missed), (KEPT, 5));
    }
}
