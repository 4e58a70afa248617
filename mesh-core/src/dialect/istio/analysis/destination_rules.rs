//! DestinationRules for nobody, subsets of nothing, and rules that say the same.

use super::{
    documents::All,
    registry::Registry,
    subject::{SPEC, Subject},
    workloads::Workloads,
};
use crate::{
    dialect::codes::{EMPTY_SUBSET, Finding, REPEATED_SUBSET, UNKNOWN_RULE_HOST},
    document::{DestinationRule, Fault},
    model::{HostPattern, Labels},
};
use std::collections::HashMap;

/// Labels that say where an endpoint is. Whoever runs it adds them: no document has them.
const PLACES: [&str; 4] = [
    "topology.kubernetes.io/",
    "topology.istio.io/",
    "failure-domain.beta.kubernetes.io/",
    "kubernetes.io/hostname",
];

/// Checks that the host is there, and that each subset has endpoints if the host has any.
pub(super) fn check(
    subject: &Subject<'_>,
    written: &DestinationRule,
    registry: &Registry<'_>,
    workloads: &Workloads<'_>,
    faults: &mut Vec<Fault>,
) {
    let Some(host) = subject.host(&written.host).filter(|_| registry.has_services()) else { return };
    if !registry.knows(&host) {
        faults.push(subject.fault(&SPEC.field("host"), unknown_host(&host)));
    }
    let HostPattern::Exact(host) = &host else { return };
    if written.subsets.is_empty() {
        return;
    }
    let endpoints = registry.endpoints(host.as_str(), workloads);
    if endpoints.is_empty() {
        // Nobody runs yet, or somebody else knows where.
        return;
    }
    let at = SPEC.field("subsets");
    for (index, written) in written.subsets.iter().enumerate() {
        if !endpoints.iter().any(|labels| selects(&written.labels, labels)) {
            faults.push(subject.fault(&at.index(index), empty_subset(&written.name)));
        }
    }
}

fn selects(subset: &Labels, labels: &Labels) -> bool {
    subset.iter().all(|(key, value)| match labels.get(key) {
        Some(other) => other == value,
        None => !value.is_empty() && PLACES.iter().any(|place| key.starts_with(place)),
    })
}

fn unknown_host(host: &HostPattern) -> Finding {
    UNKNOWN_RULE_HOST.because(
        format!("the host {host} defined in the DestinationRule does not match any services in the mesh"),
        "correct the name, or describe the host in a Service or a ServiceEntry",
    )
}

fn empty_subset(name: &str) -> Finding {
    EMPTY_SUBSET.because(
        format!("the subset {name} does not select any endpoints: requests to it get a 503"),
        "correct the labels, or start a workload that has them",
    )
}

/// Checks that no two rules of a namespace say the same of one host: the later is not heard.
pub(super) fn check_repeated(rules: &All<'_, DestinationRule>, faults: &mut Vec<Fault>) {
    let mut said = HashMap::new();
    for (document, (subject, written)) in rules.iter().enumerate() {
        let Some(host) = subject.host(&written.host) else { continue };
        let clients = written.workload_selector.as_ref().map(|selector| &selector.match_labels);
        // Who said it first, if that was another: a subset by its name, and the whole host without one.
        let mut earlier = |subset: Option<&'_ str>| {
            let key = (subject.namespace(), host.clone(), clients, subset.map(str::to_owned));
            let first = *said.entry(key).or_insert(document);
            (first != document).then(|| rules[first].0.introduction())
        };
        if let Some(other) = written.traffic_policy.as_ref().and_then(|_| earlier(None)) {
            let finding = repeated(format!("{host} has a policy already, in {other}"));
            faults.push(subject.fault(&SPEC.field("trafficPolicy"), finding));
        }
        let at = SPEC.field("subsets");
        for (index, subset) in written.subsets.iter().enumerate() {
            if let Some(other) = earlier(Some(&subset.name)) {
                let finding = repeated(format!("{host} has a subset {} already, in {other}", subset.name));
                faults.push(subject.fault(&at.index(index), finding));
            }
        }
    }
}

fn repeated(reason: String) -> Finding {
    let remedy = "keep one, as this one is not used";
    REPEATED_SUBSET.because(
        format!("more than one DestinationRule for the same host subset combination: {reason}"),
        remedy,
    )
}
