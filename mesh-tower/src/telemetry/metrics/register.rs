//! Asks a recorder for handles.

use super::tags::{Rules, Tags};
use crate::{recorder, telemetry::Recording};
use mesh_core::model::Metric;
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};

static METADATA: Metadata<'static> = Metadata::new("mesh_tower", Level::INFO, Some("mesh_tower"));

/// Asks a recorder for the handles of one kind of request or connection.
pub(super) struct Register<'a> {
    pub(super) recording: &'a Recording,
    pub(super) rules: &'a Rules,
    pub(super) tags: &'a Tags<'a>,
    pub(super) labels: &'a [Label],
}

/// A histogram, which may take exemplars.
pub(super) enum Measure {
    /// One of our own recorder.
    Ours(recorder::Histogram),
    /// Another one, or none.
    Other(Histogram),
}

impl Register<'_> {
    pub(super) fn counter(&self, metric: Metric, name: &'static str) -> Counter {
        let Some(key) = self.key(metric, name) else { return Counter::noop() };
        self.with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
    }

    pub(super) fn histogram(&self, metric: Metric, name: &'static str) -> Histogram {
        let Some(key) = self.key(metric, name) else { return Histogram::noop() };
        self.with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
    }

    /// The same, with exemplars where the recorder keeps them.
    pub(super) fn measure(&self, metric: Metric, name: &'static str) -> Measure {
        match (self.recording.readable(), self.key(metric, name)) {
            (Some(ours), Some(key)) => Measure::Ours(ours.histogram(&key)),
            _ => Measure::Other(self.histogram(metric, name)),
        }
    }

    fn key(&self, metric: Metric, name: &'static str) -> Option<Key> {
        let labels = self.rules.is_kept(metric).then(|| self.tags.applied(metric, self.labels))?;
        Some(Key::from_parts(name, labels))
    }

    fn with_recorder<H>(&self, register: impl FnOnce(&dyn Recorder) -> H) -> H {
        match self.recording.recorder() {
            Some(recorder) => register(&*recorder),
            None => metrics::with_recorder(register),
        }
    }
}
