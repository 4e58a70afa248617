//! `DestinationRule` → subsets and traffic policies.

use super::{Meaning, Site, names::is_label, traffic_policy};
use crate::{
    document::{self, Path},
    model::{Subset, SubsetRule},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::DestinationRule) -> Option<Meaning> {
    if written.host.is_empty() {
        site.check.refuse_with(site.spec, "host is missing", "name the service that this is for");
        return None;
    }
    let host = site.pattern(&site.spec.field("host"), &written.host)?;
    let selector = written.workload_selector.as_ref().map(|selector| selector.match_labels.clone());
    if let Some(labels) = &selector {
        site.selector(&site.spec.field("workloadSelector").field("matchLabels"), labels, "");
    }
    let policy = written.traffic_policy.as_ref();
    let policy =
        policy.map(|policy| traffic_policy::translate(site, &site.spec.field("trafficPolicy"), policy));
    let export_at = site.spec.field("exportTo");
    if selector.is_some() && written.export_to.iter().any(|to| to != "." && *to != site.metadata.namespace) {
        let reason = "destination rule with workload selector cannot have exportTo beyond current namespace";
        site.check.refuse(&export_at, reason);
    }
    Some(Meaning::SubsetRule(Arc::new(SubsetRule {
        host,
        namespace: site.namespace(),
        name: site.name(),
        policy: policy.map(Arc::new),
        subsets: subsets(site, &site.spec.field("subsets"), &written.subsets),
        export: site.export(&export_at, &written.export_to, false),
        clients: selector,
    })))
}

fn subsets(site: Site<'_>, at: &Path<'_>, written: &[document::Subset]) -> Vec<Subset> {
    let mut subsets: Vec<Subset> = Vec::with_capacity(written.len());
    for (index, subset) in written.iter().enumerate() {
        let at = at.index(index);
        let name_at = at.field("name");
        if subset.name.is_empty() {
            site.check.refuse_with(&at, "subset name cannot be empty", "give it a name");
        } else if !is_label(&subset.name) {
            site.check.refuse(&name_at, format!("subset name is invalid: {}", subset.name));
        } else if subsets.iter().any(|other| *other.name == *subset.name) {
            let reason = format!("duplicate subset names: {}", subset.name);
            site.check.refuse_with(&name_at, reason, "give each subset a name of its own");
        }
        site.labels(&at.field("labels"), &subset.labels);
        let policy = subset.traffic_policy.as_ref();
        let policy = policy.map(|policy| traffic_policy::translate(site, &at.field("trafficPolicy"), policy));
        subsets.push(Subset {
            name: subset.name.as_str().into(),
            labels: subset.labels.clone(),
            policy: policy.map(Arc::new),
        });
    }
    subsets
}
