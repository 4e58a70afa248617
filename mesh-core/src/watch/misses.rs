//! Digests that the documents on hand do not have, so that nobody can have them looked at again and again.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a digest is not looked for again. A change of the documents is noticed in any case, only later.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// The most digests that are looked for in vain within that time. Who calls may say any.
const MOST: usize = 32;

/// The digests that were looked for in vain. Behind a lock, which only requests take whose caller has other documents.
#[derive(Debug, Default)]
pub(super) struct Misses(Mutex<Vec<(u64, Instant)>>);

impl Misses {
    /// Whether a digest is worth a look now.
    pub(super) fn is_worth_a_look(&self, digest: u64, now: Instant) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(_, at)| now < *at + REMEMBERED_FOR);
        recent.len() < MOST && recent.iter().all(|(known, _)| *known != digest)
    }

    /// A look for it was in vain.
    pub(super) fn add(&self, digest: u64, now: Instant) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() < MOST && recent.iter().all(|(known, _)| *known != digest) {
            recent.push((digest, now));
        }
    }

    /// The documents have changed: each is worth a look.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_for_in_vain_is_not_looked_for_again_at_once_and_nothing_else_once_it_is_much() {
        let (misses, now) = (Misses::default(), Instant::now());
        misses.add(7, now);
        assert!(!misses.is_worth_a_look(7, now) && misses.is_worth_a_look(8, now));
        (8..100).for_each(|digest| misses.add(digest, now));
        assert!(!misses.is_worth_a_look(100, now), "too many were asked for");
        assert!(misses.is_worth_a_look(7, now + REMEMBERED_FOR));
        misses.add(7, now);
        misses.clear();
        assert!(misses.is_worth_a_look(7, now));
    }
}
