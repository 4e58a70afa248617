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
            let keys = gateway.selector.keys();
            if !is_istios(&gateway.selector) && documents.workloads.has_keys(keys) {
                faults.push(subject.fault(&SPEC.field("selector"), nobody(&gateway.selector)));
            }
            continue;
        }
        let mut ports = Some(BTreeSet::new());
        for workload in workloads {
            for (_, service) in services.of(workload) {
                for port in &service.ports {
                    ports = ports.zip(target(port, workload)).map(|(mut ports, port)| {
                        ports.insert(port);
                        ports
                    });
                }
            }
        }
        // Without a Service, or with a port that only the workload knows, nobody can tell.
        if let Some(ports) = ports.filter(|ports| !ports.is_empty()) {
            check_ports(subject, gateway, &ports, faults);
        }
    }
}

/// The port of a workload that a Service's port leads to, if that is known.
fn target(port: &ServicePort, workload: &Workload<'_>) -> Option<u32> {
    match &port.target_port {
        TargetPort::Same | TargetPort::Number(0) => Some(port.port),
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => {
            let port = workload.ports.iter().find(|port| port.name == *name)?;
            Some(port.number)
        }
    }
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
