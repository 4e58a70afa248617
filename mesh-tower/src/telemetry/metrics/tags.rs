//! What documents make of the metrics' tags.

use super::{Own, key::UNKNOWN};
use crate::{
    event::Exchange,
    telemetry::attributes::{self, Texts},
};
use mesh_core::{model::Metric, table};
use metrics::Label;
use rustc_hash::FxBuildHasher;
use std::{hash::BuildHasher, sync::Arc, time::Duration};

/// What documents say of the metrics of one side.
pub(super) struct Rules {
    metrics: table::Metrics,
    are_kept: bool,
    connections_are_kept: bool,
    has_tags: bool,
}

/// What tags are for one request, where documents say: for each metric, names, and values or nothing.
pub(super) struct Tags<'a>(Vec<(Metric, &'a Arc<str>, Option<String>)>);

/// The metrics of requests.
const OF_REQUESTS: [Metric; 6] = [
    Metric::RequestCount,
    Metric::RequestDuration,
    Metric::RequestSize,
    Metric::ResponseSize,
    Metric::GrpcRequestMessages,
    Metric::GrpcResponseMessages,
];

/// Those of connections.
const OF_CONNECTIONS: [Metric; 4] = [
    Metric::TcpOpenedConnections,
    Metric::TcpClosedConnections,
    Metric::TcpSentBytes,
    Metric::TcpReceivedBytes,
];

impl Rules {
    pub(super) fn new(metrics: table::Metrics) -> Self {
        let has_tags = Metric::ALL.iter().any(|metric| !metrics.rule(*metric).tags.is_empty());
        let are_kept = OF_REQUESTS.iter().any(|metric| metrics.is_kept(*metric));
        let connections_are_kept = OF_CONNECTIONS.iter().any(|metric| metrics.is_kept(*metric));
        Self { metrics, are_kept, connections_are_kept, has_tags }
    }

    /// Whether anything is measured of requests.
    pub(super) fn are_kept(&self) -> bool {
        self.are_kept
    }

    /// Whether anything is of connections.
    pub(super) fn connections_are_kept(&self) -> bool {
        self.connections_are_kept
    }

    /// How often connections are reported that last.
    pub(super) fn interval(&self) -> Duration {
        self.metrics.reporting_interval
    }

    /// Whether a metric is.
    pub(super) fn is_kept(&self, metric: Metric) -> bool {
        self.metrics.is_kept(metric)
    }

    /// Whether tags are made by expressions.
    pub(super) fn evaluates(&self) -> bool {
        self.has_tags
    }

    /// What tags are for this request.
    pub(super) fn tags(&self, exchange: &Exchange, own: &Own) -> Tags<'_> {
        if !self.has_tags {
            return Tags(Vec::new());
        }
        let texts = Texts::of(exchange, own);
        let attributes = attributes::of(exchange, own, &texts);
        let kept = Metric::ALL.into_iter().filter(|metric| self.is_kept(*metric));
        let tags =
            kept.flat_map(|metric| self.metrics.rule(metric).tags.iter().map(move |tag| (metric, tag)));
        let valued = tags.map(|(metric, tag)| {
            let value = tag.value.as_ref().map(|expression| {
                expression.text(&attributes).map_or_else(|| UNKNOWN.to_owned(), |text| text.into_owned())
            });
            (metric, &tag.name, value)
        });
        Tags(valued.collect())
    }
}

impl Tags<'_> {
    /// 0 when documents say nothing.
    pub(super) fn digest(&self) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        FxBuildHasher.hash_one(self.0.iter().map(|(.., value)| value).collect::<Vec<_>>())
    }

    /// The labels of a metric with what documents make of them.
    pub(super) fn applied(&self, metric: Metric, labels: &[Label]) -> Vec<Label> {
        let mut labels = labels.to_vec();
        for (_, name, value) in self.0.iter().filter(|(of, ..)| *of == metric) {
            let place = labels.iter().position(|label| label.key() == &***name);
            let new = value.as_ref().map(|value| Label::new(name.to_string(), value.clone()));
            match (place, new) {
                (Some(place), Some(new)) => labels[place] = new,
                (Some(place), None) => drop(labels.remove(place)),
                (None, Some(new)) => labels.push(new),
                (None, None) => {}
            }
        }
        labels
    }
}
