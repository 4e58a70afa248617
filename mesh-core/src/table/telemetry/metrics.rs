//! What is measured of the requests of a workload.

use super::distinct;
use crate::model::{
    Expression, MeshTelemetry, Metric, MetricsRule, Side, TagEdit, TelemetryProviderKind, TelemetryRule,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What is measured at one end of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Whether anybody gets metrics at all.
    pub is_measured: bool,
    /// How often what goes on for long is reported. Default: 5 s.
    pub reporting_interval: Duration,
    rules: [MetricRule; Metric::ALL.len()],
}

/// What differs of one metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricRule {
    /// Whether it is left out.
    pub is_disabled: bool,
    /// What becomes of its tags, in the order of their names; the others are as usual.
    pub tags: Box<[TagOverride]>,
}

/// What becomes of one tag of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagOverride {
    /// Its name, as it is written.
    pub name: Arc<str>,
    /// The expression that gives its value; it is left out when `None`.
    pub value: Option<Arc<Expression>>,
}

/// What several rules together say of one metric.
#[derive(Default)]
struct Merged<'m> {
    is_disabled: bool,
    tags: BTreeMap<&'m Arc<str>, &'m TagEdit>,
}

impl Metrics {
    /// How often what goes on for long is reported where nobody says.
    const INTERVAL: Duration = Duration::from_secs(5);

    /// What is measured of a metric.
    #[must_use]
    pub fn rule(&self, metric: Metric) -> &MetricRule {
        &self.rules[metric.index()]
    }

    /// Whether a metric is kept.
    #[must_use]
    pub fn is_kept(&self, metric: Metric) -> bool {
        self.is_measured && !self.rule(metric).is_disabled
    }

    pub(super) fn of(mesh: &MeshTelemetry, rules: &[&TelemetryRule], side: Side) -> Self {
        let said: Vec<&MetricsRule> = rules.iter().flat_map(|rule| &rule.metrics).collect();
        // Who gets them is what the last one says who names anybody; what is said of others before is passed over.
        let named = said.iter().rev().find(|said| !said.providers.is_empty());
        let names = distinct(named.map_or(&mesh.metrics, |said| &said.providers));
        let is_reader = |name: &&&str| {
            mesh.provider(name).is_some_and(|provider| provider.kind == TelemetryProviderKind::Prometheus)
        };
        let Some(reader) = names.iter().find(is_reader) else {
            return Self { is_measured: false, ..Self::default() };
        };
        let interval = said.iter().rev().find_map(|said| said.reporting_interval);
        Self {
            is_measured: true,
            reporting_interval: interval.unwrap_or(Self::INTERVAL),
            rules: merged(mesh, &said, reader, side).map(MetricRule::from),
        }
    }
}

fn merged<'m>(
    mesh: &'m MeshTelemetry,
    said: &[&'m MetricsRule],
    reader: &str,
    side: Side,
) -> [Merged<'m>; Metric::ALL.len()] {
    let mut merged = Metric::ALL.map(|_| Merged::default());
    let mut names = &mesh.metrics;
    for said in said {
        if !said.providers.is_empty() {
            names = &said.providers;
        }
        let is_for_reader = names.iter().any(|name| name.eq_ignore_ascii_case(reader));
        let overrides = said.overrides.iter().filter(|change| is_for_reader && change.sides.has(side));
        for change in overrides {
            for metric in change.metrics.as_deref().unwrap_or(&Metric::ALL) {
                let merged = &mut merged[metric.index()];
                merged.is_disabled = change.is_disabled.unwrap_or(merged.is_disabled);
                merged.tags.extend(&change.tags);
            }
        }
    }
    merged
}

impl Default for Metrics {
    /// Everything is measured as usual.
    fn default() -> Self {
        let rules = Metric::ALL.map(|_| MetricRule::default());
        Self { is_measured: true, reporting_interval: Self::INTERVAL, rules }
    }
}

impl From<Merged<'_>> for MetricRule {
    fn from(merged: Merged<'_>) -> Self {
        let tag = |(name, edit): (&Arc<str>, &TagEdit)| TagOverride {
            name: Arc::clone(name),
            value: match edit {
                TagEdit::Remove => None,
                TagEdit::Set(value) => Some(Arc::clone(value)),
            },
        };
        Self { is_disabled: merged.is_disabled, tags: merged.tags.into_iter().map(tag).collect() }
    }
}
