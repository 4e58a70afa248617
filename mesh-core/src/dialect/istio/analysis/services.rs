//! Kubernetes' Services: the names of their ports, and what they select.

use super::{
    documents::All,
    subject::{SPEC, Subject},
    workloads::{Workload, has_all},
};
use crate::{
    dialect::codes::{EXTERNAL_PORT_NAME, Finding, UNTOLD_PROTOCOL},
    document::{Fault, Service, ServicePort, TargetPort},
};
use std::collections::HashMap;

/// Namespaces whose services are not the mesh's.
const SYSTEM: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// What the first part of a port's name may be, and `appProtocol`.
const PROTOCOLS: [&str; 14] = [
    "grpc",
    "grpc-web",
    "http",
    "http2",
    "http_proxy",
    "https",
    "mongo",
    "mysql",
    "redis",
    "tcp",
    "tls",
    "udp",
    "kubernetes.io/h2c",
    "kubernetes.io/ws",
];

/// Ports that are known to speak a protocol in which the server is the first to say something.
const WELL_KNOWN: [u32; 4] = [25, 53, 3306, 27017];

/// Checks that the names of ports tell their protocols.
pub(super) fn check(services: &All<'_, Service>, faults: &mut Vec<Fault>) {
    for (subject, written) in services.iter().filter(|(subject, _)| !is_systems(subject)) {
        let at = SPEC.field("ports");
        for (index, port) in written.ports.iter().enumerate() {
            if let Some(finding) = odd(port, !written.external_name.is_empty()) {
                faults.push(subject.fault(&at.index(index).field("name"), finding));
            }
        }
    }
}

fn is_systems(subject: &Subject<'_>) -> bool {
    let labels = &subject.metadata().labels;
    let is_istios = labels.contains_key("istio") || labels.get("release").is_some_and(|name| name == "istio");
    is_istios || SYSTEM.contains(&subject.namespace())
}

fn odd(port: &ServicePort, is_external: bool) -> Option<Finding> {
    let tells = tells_protocol(port);
    if is_external && (!tells || port.name == "tcp") {
        let reason = "port name for ExternalName service is invalid: traffic of other hosts at this port may be taken \
                      for this one's";
        return Some(EXTERNAL_PORT_NAME.because(reason, "name it after the protocol: http, https, tls"));
    }
    if tells {
        return None;
    }
    let (number, target) = (port.port, target(port));
    let reason = format!(
        "port name {:?} (port: {number}, targetPort: {target}) doesn't follow the naming convention of Istio port",
        port.name
    );
    Some(UNTOLD_PROTOCOL.because(reason, "begin it with the protocol: http-web, grpc, tcp-db"))
}

/// Whether a port says what it speaks.
pub(super) fn tells_protocol(port: &ServicePort) -> bool {
    let is_known = |name: &str| PROTOCOLS.iter().any(|known| known.eq_ignore_ascii_case(name));
    let first = port.name.split('-').next().unwrap_or_default();
    match port.app_protocol.as_str() {
        "" => is_known(first) || is_datagram(port) || port.name.is_empty() && WELL_KNOWN.contains(&port.port),
        written => {
            written.starts_with("kubernetes.io/ws") || written.starts_with("istio.io/") || is_known(written)
        }
    }
}

/// Whether a port is not one of connections.
pub(super) fn is_datagram(port: &ServicePort) -> bool {
    port.protocol.eq_ignore_ascii_case("UDP") || port.protocol.eq_ignore_ascii_case("SCTP")
}

/// The port of the workload, as Kubernetes shows it.
pub(super) fn target(port: &ServicePort) -> String {
    match &port.target_port {
        TargetPort::Same | TargetPort::Number(0) => port.port.to_string(),
        TargetPort::Number(number) => number.to_string(),
        TargetPort::Name(name) => name.clone(),
    }
}

/// The Services that select workloads, by namespace and one label of the selector.
pub(super) struct Selecting<'s, 'a> {
    services: &'s All<'a, Service>,
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
}

impl<'s, 'a> Selecting<'s, 'a> {
    pub(super) fn new(services: &'s All<'a, Service>) -> Self {
        let mut by_label: HashMap<_, Vec<_>> = HashMap::new();
        for (index, (subject, written)) in services.iter().enumerate() {
            if let Some((key, value)) = written.selector.first_key_value() {
                by_label.entry((subject.namespace(), key.as_str(), value.as_str())).or_default().push(index);
            }
        }
        Self { services, by_label }
    }

    /// The Services that select a workload.
    pub(super) fn of<'w>(
        &'w self,
        workload: &'w Workload<'_>,
    ) -> impl Iterator<Item = (&'s Subject<'a>, &'a Service)> {
        let namespace = workload.subject.namespace();
        let lists = workload
            .labels
            .iter()
            .filter_map(move |(key, value)| self.by_label.get(&(namespace, key.as_str(), value.as_str())));
        let services = lists.flatten().map(|index| &self.services[*index]);
        let selecting = services.filter(|(_, service)| has_all(&workload.labels, &service.selector));
        selecting.map(|(subject, service)| (subject, *service))
    }
}
