//! Asks a recorder for handles.

use super::tags::{Rules, Tags};
use crate::{recorder, telemetry::Recording};
use mesh_core::{model::Metric, table::BackendName};
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};

static METADATA: Metadata<'static> = Metadata::new("mesh_tower", Level::INFO, Some("mesh_tower"));

/// Lines of access logs that were lost.
const DROPPED_LINES: &str = "mesh_access_log_dropped_lines_total";
/// Tries of calls beyond the first.
pub(super) const RETRIES: &str = "mesh_retries_total";
/// Calls that found no room, or not for another try.
pub(super) const OVERFLOWS: &str = "mesh_overflows_total";

/// The metrics that are counters, and what they count.
const COUNTERS: [(&str, &str); 10] = [
    ("istio_requests_total", "Requests that have ended."),
    ("istio_request_messages_total", "Messages of gRPC that came in requests."),
    ("istio_response_messages_total", "Messages of gRPC that were sent in answers."),
    ("istio_tcp_connections_opened_total", "Connections that were opened of which no requests are seen."),
    ("istio_tcp_connections_closed_total", "Those of them that were closed."),
    ("istio_tcp_received_bytes_total", "Bytes that came over them from whoever connected."),
    ("istio_tcp_sent_bytes_total", "Bytes that went back to whoever connected."),
    (
        DROPPED_LINES,
        "Lines of access logs that were lost, since they came faster than they could be written.",
    ),
    (RETRIES, "Tries of calls beyond the first, by backend."),
    (OVERFLOWS, "Calls that a connectionPool or a budget of retries had no room for, by backend."),
];

/// Those that are histograms, and of what.
const HISTOGRAMS: [(&str, &str); 3] = [
    ("istio_request_duration_milliseconds", "The time from the head of a request to the end of its answer."),
    ("istio_request_bytes", "The size of requests, head and body."),
    ("istio_response_bytes", "The size of answers, head and body."),
];

/// Says what each metric is about.
pub(super) fn describe(recording: &Recording) {
    with_recorder(recording, |recorder| {
        for (name, about) in COUNTERS {
            recorder.describe_counter(name.into(), None, about.into());
        }
        for (name, about) in HISTOGRAMS {
            recorder.describe_histogram(name.into(), None, about.into());
        }
    });
}

/// Counts lines of an access log that are lost, by where it is written.
pub(in crate::telemetry) fn dropped_lines(recording: &Recording, sink: String) -> Counter {
    let key = Key::from_parts(DROPPED_LINES, vec![Label::new("sink", sink)]);
    with_recorder(recording, |recorder| recorder.register_counter(&key, &METADATA))
}

/// Counts what is about a backend.
pub(super) fn of_backend(recording: &Recording, name: &'static str, backend: &BackendName) -> Counter {
    let key = Key::from_parts(name, vec![Label::new("backend", backend.to_string())]);
    with_recorder(recording, |recorder| recorder.register_counter(&key, &METADATA))
}

fn with_recorder<H>(recording: &Recording, act: impl FnOnce(&dyn Recorder) -> H) -> H {
    match recording.recorder() {
        Some(recorder) => act(&*recorder),
        None => metrics::with_recorder(act),
    }
}

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
        with_recorder(self.recording, |recorder| recorder.register_counter(&key, &METADATA))
    }

    pub(super) fn histogram(&self, metric: Metric, name: &'static str) -> Histogram {
        let Some(key) = self.key(metric, name) else { return Histogram::noop() };
        with_recorder(self.recording, |recorder| recorder.register_histogram(&key, &METADATA))
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
}
