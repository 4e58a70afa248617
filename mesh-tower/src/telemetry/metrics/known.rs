//! Handles by what their labels follow from.

use super::key::{Kept, Key};
use crate::event::Exchange;
use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many kinds are told apart. Of those beyond, nothing is known but how they ended.
const MOST: usize = 20_000;

/// Handles by kind of request or connection. Whoever adds to them makes a copy; the lock is for those alone.
pub(super) struct Known<H> {
    kinds: ArcSwap<FxHashMap<Key, Arc<Kind<H>>>>,
    adding: Mutex<()>,
}

/// The handles of one kind.
pub(super) struct Kind<H> {
    pub(super) handles: H,
    /// What the key is the address of lives as long as this.
    kept: Kept,
}

impl<H> Default for Known<H> {
    fn default() -> Self {
        Self { kinds: ArcSwap::default(), adding: Mutex::default() }
    }
}

impl<H> Known<H> {
    /// Gives the handles of an exchange's kind to `act`. The first of a kind gets them from `make`, which is told whether
    /// there is no room for another kind.
    pub(super) fn with<R>(
        &self,
        key: Key,
        exchange: &Exchange,
        make: impl FnOnce(bool) -> H,
        act: impl FnOnce(&Arc<Kind<H>>) -> R,
    ) -> R {
        let known = self.kinds.load();
        match known.get(&key) {
            Some(kind) => act(kind),
            None => act(&self.add(key, exchange, make)),
        }
    }

    fn add(&self, key: Key, exchange: &Exchange, make: impl FnOnce(bool) -> H) -> Arc<Kind<H>> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.kinds.load();
        if let Some(kind) = known.get(&key) {
            return Arc::clone(kind);
        }
        let mut more = FxHashMap::clone(&known);
        if more.len() >= MOST {
            more.retain(|_, kind| kind.kept.is_used_elsewhere());
        }
        let is_folded = more.len() >= MOST;
        let key = if is_folded { key.folded() } else { key };
        let new = || Arc::new(Kind { handles: make(is_folded), kept: Kept::of(exchange) });
        let kind = Arc::clone(more.entry(key).or_insert_with(new));
        self.kinds.store(Arc::new(more));
        kind
    }
}
