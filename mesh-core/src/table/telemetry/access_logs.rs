//! The logs that the requests of a workload are written to.

use super::distinct;
use crate::model::{
    AccessLogRule, Attributes, Expression, MeshTelemetry, Side, TelemetryProvider, TelemetryProviderKind,
    TelemetryRule,
};
use std::sync::Arc;

/// A log that requests are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// Who gets its entries.
    pub provider: Arc<TelemetryProvider>,
    /// The requests of which there is an entry; all when `None`.
    pub filter: Option<Arc<Expression>>,
}

impl AccessLog {
    /// Whether it has an entry of a request. As in Envoy it has none where the filter is not true, for want of a fact too.
    #[must_use]
    pub fn takes(&self, attributes: &Attributes<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_true(attributes))
    }
}

/// What the rules together say of one provider.
#[derive(Clone, Copy)]
struct Said<'m> {
    name: &'m str,
    is_disabled: bool,
    filter: Option<&'m Arc<Expression>>,
}

pub(super) fn of(mesh: &MeshTelemetry, rules: &[&TelemetryRule], side: Side) -> Vec<AccessLog> {
    let rules: Vec<_> = rules.iter().filter(|rule| !rule.access_logs.is_empty()).collect();
    if rules.is_empty() && mesh.access_logs.is_empty() {
        return mesh.log_file.iter().map(|file| log(file, None)).collect();
    }
    // Who gets entries is what the narrowest rule says that names anybody; what wider ones say of others is passed over.
    let named = rules.iter().rev().find_map(|rule| {
        let here = rule.access_logs.iter().filter(|said| said.sides.has(side));
        let names = distinct(here.flat_map(|said| &said.providers));
        (!names.is_empty()).then_some(names)
    });
    let names = named.unwrap_or_else(|| distinct(&mesh.access_logs));
    let is_written = rules.is_empty();
    let mut all: Vec<_> =
        names.into_iter().map(|name| Said { name, is_disabled: !is_written, filter: None }).collect();
    let mut asked = &mesh.access_logs;
    for said in rules.iter().flat_map(|rule| &rule.access_logs) {
        if !said.providers.is_empty() {
            asked = &said.providers;
        }
        if said.sides.has(side) {
            let is_meant = |it: &&mut Said<'_>| asked.iter().any(|name| name.eq_ignore_ascii_case(it.name));
            all.iter_mut().filter(is_meant).for_each(|it| it.hear(said));
        }
    }
    let written = all.into_iter().filter(|said| !said.is_disabled);
    let written = written.filter_map(|said| Some(log(mesh.provider(said.name)?, said.filter)));
    written.filter(|log| takes_entries(&log.provider.kind)).collect()
}

impl<'m> Said<'m> {
    /// What says nothing of a filter and names nobody leaves the filter that was there.
    fn hear(&mut self, said: &'m AccessLogRule) {
        self.is_disabled = said.is_disabled;
        if said.filter.is_some() || !said.providers.is_empty() {
            self.filter = said.filter.as_ref();
        }
    }
}

fn log(provider: &Arc<TelemetryProvider>, filter: Option<&Arc<Expression>>) -> AccessLog {
    AccessLog { provider: Arc::clone(provider), filter: filter.cloned() }
}

fn takes_entries(kind: &TelemetryProviderKind) -> bool {
    matches!(kind, TelemetryProviderKind::LogFile(_) | TelemetryProviderKind::OpenTelemetryLog(_))
}
