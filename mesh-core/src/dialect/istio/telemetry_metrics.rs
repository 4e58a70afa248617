//! What a Telemetry says of metrics.

use super::{
    Site,
    telemetry::{expression, providers, sides_of},
};
use crate::{
    document::{self, IstioMetric, MetricsOverride, Path, TagOperation},
    model::{Metric, MetricOverride, MetricsRule, TagEdit},
};
use std::{collections::BTreeMap, sync::Arc};

/// The tags that Istio's metrics have.
const TAGS: [&str; 27] = [
    "reporter",
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service_name",
    "destination_service_namespace",
    "destination_cluster",
    "request_protocol",
    "response_code",
    "grpc_response_status",
    "response_flags",
    "connection_security_policy",
    "source_workload_id",
    "destination_workload_id",
];

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &[document::Metrics]) -> Vec<MetricsRule> {
    // A tag that one override adds another may take away.
    let overrides = written.iter().flat_map(|metrics| &metrics.overrides);
    let added = overrides.flat_map(|change| &change.tag_overrides);
    let added = added.filter(|(_, tag)| tag.operation == TagOperation::Upsert);
    let known: Vec<&str> = TAGS.into_iter().chain(added.map(|(name, _)| name.as_str())).collect();
    let rule = |(index, written): (usize, &document::Metrics)| {
        let at = at.index(index);
        let changes_at = at.field("overrides");
        let changes = written.overrides.iter().enumerate();
        let changes = changes.map(|(index, written)| change(site, &changes_at.index(index), written, &known));
        site.maybe_duration(&at, "reportingInterval", written.reporting_interval);
        MetricsRule {
            providers: providers(site, &at, &written.providers),
            reporting_interval: written.reporting_interval,
            overrides: changes.collect(),
        }
    };
    written.iter().enumerate().map(rule).collect()
}

fn change(site: Site<'_>, at: &Path<'_>, written: &MetricsOverride, known: &[&str]) -> MetricOverride {
    let tags_at = at.field("tagOverrides");
    let tag = |(name, written): (&String, &document::TagOverride)| {
        let edit = edit(site, &tags_at.key(name), name, written, known)?;
        Some((Arc::from(name.as_str()), edit))
    };
    MetricOverride {
        metrics: metrics(site, &at.field("match"), written),
        sides: sides_of(written.matches.mode),
        is_disabled: written.disabled,
        tags: written.tag_overrides.iter().filter_map(tag).collect::<BTreeMap<_, _>>(),
    }
}

/// The metrics that an override is for; all when `None`.
fn metrics(site: Site<'_>, at: &Path<'_>, written: &MetricsOverride) -> Option<Vec<Metric>> {
    if let Some(name) = &written.matches.custom_metric {
        let at = at.field("customMetric");
        match name.as_str() {
            "" => {
                let remedy = "write metric: REQUEST_COUNT, say";
                site.check.refuse_with(&at, "customMetric must not be empty", remedy);
            }
            name => {
                let reason = format!("no metric is called {name:?} here, and this override has no effect");
                site.check.warn(&at, reason, "write metric: REQUEST_COUNT, say");
            }
        }
        return Some(Vec::new());
    }
    Some(vec![match written.matches.metric? {
        IstioMetric::AllMetrics => return None,
        IstioMetric::RequestCount => Metric::RequestCount,
        IstioMetric::RequestDuration => Metric::RequestDuration,
        IstioMetric::RequestSize => Metric::RequestSize,
        IstioMetric::ResponseSize => Metric::ResponseSize,
        IstioMetric::TcpOpenedConnections => Metric::TcpOpenedConnections,
        IstioMetric::TcpClosedConnections => Metric::TcpClosedConnections,
        IstioMetric::TcpSentBytes => Metric::TcpSentBytes,
        IstioMetric::TcpReceivedBytes => Metric::TcpReceivedBytes,
        IstioMetric::GrpcRequestMessages => Metric::GrpcRequestMessages,
        IstioMetric::GrpcResponseMessages => Metric::GrpcResponseMessages,
    }])
}

fn edit(
    site: Site<'_>,
    at: &Path<'_>,
    name: &str,
    written: &document::TagOverride,
    known: &[&str],
) -> Option<TagEdit> {
    let value_at = at.field("value");
    match (written.operation, written.value.as_str()) {
        (TagOperation::Upsert, "") => {
            let reason = "tagOverrides.value must be set when operation is UPSERT";
            site.check.refuse_with(at, reason, "write value: request.method, say, or operation: REMOVE");
            None
        }
        (TagOperation::Upsert, value) => expression(site, &value_at, value, "unknown").map(TagEdit::Set),
        (TagOperation::Remove, "") => {
            if !known.contains(&name) {
                let reason = format!("no metric has a tag {name:?}, and nothing is removed");
                site.check.note(at, reason);
            }
            Some(TagEdit::Remove)
        }
        (TagOperation::Remove, _) => {
            let reason = "tagOverrides.value may only be set when operation is UPSERT";
            site.check.refuse_with(&value_at, reason, "remove it");
            None
        }
    }
}
