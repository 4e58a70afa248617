//! `Telemetry` → how the requests of some workloads are measured, traced and written to logs.

use super::{Meaning, Site, custom_tag, policy_target::workloads, telemetry_metrics};
use crate::{
    document::{self, ModeMatch, Path, ProviderRef, WorkloadMode},
    model::{AccessLogRule, Expression, Share, Sides, TelemetryRule, TracingRule},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::Telemetry) -> Option<Meaning> {
    let (selector, targets) = (written.selector.as_ref(), &written.target_refs);
    let workloads = workloads(site, selector, written.target_ref.as_ref(), targets);
    let (tracing_at, logs_at) = (site.spec.field("tracing"), site.spec.field("accessLogging"));
    if written.tracing.len() > 1 {
        let remedy = "keep one: what is said later takes the place of what is said before";
        site.check.warn(&tracing_at, "multiple tracing is not currently supported", remedy);
    }
    let tracing = written.tracing.iter().enumerate();
    let tracing = tracing.map(|(index, written)| self::tracing(site, &tracing_at.index(index), written));
    let tracing = tracing.collect();
    let logs = written.access_logging.iter().enumerate();
    let access_logs = logs.map(|(index, written)| access_log(site, &logs_at.index(index), written)).collect();
    let metrics = telemetry_metrics::translate(site, &site.spec.field("metrics"), &written.metrics);
    let Some(workloads) = workloads else { return Some(Meaning::Nothing) };
    Some(Meaning::Telemetry(Arc::new(TelemetryRule {
        namespace: site.namespace(),
        name: site.name(),
        workloads: Some(workloads).filter(|labels| !labels.is_empty()),
        metrics,
        tracing,
        access_logs,
    })))
}

fn tracing(site: Site<'_>, at: &Path<'_>, written: &document::Tracing) -> TracingRule {
    let names = providers(site, at, &written.providers);
    if names.len() > 1 {
        let remedy = "keep one: the first gets all spans";
        site.check.warn(&at.field("providers"), "multiple providers is not currently supported", remedy);
    }
    let tags_at = at.field("customTags");
    let tags = written.custom_tags.as_ref().map(|tags| custom_tag::translate(site, &tags_at, tags));
    let sampling = written.random_sampling_percentage;
    TracingRule {
        sides: sides(written.matches),
        providers: names,
        sampling: sampling.and_then(|share| sampled(site, &at.field("randomSamplingPercentage"), share)),
        hides_spans: written.disable_span_reporting,
        tags,
        samples_by_request_id: written.use_request_id_for_trace_sampling,
        has_istio_tags: written.enable_istio_tags,
        hides_context: written.disable_context_propagation,
    }
}

/// A share of traces, which may be none at all.
pub(super) fn sampled(site: Site<'_>, at: &Path<'_>, percent: f64) -> Option<Share> {
    if !(0.0..=100.0).contains(&percent) {
        let reason = "randomSamplingPercentage must be in range [0.0, 100.0]";
        site.check.refuse(at, reason);
        return None;
    }
    let share = Share::from_percent(percent);
    if share.is_none() {
        let remedy = "write at least 0.0001";
        site.check.warn(at, "is less than one trace in a million, and none is kept", remedy);
    }
    Some(share.unwrap_or(Share::NONE))
}

fn access_log(site: Site<'_>, at: &Path<'_>, written: &document::AccessLogging) -> AccessLogRule {
    let filter_at = at.field("filter");
    let filter = written.filter.as_ref();
    let filter = filter
        .and_then(|filter| expression(site, &filter_at.field("expression"), &filter.expression, "false"));
    AccessLogRule {
        sides: sides(written.matches),
        providers: providers(site, at, &written.providers),
        is_disabled: written.disabled,
        filter,
    }
}

/// Reads an expression. What of it is not known has no value, and what needs that is `what`.
pub(super) fn expression(
    site: Site<'_>,
    at: &Path<'_>,
    written: &str,
    what: &str,
) -> Option<Arc<Expression>> {
    let expression = site.check.accept(at, Expression::parse(written))?;
    if let [first, ..] = expression.unknown() {
        let remedy = "write one of Envoy's attributes of a request, a response or a connection";
        let reason = format!("{first:?} is not known here, and has no value: whatever needs it is {what}");
        site.check.warn(at, reason, remedy);
    }
    Some(Arc::new(expression))
}

/// The names of providers.
pub(super) fn providers(site: Site<'_>, parent: &Path<'_>, written: &[ProviderRef]) -> Vec<Arc<str>> {
    let at = parent.field("providers");
    for (index, provider) in written.iter().enumerate() {
        if provider.name.is_empty() {
            let at = at.index(index);
            site.check.refuse_with(
                &at.field("name"),
                "providers.name may not be empty",
                "name a provider of the MeshConfig",
            );
        }
    }
    written.iter().map(|provider| provider.name.as_str().into()).collect()
}

fn sides(written: ModeMatch) -> Sides {
    sides_of(written.mode)
}

pub(super) fn sides_of(mode: WorkloadMode) -> Sides {
    match mode {
        WorkloadMode::ClientAndServer => Sides::Both,
        WorkloadMode::Client => Sides::Client,
        WorkloadMode::Server => Sides::Server,
    }
}
