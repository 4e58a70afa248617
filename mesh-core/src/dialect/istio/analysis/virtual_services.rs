//! VirtualServices beside one another, and at the gateways that they name.

use super::{
    registry::Registry,
    subject::{Finding, MOST_NAMED, SPEC, Subject},
};
use crate::{
    document::{Fault, Path, Severity, VirtualService},
    model::{Export, Gateway, GatewayName, HostPattern},
};
use std::collections::HashMap;

/// Checks that the gateways are there, and serve the hosts.
pub(super) fn check_gateways(
    subject: &Subject<'_>,
    written: &VirtualService,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    if !registry.has_services() && !registry.has_gateways() {
        return;
    }
    let hosts: Vec<HostPattern> = written.hosts.iter().filter_map(|name| subject.host(name)).collect();
    let mut check = |at: &Path<'_>, names: &[String], is_for_hosts: bool| {
        let at = at.field("gateways");
        for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != "mesh") {
            let Some(name) = subject.gateway(name) else { continue };
            let finding = match registry.gateway(&name) {
                None => unknown_gateway(&name),
                Some(gateway) if is_for_hosts && !serves_any(gateway, subject.namespace(), &hosts) => {
                    other_hosts(&name, written)
                }
                Some(_) => continue,
            };
            faults.push(subject.fault(&at.index(index), finding));
        }
    };
    check(&SPEC, &written.gateways, true);
    let at = SPEC.field("http");
    for (index, rule) in written.http.iter().enumerate() {
        let at = at.index(index);
        let at = at.field("match");
        for (index, block) in rule.matches.iter().enumerate() {
            check(&at.index(index), &block.gateways, false);
        }
    }
}

/// Whether a gateway serves one of these hosts. One is enough: the others may be for other gateways, or the mesh.
fn serves_any(gateway: &Gateway, namespace: &str, hosts: &[HostPattern]) -> bool {
    let mut served = gateway.servers.iter().flat_map(|server| &server.hosts);
    served.any(|server| {
        server.namespace.as_ref().is_none_or(|own| **own == *namespace)
            && hosts.iter().any(|host| server.pattern.narrower(host).is_some())
    })
}

fn unknown_gateway(name: &GatewayName) -> Finding {
    Finding {
        code: "IST0101",
        severity: Severity::Error,
        reason: format!("referenced gateway not found: \"{name}\""),
        remedy: "correct the name, as namespace/name for one of another namespace, or add the Gateway"
            .to_owned(),
    }
}

fn other_hosts(name: &GatewayName, written: &VirtualService) -> Finding {
    let hosts = written.hosts.join(", ");
    Finding {
        code: "IST0132",
        severity: Severity::Warning,
        reason: format!("one or more host [{hosts}] not found in Gateway {name}: no request gets here by it"),
        remedy: "add the host to one of the Gateway's servers, or name another Gateway".to_owned(),
    }
}

/// One host of one VirtualService in the mesh.
struct Claim<'s, 'a> {
    subject: &'s Subject<'a>,
    index: usize,
    export: Export,
}

/// Checks that no two VirtualServices route one host in the mesh.
pub(super) fn check_owners(rules: &[(Subject<'_>, &VirtualService)], faults: &mut Vec<Fault>) {
    let mut claims: HashMap<HostPattern, Vec<Claim<'_, '_>>> = HashMap::new();
    for (subject, written) in rules {
        let is_in_mesh = written.gateways.is_empty() || written.gateways.iter().any(|name| name == "mesh");
        for (index, name) in written.hosts.iter().enumerate().filter(|_| is_in_mesh) {
            let Some(host) = subject.host(name) else { continue };
            let export = subject.export(&written.export_to);
            claims.entry(host).or_default().push(Claim { subject, index, export });
        }
    }
    let mut claims: Vec<_> = claims.into_iter().filter(|(_, claims)| claims.len() > 1).collect();
    claims.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (host, claims) in &claims {
        for (number, claim) in claims.iter().enumerate() {
            let rivals = claims.iter().enumerate();
            let rivals =
                rivals.filter(|(other, rival)| *other == number || meet(&rival.export, &claim.export));
            let rivals: Vec<_> =
                rivals.map(|(_, rival)| rival.subject.introduction()).take(MOST_NAMED).collect();
            if rivals.len() > 1 {
                let at = SPEC.field("hosts");
                faults.push(claim.subject.fault(&at.index(claim.index), several_owners(host, &rivals)));
            }
        }
    }
}

fn several_owners(host: &HostPattern, rivals: &[String]) -> Finding {
    let rivals = rivals.join(", ");
    Finding {
        code: "IST0109",
        severity: Severity::Error,
        reason: format!(
            "the VirtualServices {rivals} associated with mesh gateway define the same host {host}, \
             and a workload uses only the first of those it sees"
        ),
        remedy: "merge them into one".to_owned(),
    }
}

/// Whether some namespace sees both.
fn meet(one: &Export, other: &Export) -> bool {
    match (one, other) {
        (Export::To(some), other) | (other, Export::To(some)) => {
            some.iter().any(|namespace| other.reaches(namespace))
        }
        (Export::Everywhere | Export::Unsaid, Export::Everywhere | Export::Unsaid) => true,
    }
}
