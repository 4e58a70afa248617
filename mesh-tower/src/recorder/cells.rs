//! Numbers that many threads change at once.

use metrics::{CounterFn, GaugeFn};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(super) fn add(&self, value: u64) {
        self.0.fetch_add(value, Relaxed);
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Relaxed);
    }
}

/// What several series count in together.
#[derive(Debug)]
pub(super) struct Folded(pub(super) Arc<Count>);

impl CounterFn for Folded {
    fn increment(&self, value: u64) {
        self.0.increment(value);
    }

    /// Where one of them stands says nothing of where all do.
    fn absolute(&self, _: u64) {}
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(super) struct Level(AtomicU64);

impl Level {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    pub(super) fn add(&self, value: f64) {
        // The closure never refuses.
        let _ = self.0.fetch_update(Relaxed, Relaxed, |bits| Some((f64::from_bits(bits) + value).to_bits()));
    }
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }
}
