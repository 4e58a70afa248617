//! Kubernetes' `Service` → a named service.

use super::{Meaning, Site, distribution, workload_entry::Instance};
use crate::{
    document::{self, Path, TargetPort},
    model::{Address, Export, Host, HostPattern, Labels, Port, Protocol, Resolution, TrafficDistribution},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// A service by its names and ports; its endpoints may be instances that it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedService {
    /// Its full name.
    pub host: Host,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Further names in every namespace.
    pub aliases: Vec<Host>,
    /// Its name within its own namespace.
    pub short_name: Option<Host>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// The workload's name for the targets of ports that are written by name, by the names of the ports.
    pub target_names: BTreeMap<Arc<str>, Arc<str>>,
    /// Where requests to it go.
    pub resolution: Resolution,
    /// The labels of the instances it selects in its namespace; it selects none when `None`.
    pub selects: Option<Labels>,
    /// Whether its endpoints count before they are ready.
    pub takes_unready: bool,
    /// Whether a gateway behind it listens on the ports that its Gateway names, not on the targets of this service's.
    pub keeps_gateway_ports: bool,
    /// Which of its endpoints it prefers that its clients go to, if it says so itself.
    pub distribution: Option<TrafficDistribution>,
    /// Whether it is no part of the mesh.
    pub is_external: bool,
    /// The names of which a certificate behind it must carry one, besides those of its endpoints' service accounts.
    pub subject_alt_names: Vec<Box<str>>,
    /// Endpoints that are written with it.
    pub endpoints: Vec<Arc<Instance>>,
    /// Who may see it.
    pub export: Export,
}

/// Ports where nothing but TCP is expected, if nobody says otherwise: mail, DNS, MySQL and MongoDB.
const OPAQUE_PORTS: [u16; 4] = [25, 53, 3306, 27017];

pub(super) fn translate(site: Site<'_>, written: &document::Service) -> Option<Meaning> {
    let (name, namespace) = (&site.metadata.name, &site.metadata.namespace);
    let ports_at = site.spec.field("ports");
    let port = |(index, written)| port(site, &ports_at.index(index), written);
    let host = |text: &str| site.check.accept(&Path::Root, Host::parse(text));
    let full_name = host(&site.service_name(name, namespace))?;
    let external = external(site, written);
    let mut ports: Vec<_> = written.ports.iter().enumerate().filter_map(port).collect();
    if external.is_some() && ports.is_empty() {
        // Kubernetes asks for no ports where only a name is given; plain HTTP is what a library speaks.
        ports.push(Port { number: 80, name: "http".into(), protocol: Protocol::Http, target: 80 });
    }
    Some(Meaning::Services(vec![Arc::new(NamedService {
        namespace: site.namespace(),
        aliases: aliases(site, written, &full_name),
        short_name: Some(host(name)?),
        ports,
        target_names: target_names(&written.ports),
        resolution: external.clone().map_or(Resolution::Endpoints, Resolution::Alias),
        selects: Some(written.selector.clone()).filter(|labels| !labels.is_empty()),
        takes_unready: written.publish_not_ready_addresses,
        keeps_gateway_ports: keeps_gateway_ports(site),
        distribution: distribution::of_service(site, &written.traffic_distribution),
        is_external: external.is_some(),
        subject_alt_names: Vec::new(),
        endpoints: external
            .map(|name| Arc::new(Instance::at(site, Address::Name(name))))
            .into_iter()
            .collect(),
        export: exported(site),
        host: full_name,
    })]))
}

fn aliases(site: Site<'_>, written: &document::Service, full_name: &Host) -> Vec<Host> {
    let (name, namespace) = (&site.metadata.name, &site.metadata.namespace);
    let is_headless = written.cluster_ip == "None";
    let addresses = [&written.cluster_ip].into_iter().chain(&written.cluster_ips);
    let mut texts = vec![format!("{name}.{namespace}"), format!("{name}.{namespace}.svc")];
    for address in addresses.filter(|address| !matches!(address.as_str(), "" | "None")) {
        if !texts.contains(address) {
            texts.push(address.clone());
        }
    }
    let names = texts.iter().filter_map(|text| site.check.accept(&Path::Root, Host::parse(text)));
    let instances = is_headless.then(|| HostPattern::Suffix(format!(".{full_name}").into()).to_name());
    names.chain(instances).collect()
}

