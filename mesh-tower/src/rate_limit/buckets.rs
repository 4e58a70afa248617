//! The buckets of one limit: one, or one for each value of what requests have in common, as many as are kept.

use super::bucket::Bucket;
use std::{
    collections::HashMap,
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

/// The buckets of one limit.
#[derive(Debug)]
pub(super) enum Buckets {
    /// All requests share one.
    One(Bucket),
    /// Requests share one with those of the same key.
    ByKey(Mutex<Recent>),
    /// Somebody else has them.
    Elsewhere,
}

impl Buckets {
    /// A bucket for each key, of which so many are kept.
    pub(super) fn by_key(most: NonZeroU32) -> Self {
        Self::ByKey(Mutex::new(Recent::new(most)))
    }

    /// Uses the bucket of a key; the lock is held meanwhile, which is as long as a token takes.
    pub(super) fn of<T>(recent: &Mutex<Recent>, key: &[u8], take: impl FnOnce(&Bucket) -> T) -> T {
        take(recent.lock().unwrap_or_else(PoisonError::into_inner).touch(key))
    }
}

/// The buckets that were used last, in the order of their use.
pub(super) struct Recent {
    most: usize,
    // By a hash that nobody can guess: keys are what clients send.
    places: HashMap<Arc<[u8]>, usize>,
    slots: Vec<Slot>,
    newest: usize,
    oldest: usize,
}

struct Slot {
    key: Arc<[u8]>,
    bucket: Bucket,
    newer: usize,
    older: usize,
}

/// No slot.
const NONE: usize = usize::MAX;

impl Recent {
    fn new(most: NonZeroU32) -> Self {
        let most = usize::try_from(most.get()).unwrap_or(NONE);
        Self { most, places: HashMap::new(), slots: Vec::new(), newest: NONE, oldest: NONE }
    }

    /// The bucket of a key, which is the newest now. A new one is full.
    fn touch(&mut self, key: &[u8]) -> &Bucket {
        let place = match self.places.get(key) {
            Some(place) => {
                let place = *place;
                self.unlink(place);
                place
            }
            None => self.insert(key.into()),
        };
        self.link(place);
        &self.slots[place].bucket
    }

    /// A place for another key: that of the oldest, if there are as many as may be.
    fn insert(&mut self, key: Arc<[u8]>) -> usize {
        let slot = Slot { key: Arc::clone(&key), bucket: Bucket::full(), newer: NONE, older: NONE };
        let place = if self.slots.len() < self.most {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let place = self.oldest;
            self.unlink(place);
            self.places.remove(&self.slots[place].key);
            self.slots[place] = slot;
            place
        };
        self.places.insert(key, place);
        place
    }

    fn link(&mut self, place: usize) {
        self.slots[place].older = self.newest;
        self.slots[place].newer = NONE;
        match self.newest {
            NONE => self.oldest = place,
            newest => self.slots[newest].newer = place,
        }
        self.newest = place;
    }

    fn unlink(&mut self, place: usize) {
        let Slot { newer, older, .. } = self.slots[place];
        match newer {
            NONE => self.newest = older,
            newer => self.slots[newer].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.slots[older].newer = newer,
        }
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("count", &self.slots.len()).field("most", &self.most).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::TokenBucket;
    use std::time::Duration;

    #[test]
    fn the_bucket_that_was_used_longest_ago_makes_room() {
        let one = NonZeroU32::MIN;
        let rules = TokenBucket::new(one, one, Duration::from_secs(3600));
        let mut recent = Recent::new(NonZeroU32::new(2).unwrap());
        let mut take = |key: &str| recent.touch(key.as_bytes()).take(rules, 0).is_granted;
        assert!(take("a") && take("b"));
        assert!(!take("a") && !take("b") && !take("a"));
        assert!(take("c"), "which takes the place of b");
        assert!(!take("a") && !take("c"));
        assert!(take("b"), "which is forgotten, and takes the place of a");
        assert!(!take("c") && take("a"));
        assert_eq!((recent.slots.len(), recent.places.len()), (2, 2));
    }

    #[test]
    fn one_bucket_alone_is_the_newest_and_the_oldest() {
        let one = NonZeroU32::MIN;
        let rules = TokenBucket::new(one, one, Duration::from_secs(3600));
        let mut recent = Recent::new(one);
        for key in ["a", "b", "a"] {
            assert!(recent.touch(key.as_bytes()).take(rules, 0).is_granted);
            assert!(!recent.touch(key.as_bytes()).take(rules, 0).is_granted);
        }
    }
}
