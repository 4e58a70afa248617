//! Traces that measurements come from.

use std::{
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A trace that a measurement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar {
    /// The trace's id, as W3C Trace Context has it. One of 0 is none, and is not kept.
    pub trace_id: u128,
    /// The span within it. Default: none.
    pub span_id: Option<u64>,
    /// When it was measured, to the nanosecond, if that is after 1970. Default: none, so when it is read.
    pub at: Option<SystemTime>,
}

impl Exemplar {
    /// A whole trace.
    #[must_use]
    pub fn new(trace_id: u128) -> Self {
        Self { trace_id, span_id: None, at: None }
    }
}

/// The place of the newest exemplar of a bucket, and of the value that was measured. Nobody ever waits at it.
///
/// A version that is odd while somebody writes, and another one before and after: a reader who saw the same even version
/// on both sides has seen no half of two exemplars.
#[derive(Debug, Default)]
pub(super) struct Place {
    version: AtomicU64,
    words: [AtomicU64; 5],
}

impl Place {
    /// Keeps an exemplar, unless another one is being written: that is as good.
    pub(super) fn put(&self, value: f64, exemplar: Exemplar) {
        let version = self.version.load(Relaxed);
        let is_free = version.is_multiple_of(2);
        if !is_free || self.version.compare_exchange(version, version + 1, Acquire, Relaxed).is_err() {
            return;
        }
        fence(Release);
        for (word, value) in self.words.iter().zip(packed(value, exemplar)) {
            word.store(value, Relaxed);
        }
        self.version.store(version + 2, Release);
    }

    /// The exemplar and its value; `None` when there is none, or one is being written at this moment.
    pub(super) fn get(&self) -> Option<(f64, Exemplar)> {
        let version = self.version.load(Acquire);
        let words = self.words.each_ref().map(|word| word.load(Relaxed));
        fence(Acquire);
        let is_whole = version != 0 && version.is_multiple_of(2) && self.version.load(Relaxed) == version;
        is_whole.then(|| unpacked(words))
    }
}

fn packed(value: f64, exemplar: Exemplar) -> [u64; 5] {
    let Exemplar { trace_id, span_id, at } = exemplar;
    let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let nanoseconds = since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    let (high, low) = ((trace_id >> 64) as u64, trace_id as u64);
    [value.to_bits(), high, low, span_id.unwrap_or(0), nanoseconds]
}

fn unpacked([value, high, low, span, nanoseconds]: [u64; 5]) -> (f64, Exemplar) {
    let at = (nanoseconds > 0).then(|| UNIX_EPOCH + Duration::from_nanos(nanoseconds));
    let trace_id = (u128::from(high) << 64) | u128::from(low);
    (f64::from_bits(value), Exemplar { trace_id, span_id: (span != 0).then_some(span), at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    #[test]
    fn an_exemplar_is_read_as_it_was_written() {
        let place = Place::default();
        assert_eq!(place.get(), None);
        let at = Some(UNIX_EPOCH + Duration::new(1_600_000_000, 5));
        let exemplar = Exemplar { trace_id: u128::MAX - 7, span_id: Some(3), at };
        place.put(0.25, exemplar);
        assert_eq!(place.get(), Some((0.25, exemplar)));
        place.put(0.5, Exemplar::new(1));
        assert_eq!(place.get(), Some((0.5, Exemplar::new(1))));
    }

    #[test]
    fn nobody_sees_half_of_one_and_half_of_another() {
        let place = Arc::new(Place::default());
        place.put(0.0, Exemplar { trace_id: 1, span_id: Some(1), at: None });
        thread::scope(|scope| {
            for writer in 1..=2_u64 {
                let place = Arc::clone(&place);
                scope.spawn(move || {
                    for turn in 1..20_000 {
                        let (id, span_id) = (u128::from(turn * writer), Some(turn * writer));
                        place.put(0.0, Exemplar { trace_id: (id << 64) | id, span_id, at: None });
                    }
                });
            }
            for _ in 0..20_000 {
                let Some((_, exemplar)) = place.get() else { continue };
                let low = exemplar.trace_id as u64;
                assert_eq!(exemplar.span_id, Some(low));
                assert!(low == 1 || (exemplar.trace_id >> 64) as u64 == low);
            }
        });
    }
}
