//! DestinationRules for nobody, and subsets of nothing.

use super::{
    registry::Registry,
    subject::{Finding, SPEC, Subject},
};
use crate::{
    document::{DestinationRule, Fault, Severity},
    model::{HostPattern, Subset},
};

/// Checks that the host is there, and that each subset has endpoints if the host has any.
pub(super) fn check(
    subject: &Subject<'_>,
    written: &DestinationRule,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    let Some(host) = subject.host(&written.host).filter(|_| registry.has_services()) else { return };
    if !registry.knows(&host) {
        faults.push(subject.fault(&SPEC.field("host"), unknown_host(&host)));
    }
    let HostPattern::Exact(host) = &host else { return };
    let services = registry.services(host.as_str()).iter();
    let endpoints: Vec<_> = services.flat_map(|service| service.endpoints.iter()).collect();
    if endpoints.is_empty() {
        // Nobody runs yet, or somebody else knows where.
        return;
    }
    let at = SPEC.field("subsets");
    for (index, written) in written.subsets.iter().enumerate() {
        let subset =
            Subset { name: written.name.as_str().into(), labels: written.labels.clone(), policy: None };
        if !endpoints.iter().any(|endpoint| subset.selects(&endpoint.labels)) {
            faults.push(subject.fault(&at.index(index), empty_subset(&written.name)));
        }
    }
}

fn unknown_host(host: &HostPattern) -> Finding {
    Finding {
        code: "IST0174",
        severity: Severity::Warning,
        reason: format!(
            "the host {host} defined in the DestinationRule does not match any services in the mesh"
        ),
        remedy: "correct the name, or describe the host in a Service or a ServiceEntry".to_owned(),
    }
}

fn empty_subset(name: &str) -> Finding {
    Finding {
        code: "IST0173",
        severity: Severity::Error,
        reason: format!("the subset {name} does not select any endpoints: requests to it get a 503"),
        remedy: "correct the labels, or start a workload that has them".to_owned(),
    }
}
