//! Kubernetes' `Service` → a named service.

use super::{Meaning, Site, workload_entry::Instance};
use crate::{
    document::{self, Path, TargetPort},
    model::{Export, Host, Labels, Port, Protocol},
};
use std::{net::IpAddr, sync::Arc};

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
    /// The labels of the instances it selects in its namespace; it selects none when `None`.
    pub selects: Option<Labels>,
    /// Endpoints that are written with it.
    pub endpoints: Vec<Arc<Instance>>,
    /// Who may see it.
    pub export: Export,
}

pub(super) fn translate(site: Site<'_>, written: &document::Service) -> Option<Meaning> {
    let (name, namespace) = (&site.metadata.name, &site.metadata.namespace);
    let ports_at = site.spec.field("ports");
    let port = |(index, written)| port(site, &ports_at.index(index), written);
    let host = |text: &str| site.check.accept(&Path::Root, Host::parse(text));
    let aliases =
        [format!("{name}.{namespace}"), format!("{name}.{namespace}.svc"), written.cluster_ip.clone()];
    let aliases = aliases.iter().filter(|alias| !matches!(alias.as_str(), "" | "None"));
    let export = site.metadata.annotations.get("networking.istio.io/exportTo");
    let export: Vec<String> =
        export.map(|to| to.split(',').map(|to| to.trim().to_owned()).collect()).unwrap_or_default();
    Some(Meaning::Services(vec![Arc::new(NamedService {
        host: host(&site.service_name(name, namespace))?,
        namespace: site.namespace(),
        aliases: aliases.filter_map(|alias| host(alias)).collect(),
        short_name: Some(host(name)?),
        ports: written.ports.iter().enumerate().filter_map(port).collect(),
        selects: Some(written.selector.clone()).filter(|labels| !labels.is_empty()),
        endpoints: external(site, written).into_iter().collect(),
        export: site.export(&Path::Root.field("metadata").field("annotations"), &export, true),
    })]))
}

/// An ExternalName service has one endpoint: that name.
fn external(site: Site<'_>, written: &document::Service) -> Option<Arc<Instance>> {
    if written.external_name.is_empty() {
        return None;
    }
    let address = site.host(&site.spec.field("externalName"), &written.external_name)?;
    Some(Arc::new(Instance::at(site, crate::model::Address::Name(address))))
}

fn port(site: Site<'_>, at: &Path<'_>, written: &document::ServicePort) -> Option<Port> {
    if written.protocol.eq_ignore_ascii_case("UDP") || written.protocol.eq_ignore_ascii_case("SCTP") {
        return None;
    }
    let number = site.port(&at.field("port"), written.port)?;
    let target = match &written.target_port {
        // A name means a port of the pod; instances outside Kubernetes give their ports by the service port's name.
        TargetPort::Same | TargetPort::Name(_) => number,
        TargetPort::Number(target) => site.port(&at.field("targetPort"), *target)?,
    };
    let protocol = match written.app_protocol.as_str() {
        "" => protocol_of_name(&written.name),
        "kubernetes.io/h2c" => Protocol::Http2,
        "kubernetes.io/ws" => Protocol::Http,
        other => protocol(other.trim_start_matches("istio.io/")),
    };
    Some(Port { number, name: written.name.as_str().into(), protocol, target })
}

/// The protocol that a port's name tells by its first part: `http-mgm` is HTTP.
fn protocol_of_name(name: &str) -> Protocol {
    // The one protocol with a dash in its own name.
    if name == "grpc-web" || name.starts_with("grpc-web-") {
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
