//! Gateways for nobody, and ports that no Service leads to.

use super::{
    documents::Documents,
    secrets::is_istios,
    services::Selecting,
    subject::{SPEC, Subject},
    workloads::{Workload, written},
};
use crate::{
    dialect::codes::{Finding, NO_WORKLOAD, PORT_NOT_ON_SERVICE},
    document::{Fault, Gateway, ServicePort, TargetPort},
};
use std::collections::BTreeSet;

/// Checks that a Gateway has workloads, and that their Services lead to its ports.
pub(super) fn check(documents: &Documents<'_>, services: &Selecting<'_, '_>, faults: &mut Vec<Fault>) {
    for (subject, gateway) in &documents.gateways {
        let mut workloads = documents.workloads.selected_anywhere(&gateway.selector).peekable();
        if workloads.peek().is_none() {
            if !is_istios(&gateway.selector) && documents.workloads.know_keys_of(&gateway.selector) {
                faults.push(subject.fault(&SPEC.field("selector"), nobody(&gateway.selector)));
            }
            continue;
        }
        let ports = workloads.flat_map(|workload| {
            let ports = services.of(workload).flat_map(|(_, service)| &service.ports);
            ports.map(move |port| reached(port, workload))
        });
        let ports: Option<BTreeSet<u32>> =
            ports.collect::<Option<Vec<_>>>().map(|ports| ports.into_iter().flatten().collect());
        // Without a Service, or with a port that only the workload knows, nobody can tell.
        if let Some(ports) = ports.filter(|ports| !ports.is_empty()) {
            check_ports(subject, gateway, &ports, faults);
        }
    }
}

/// The ports of a Gateway that a Service's port leads to, if they are known: that of the workload, and its own, which a
/// Gateway may name instead.
fn reached(port: &ServicePort, workload: &Workload<'_>) -> Option<[u32; 2]> {
    let target = match &port.target_port {
        TargetPort::Same | TargetPort::Number(0) => port.port,
        TargetPort::Number(number) => *number,
        TargetPort::Name(name) => workload.ports.iter().find(|port| port.name == *name)?.number,
    };
    Some([port.port, target])
}

fn check_ports(subject: &Subject<'_>, gateway: &Gateway, ports: &BTreeSet<u32>, faults: &mut Vec<Fault>) {
    let at = SPEC.field("servers");
    for (index, server) in gateway.servers.iter().enumerate() {
        let number = server.port.as_ref().map(|port| port.number).filter(|number| *number > 0);
        if let Some(number) = number.filter(|number| !ports.contains(number)) {
            let finding = not_on_service(number, &written(&gateway.selector));
            faults.push(subject.fault(&at.index(index).field("port"), finding));
        }
    }
}

fn nobody(selector: &crate::model::Labels) -> Finding {
    let reason =
        format!("no matching workloads for this resource with the following labels: {}", written(selector));
    NO_WORKLOAD.because(reason, "correct the selector")
}

fn not_on_service(port: u32, selector: &str) -> Finding {
    let reason = format!(
        "the gateway is listening on a target port (port {port}) that is not defined in the Service associated with \
         its workload instances (Pod selector {selector})"
    );
    PORT_NOT_ON_SERVICE.because(reason, "add it to the Service as targetPort, or correct the port")
}
