//! Finds the series of a key that was asked for before.

use super::family::Series;
use metrics::Key;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::{
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many parts there are, so that threads that record at once seldom meet.
const PARTS: usize = 64;

/// Series by the keys that they were asked for by: the macros of `metrics` ask with every measurement.
#[derive(Debug)]
pub(super) struct Index {
    parts: Box<[Mutex<FxHashMap<Key, Series>>]>,
    /// The most keys in a part: one series may be asked for by several.
    most: usize,
}

impl Index {
    /// Room for twice so many keys at least.
    pub(super) fn new(most: usize) -> Self {
        let parts = std::iter::repeat_with(Mutex::default).take(PARTS).collect();
        Self { parts, most: (most / PARTS).saturating_mul(2).saturating_add(8) }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Series> {
        self.part(key).get(key).cloned()
    }

    /// Remembers a key, if there is room; else it is looked for among all of its name each time.
    pub(super) fn insert(&self, key: &Key, series: &Series) {
        let key = key.to_retained();
        let mut part = self.part(&key);
        if part.len() < self.most {
            part.insert(key, series.clone());
        }
    }

    fn part(&self, key: &Key) -> MutexGuard<'_, FxHashMap<Key, Series>> {
        let hash = FxBuildHasher.hash_one(key);
        let part = &self.parts[(hash >> 32) as usize % PARTS];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