/// The namespaces that an annotation exports a Service to.
fn exported(site: Site<'_>) -> Export {
    let written = site.metadata.annotations.get("networking.istio.io/exportTo");
    let written: Vec<String> =
        written.map(|to| to.split(',').map(|to| to.trim().to_owned()).collect()).unwrap_or_default();
    site.export(&Path::Root.field("metadata").field("annotations"), &written, true)
}

/// The name that an ExternalName service is a further name for.
fn external(site: Site<'_>, written: &document::Service) -> Option<Host> {
    if written.external_name.is_empty() {
        return None;
    }
    site.host(&site.spec.field("externalName"), &written.external_name)
}

/// Whether a label of Istio's keeps this service's ports out of its gateway's.
pub(super) fn keeps_gateway_ports(site: Site<'_>) -> bool {
    site.metadata.labels.contains_key("experimental.istio.io/disable-gateway-port-translation")
}

fn target_names(written: &[document::ServicePort]) -> BTreeMap<Arc<str>, Arc<str>> {
    let name = |port: &document::ServicePort| match &port.target_port {
        TargetPort::Name(target) => Some((port.name.as_str().into(), target.as_str().into())),
        TargetPort::Same | TargetPort::Number(_) => None,
    };
    written.iter().filter_map(name).collect()
}

fn port(site: Site<'_>, at: &Path<'_>, written: &document::ServicePort) -> Option<Port> {
    if written.protocol.eq_ignore_ascii_case("UDP") || written.protocol.eq_ignore_ascii_case("SCTP") {
        return None;
    }
    let number = site.port(&at.field("port"), written.port)?;
    let target = match &written.target_port {
        // A name means a port of the workload, which says its number.
        TargetPort::Same | TargetPort::Name(_) => number,
        TargetPort::Number(target) => site.port(&at.field("targetPort"), *target)?,
    };
    Some(Port {
        number,
        name: written.name.as_str().into(),
        protocol: protocol_of_port(number, written),
        target,
    })
}

/// What is spoken on a port: by `appProtocol`, by its name, or by its number.
fn protocol_of_port(number: u16, written: &document::ServicePort) -> Protocol {
    let told = match written.app_protocol.as_str() {
        "" => protocol_of_name(&written.name),
        "kubernetes.io/h2c" => Protocol::Http2,
        "kubernetes.io/ws" => Protocol::Http,
        "kubernetes.io/wss" => Protocol::Opaque,
        other => protocol_of_name(other.trim_start_matches("istio.io/")),
    };
    if told == Protocol::Unknown && OPAQUE_PORTS.contains(&number) { Protocol::Opaque } else { told }
}

/// The protocol that a port's name tells by its first part: `http-mgm` is HTTP.
fn protocol_of_name(name: &str) -> Protocol {
    // The one protocol with a dash in its own name.
    if name.get(..8).is_some_and(|first| first.eq_ignore_ascii_case("grpc-web")) {
        return Protocol::Http;
    }
    protocol(name.split('-').next().unwrap_or(name))
}

/// A protocol by its name, in any case.
pub(super) fn protocol(name: &str) -> Protocol {
    match name.to_ascii_lowercase().as_str() {
        "http" | "http_proxy" | "grpc-web" => Protocol::Http,
        "http2" | "grpc" => Protocol::Http2,
        "https" | "tcp" | "tls" | "mongo" | "redis" | "mysql" => Protocol::Opaque,
        _ => Protocol::Unknown,
    }
}

/// The names of virtual addresses.
pub(super) fn address_names(addresses: &[String]) -> Vec<Host> {
    let addresses = addresses.iter().filter(|address| address.parse::<IpAddr>().is_ok());
    addresses.filter_map(|address| Host::parse(address).ok()).collect()
}
