//! How the requests of one workload are measured, traced and written to logs: all rules merged.
//!
//! Of the rules for all of the root namespace, for all of the workload's own and for workloads of its labels the oldest
//! of each counts, in this order; of what several say, what the later one says.

mod access_logs;
mod metrics;
mod tracing;

pub use access_logs::AccessLog;
pub use metrics::{MetricRule, Metrics, TagOverride};
pub use tracing::{Tag, TagValue, Tracing};

use super::Viewpoint;
use crate::model::{AskedService, Model, Side, TelemetryProvider, TelemetryRule};
use std::sync::Arc;

/// How the requests of one workload are measured, traced and written to logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// The calls that it makes; at a gateway, all requests.
    pub client: SideTelemetry,
    /// The calls that are made to it.
    pub server: SideTelemetry,
}

/// The same at one end of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideTelemetry {
    /// What is measured.
    pub metrics: Metrics,
    /// What is traced.
    pub tracing: Tracing,
    /// The logs that requests are written to; none when empty.
    pub access_logs: Vec<AccessLog>,
}

impl Telemetry {
    /// What the rules say for a workload.
    #[must_use]
    pub fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        let rules = rules(model, viewpoint);
        let side = |side| SideTelemetry {
            metrics: Metrics::of(&model.telemetry.mesh, &rules, side),
            tracing: Tracing::of(&model.telemetry.mesh, &rules, side, viewpoint),
            access_logs: access_logs::of(&model.telemetry.mesh, &rules, side),
        };
        Self { client: side(Side::Client), server: side(Side::Server) }
    }

    /// The services that get telemetry over the network.
    pub(super) fn services(&self) -> impl Iterator<Item = &AskedService> {
        let providers = [&self.client, &self.server].into_iter().flat_map(SideTelemetry::providers);
        providers.filter_map(|provider| provider.kind.service())
    }

    /// What holds at one end of calls.
    #[must_use]
    pub fn at(&self, side: Side) -> &SideTelemetry {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl SideTelemetry {
    /// Everybody who gets spans or entries of logs.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<TelemetryProvider>> {
        self.tracing.provider.iter().chain(self.access_logs.iter().map(|log| &log.provider))
    }
}

/// The rules for a workload, the widest first.
fn rules<'m>(model: &'m Model, viewpoint: &Viewpoint) -> Vec<&'m TelemetryRule> {
    let oldest = |namespace: &str, is_wanted: &dyn Fn(&TelemetryRule) -> bool| {
        let mut rules = model.telemetry.rules.iter().map(|rule| &**rule);
        rules.find(|rule| *rule.namespace == *namespace && is_wanted(rule))
    };
    let own = &*viewpoint.namespace;
    let root = oldest(&model.root_namespace, &|rule| rule.workloads.is_none());
    let is_root = *own == *model.root_namespace;
    let namespace = oldest(own, &|rule| !is_root && rule.workloads.is_none());
    let selects = |rule: &TelemetryRule| {
        rule.workloads.as_ref().is_some_and(|workloads| viewpoint.is_labelled(workloads))
    };
    let workload = oldest(own, &selects);
    [root, namespace, workload].into_iter().flatten().collect()
}

/// The names of providers without those that came before in another letter case.
fn distinct<'m>(names: impl IntoIterator<Item = &'m Arc<str>>) -> Vec<&'m str> {
    let mut distinct: Vec<&str> = Vec::new();
    for name in names {
        if !distinct.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            distinct.push(name);
        }
    }
    distinct
}
