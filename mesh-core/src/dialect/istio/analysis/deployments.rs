//! Workloads that several services reach in different ways.

use super::{
    documents::Documents,
    services::{Selecting, is_datagram, target, tells_protocol},
    subject::Subject,
    workloads::Workload,
};
use crate::{
    dialect::codes::{CONFLICTING_PROTOCOLS, CONFLICTING_TARGETS},
    document::{Fault, Path, Service, ServicePort},
};
use std::collections::{BTreeMap, BTreeSet};

/// What keeps a workload out of the mesh, as an annotation or a label.
const INJECT: &str = "sidecar.istio.io/inject";

/// One port of one service.
type Port<'p> = (&'p str, &'p ServicePort);

/// Checks that the services of what makes Pods agree on its ports.
pub(super) fn check(documents: &Documents<'_>, services: &Selecting<'_, '_>, faults: &mut Vec<Fault>) {
    for workload in documents.workloads.iter().filter(|workload| is_in_mesh(workload)) {
        let own: Vec<_> = services.of(workload).collect();
        if own.len() > 1 {
            check_protocols(&workload.subject, &own, faults);
            check_targets(&workload.subject, &own, faults);
        }
    }
}

fn is_in_mesh(workload: &Workload<'_>) -> bool {
    let Some(template) = workload.template else { return false };
    ![&template.annotations, &template.labels].iter().any(|of| of.get(INJECT).is_some_and(|is| is == "false"))
}

fn check_protocols(subject: &Subject<'_>, services: &[(&Subject<'_>, &Service)], faults: &mut Vec<Fault>) {
    for (number, ports) in grouped(services, |port| port.port.to_string()) {
        let protocols: BTreeSet<_> = ports.iter().filter_map(|(_, port)| protocol(port)).collect();
        if protocols.len() > 1 {
            let (services, protocols) = (names(&ports), protocols.into_iter().collect::<Vec<_>>().join(", "));
            let reason = format!(
                "associated with multiple services {services} using port {number} but different protocols: {protocols}"
            );
            let finding = CONFLICTING_PROTOCOLS.because(reason, "give the ports one protocol");
            faults.push(subject.fault(&Path::Root, finding));
        }
    }
}

fn check_targets(subject: &Subject<'_>, services: &[(&Subject<'_>, &Service)], faults: &mut Vec<Fault>) {
    for (target, ports) in grouped(services, target) {
        let numbers: BTreeSet<_> = ports.iter().map(|(_, port)| port.port).collect();
        if numbers.len() > 1 {
            let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
            let (services, numbers) = (names(&ports), numbers.join(", "));
            let reason = format!(
                "associated with multiple services {services} using targetPort {target} but different ports: {numbers}"
            );
            let finding =
                CONFLICTING_TARGETS.because(reason, "use one port of the services for this targetPort");
            faults.push(subject.fault(&Path::Root, finding));
        }
    }
}

/// The ports of several services by a key that they have in common.
fn grouped<'p>(
    services: &[(&'p Subject<'_>, &'p Service)],
    key: impl Fn(&ServicePort) -> String,
) -> impl Iterator<Item = (String, Vec<Port<'p>>)> {
    let mut groups: BTreeMap<String, Vec<Port<'p>>> = BTreeMap::new();
    for (subject, service) in services {
        for port in &service.ports {
            groups.entry(key(port)).or_default().push((&subject.metadata().name, port));
        }
    }
    groups.into_iter().filter(|(_, ports)| ports.iter().any(|(name, _)| *name != ports[0].0))
}

fn names(ports: &[Port<'_>]) -> String {
    let names: BTreeSet<_> = ports.iter().map(|(name, _)| *name).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The protocol that a port says it speaks; nothing where it is found out, or where it is not of connections.
fn protocol(port: &ServicePort) -> Option<String> {
    let name = port.name.split('-').next().unwrap_or_default();
    let written = if port.app_protocol.is_empty() { name } else { &port.app_protocol };
    let is_said = !written.is_empty() && tells_protocol(port) && !is_datagram(port);
    is_said.then(|| written.to_ascii_lowercase())
}
