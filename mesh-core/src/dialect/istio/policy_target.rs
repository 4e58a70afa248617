//! What a policy is for: workloads by their labels, or objects of the Gateway API.

use super::Site;
use crate::{
    document::{Path, Selector, TargetReference},
    model::Labels,
};

/// The kinds that a policy may be for instead of workloads, each with its group.
const KINDS: [(&str, &str); 4] = [
    ("", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
];

/// The labels of the workloads that a policy is for; `None` when it is for none, which is told.
pub(super) fn workloads(
    site: Site<'_>,
    selector: Option<&Selector>,
    target: Option<&TargetReference>,
    targets: &[TargetReference],
) -> Option<Labels> {
    if let Some(selector) = selector {
        site.selector(&site.spec.field("selector"), &selector.match_labels, "");
    }
    let written = [selector.is_some(), target.is_some(), !targets.is_empty()];
    if written.into_iter().filter(|is| *is).count() > 1 {
        let reason = "only one of targetRefs or workloadSelector can be set";
        site.check.refuse_with(site.spec, reason, "keep one of selector, targetRef and targetRefs");
    }
    if let Some(target) = target {
        check(site, &site.spec.field("targetRef"), target);
    }
    let targets_at = site.spec.field("targetRefs");
    for (index, target) in targets.iter().enumerate() {
        check(site, &targets_at.index(index), target);
    }
    if target.is_some() || !targets.is_empty() {
        let at = if target.is_some() { site.spec.field("targetRef") } else { targets_at };
        let reason =
            "is for waypoints and for gateways of the Gateway API: no workload here keeps this policy";
        site.check.warn(&at, reason, "write selector: {matchLabels: {…}} for workloads");
        return None;
    }
    Some(selector.map(|selector| selector.match_labels.clone()).unwrap_or_default())
}

fn check(site: Site<'_>, at: &Path<'_>, target: &TargetReference) {
    if target.name.is_empty() {
        site.check.refuse(&at.field("name"), "targetRef name must be set");
    }
    if !target.namespace.is_empty() {
        let reason = "targetRef namespace must not be set; cross namespace referencing is not supported";
        site.check.refuse(&at.field("namespace"), reason);
    }
    let group = if target.group == "core" { "" } else { target.group.as_str() };
    if !KINDS.contains(&(group, target.kind.as_str())) {
        let kinds: Vec<_> = KINDS
            .iter()
            .map(|(group, kind)| format!("{group}/{kind}").trim_start_matches('/').to_owned())
            .collect();
        let reason = format!(
            "targetRef must be to one of [{}] but was {}/{}",
            kinds.join(" "),
            target.group,
            target.kind
        );
        site.check.refuse(at, reason);
    }
}
