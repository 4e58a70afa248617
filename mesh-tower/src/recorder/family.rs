//! The series of one name.

use super::{
    buckets::Buckets,
    cells::{Count, Level},
    histogram::Tally,
    names,
};
use metrics::Key;
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// What is measured, and how a series of it begins.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram(Buckets),
}

/// The measurements of one series.
#[derive(Clone, Debug)]
pub(super) enum Series {
    Counter(Arc<Count>),
    Gauge(Arc<Level>),
    Histogram(Arc<Tally>),
}

/// The series of one name, all of one kind.
#[derive(Debug)]
pub(super) struct Family {
    name: Box<str>,
    kind: Kind,
    series: Mutex<BTreeMap<Key, Series>>,
    /// Stands for those that there is no room for.
    other: OnceLock<Key>,
    is_told: AtomicBool,
}

impl Kind {
    fn begin(&self) -> Series {
        match self {
            Self::Counter => Series::Counter(Arc::default()),
            Self::Gauge => Series::Gauge(Arc::default()),
            Self::Histogram(buckets) => Series::Histogram(Arc::new(Tally::new(buckets.clone()))),
        }
    }

    /// The type's name, in both formats.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Family {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        let (series, other) = (Mutex::default(), OnceLock::new());
        Self { name: name.into(), kind, series, other, is_told: AtomicBool::new(false) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The series of a key, which begins now if `has_room` says so; `None` if it does not.
    pub(super) fn series(&self, key: &Key, has_room: impl FnOnce() -> bool) -> Option<Series> {
        let mut all = self.all();
        if let Some(known) = all.get(key) {
            return Some(known.clone());
        }
        has_room().then(|| all.entry(key.clone()).or_insert_with(|| self.kind.begin()).clone())
    }

    /// The one series that stands for all those without room; its labels are those of the first.
    pub(super) fn other(&self, key: &Key) -> &Key {
        self.other.get_or_init(|| names::other(key))
    }

    /// The next series in the order of their labels, and no more than so many.
    pub(super) fn after(&self, last: Option<&Key>, most: usize) -> Vec<(Key, Series)> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let all = self.all();
        let next = all.range::<Key, _>((from, Bound::Unbounded)).take(most);
        next.map(|(key, series)| (key.clone(), series.clone())).collect()
    }

    /// Whether this is the first time that somebody asks.
    pub(super) fn is_told_first(&self) -> bool {
        !self.is_told.swap(true, Relaxed)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Key, Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
