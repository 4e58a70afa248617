//! Destinations that lead nowhere, and odd weights.

use super::{
    registry::Registry,
    subject::{SPEC, Subject},
};
use crate::{
    dialect::codes::{Finding, LONE_WEIGHT, PORT_NEEDED, REPEATED_DESTINATION, UNKNOWN_REFERENCE},
    document::{Destination, Fault, HttpDestination, Path, VirtualService, WeightedDestination},
    model::{Host, HostPattern},
};

/// Checks every destination of a VirtualService.
pub(super) fn check(
    subject: &Subject<'_>,
    written: &VirtualService,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    for_each(written, &mut |at, destination| {
        check_one(subject, at, destination, registry, faults);
    });
    let at = SPEC.field("http");
    for (index, rule) in written.http.iter().enumerate() {
        check_weights(subject, &at.index(index).field("route"), &rule.route, faults);
    }
}

/// Visits the destinations, copies' and connections' too.
fn for_each(written: &VirtualService, visit: &mut dyn FnMut(&Path<'_>, &Destination)) {
    let at = SPEC.field("http");
    for (index, rule) in written.http.iter().enumerate() {
        let at = at.index(index);
        let routes_at = at.field("route");
        for (index, weighted) in rule.route.iter().enumerate() {
            let at = routes_at.index(index);
            weighted.destination.iter().for_each(|to| visit(&at.field("destination"), to));
        }
        rule.mirror.iter().for_each(|to| visit(&at.field("mirror"), to));
        let mirrors_at = at.field("mirrors");
        for (index, mirror) in rule.mirrors.iter().enumerate() {
            let at = mirrors_at.index(index);
            mirror.destination.iter().for_each(|to| visit(&at.field("destination"), to));
        }
    }
    for (index, rule) in written.tls.iter().enumerate() {
        for_each_connection(&SPEC.field("tls").index(index).field("route"), &rule.route, visit);
    }
    for (index, rule) in written.tcp.iter().enumerate() {
        for_each_connection(&SPEC.field("tcp").index(index).field("route"), &rule.route, visit);
    }
}

fn for_each_connection(
    at: &Path<'_>,
    route: &[WeightedDestination],
    visit: &mut dyn FnMut(&Path<'_>, &Destination),
) {
    for (index, weighted) in route.iter().enumerate() {
        let at = at.index(index);
        weighted.destination.iter().for_each(|to| visit(&at.field("destination"), to));
    }
}

fn check_one(
    subject: &Subject<'_>,
    at: &Path<'_>,
    written: &Destination,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    let Some(pattern) = subject.host(&written.host) else { return };
    let HostPattern::Exact(host) = &pattern else { return };
    let host = registry.full_name(host);
    if registry.has_services() && !registry.knows(&HostPattern::Exact(host.clone())) {
        faults.push(subject.fault(&at.field("host"), unknown_host(host, registry)));
        return;
    }
    let is_whole = registry.has_services() || registry.has_subset_rules();
    if is_whole && !written.subset.is_empty() && !registry.has_subset(host, &written.subset) {
        faults.push(subject.fault(&at.field("subset"), unknown_subset(host, &written.subset)));
    }
    let services = registry.services(host.as_str());
    if written.port.is_none()
        && let Some(service) = services.first()
        && services.iter().all(|service| service.ports.len() > 1)
    {
        let ports: Vec<_> = service.ports.iter().map(|port| port.number.to_string()).collect();
        faults.push(subject.fault(at, many_ports(host, &ports.join(", "))));
    }
}

fn unknown_host(host: &Host, registry: &Registry<'_>) -> Finding {
    let remedy = match registry.namesake(host.as_str()) {
        Some(other) => format!("did you mean {other}?"),
        None => "correct the name, or describe the host in a Service or a ServiceEntry".to_owned(),
    };
    UNKNOWN_REFERENCE.because(format!("referenced host not found: {:?}", host.as_str()), remedy)
}

fn unknown_subset(host: &Host, subset: &str) -> Finding {
    let reason = format!("referenced host+subset in destinationrule not found: \"{host}+{subset}\"");
    UNKNOWN_REFERENCE.because(reason, "name the subset in a DestinationRule for this host")
}

fn many_ports(host: &Host, ports: &str) -> Finding {
    let reason =
        format!("this VirtualService routes to a service {host} that exposes multiple ports: {ports}");
    PORT_NEEDED.because(reason, "name the port: port: {number: …}")
}

fn check_weights(subject: &Subject<'_>, at: &Path<'_>, route: &[HttpDestination], faults: &mut Vec<Fault>) {
    if let [only] = route {
        // 0 is what nobody wrote, and 100 what it means.
        if !matches!(only.weight, 0 | 100) {
            let reason = "the weight is assumed to be 100 because there is only one route destination";
            faults
                .push(subject.fault(&at.index(0).field("weight"), LONE_WEIGHT.because(reason, "remove it")));
        }
        return;
    }
    for (index, weighted) in route.iter().enumerate() {
        let is_same = |other: &&HttpDestination| match (&other.destination, &weighted.destination) {
            (Some(one), Some(other)) => {
                subject.host(&one.host) == subject.host(&other.host)
                    && one.subset == other.subset
                    && one.port == other.port
            }
            _ => false,
        };
        if route[..index].iter().any(|other| is_same(&other)) {
            let reason = "this host subset combination is already referenced in another route destination";
            let finding = REPEATED_DESTINATION.because(reason, "add its weight to the other");
            faults.push(subject.fault(&at.index(index).field("destination"), finding));
        }
    }
}
