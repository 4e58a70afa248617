//! How often values were how large.

use super::{
    buckets::Buckets,
    cells::{Count, Level},
    exemplar::{Exemplar, Place},
};
use metrics::HistogramFn;
use std::sync::{Arc, OnceLock};

/// A handle of one histogram's series. Clones record into the same one.
///
/// What is not a finite number is not recorded: it would leave no sum to speak of.
#[derive(Clone, Debug)]
pub struct Histogram(pub(super) Arc<Tally>);

impl Histogram {
    /// Records a value. Neither waits nor takes memory.
    pub fn record(&self, value: f64) {
        self.0.record(value);
    }

    /// Records a value and the trace that it comes from, of which the newest of each bucket is kept. Neither waits nor,
    /// after the first time, takes memory.
    pub fn record_with(&self, value: f64, exemplar: Exemplar) {
        if let Some(bucket) = self.0.count(value, 1)
            && exemplar.trace_id != 0
        {
            self.0.places()[bucket].put(value, exemplar);
        }
    }
}

impl From<Histogram> for metrics::Histogram {
    fn from(histogram: Histogram) -> Self {
        Self::from_arc(histogram.0)
    }
}

/// The values of one series, by bucket.
#[derive(Debug)]
pub(super) struct Tally {
    buckets: Buckets,
    /// One more than there are bounds.
    counts: Box<[Count]>,
    sum: Level,
    /// As many, once there is an exemplar.
    places: OnceLock<Box<[Place]>>,
}

impl Tally {
    pub(super) fn new(buckets: Buckets) -> Self {
        let counts = std::iter::repeat_with(Count::default).take(buckets.bounds().len() + 1).collect();
        Self { buckets, counts, sum: Level::default(), places: OnceLock::new() }
    }

    /// How many values were recorded in each bucket, the one beyond the last bound included, with their bounds.
    pub(super) fn counts(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.buckets.bounds().iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().map(Count::get))
    }

    /// The sum of all values.
    pub(super) fn sum(&self) -> f64 {
        self.sum.get()
    }

    /// The newest exemplar of a bucket.
    pub(super) fn exemplar(&self, bucket: usize) -> Option<(f64, Exemplar)> {
        self.places.get()?.get(bucket)?.get()
    }

    /// Counts a value and gives its bucket; `None` for one that is not counted.
    fn count(&self, value: f64, times: usize) -> Option<usize> {
        if !value.is_finite() {
            return None;
        }
        let bucket = self.buckets.of(value);
        self.counts[bucket].add(times as u64);
        self.sum.add(value * times as f64);
        Some(bucket)
    }

    fn places(&self) -> &[Place] {
        self.places.get_or_init(|| std::iter::repeat_with(Place::default).take(self.counts.len()).collect())
    }
}

impl HistogramFn for Tally {
    fn record(&self, value: f64) {
        self.count(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.count(value, count);
    }
}
