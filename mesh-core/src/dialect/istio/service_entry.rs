//! `ServiceEntry` → named services, one for each of its hosts.

use super::{
    Meaning, NamedService, Site,
    destination::is_partial_wildcard,
    service::{address_names, keeps_gateway_ports, protocol},
    service_entry_check,
    workload_entry::{Addresses, Instance, instance},
};
use crate::{
    document::{self, Path},
    model::{Address, Host, HostPattern, Port, Protocol, Resolution},
};
use std::{collections::BTreeMap, sync::Arc};

pub(super) fn translate(site: Site<'_>, written: &document::ServiceEntry) -> Option<Meaning> {
    service_entry_check::check(site, written);
    let hosts_at = site.spec.field("hosts");
    let ports = ports(site, &site.spec.field("ports"), &written.ports);
    let endpoints = endpoints(site, written);
    let export = site.export(&site.spec.field("exportTo"), &written.export_to, true);
    let mut services = Vec::with_capacity(written.hosts.len());
    for (index, name) in written.hosts.iter().enumerate() {
        let at = hosts_at.index(index);
        let Some(host) = host(site, &at, name) else { continue };
        let endpoints = match written.resolution {
            // Without endpoints DNS is asked for the host itself.
            document::Resolution::Dns | document::Resolution::DnsRoundRobin if endpoints.is_empty() => {
                vec![Arc::new(Instance::at(site, Address::Name(host.clone())))]
            }
            _ => endpoints.clone(),
        };
        services.push(Arc::new(NamedService {
            distribution: None,
            host,
            namespace: site.namespace(),
            aliases: address_names(&written.addresses),
            short_name: None,
            ports: ports.clone(),
            target_names: BTreeMap::new(),
            resolution: resolution(written.resolution),
            selects: written.workload_selector.as_ref().map(|selector| selector.labels.clone()),
            takes_unready: false,
            keeps_gateway_ports: keeps_gateway_ports(site),
            is_external: written.location == document::Location::MeshExternal,
            subject_alt_names: written.subject_alt_names.iter().map(|name| name.as_str().into()).collect(),
            endpoints,
            export: export.clone(),
        }));
    }
    Some(Meaning::Services(services))
}

/// The name of a service for a host of an entry, which may be a wildcard.
fn host(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<Host> {
    match HostPattern::parse(name) {
        Ok(pattern @ (HostPattern::Exact(_) | HostPattern::Suffix(_))) => Some(pattern.to_name()),
        Ok(HostPattern::Any) => {
            site.check.refuse_with(
                at,
                format!("invalid host {name}"),
                "name the host, or a wildcard such as *.example.com",
            );
            None
        }
        Err(reason) => {
            if is_partial_wildcard(name) {
                let remedy = "write *. and a name; requests to it go where their address says";
                site.check.warn(at, format!("partial wildcard {name:?} not allowed"), remedy);
            } else {
                site.check.refuse(at, reason.to_string());
            }
            None
        }
    }
}

fn ports(site: Site<'_>, at: &Path<'_>, written: &[document::EntryPort]) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::with_capacity(written.len());
    for (index, port) in written.iter().enumerate() {
        let at = at.index(index);
        site.port_name(&at.field("name"), &port.name);
        site.known_protocol(&at.field("protocol"), &port.protocol);
        let Some(number) = site.port(&at.field("number"), port.number) else { continue };
        if ports.iter().any(|other| *other.name == *port.name) {
            site.check.refuse(
                &at.field("name"),
                format!("service entry port name {:?} already defined", port.name),
            );
        }
        if ports.iter().any(|other| other.number == number) {
            site.check.refuse(&at.field("number"), format!("service entry port {number} already defined"));
        }
        let target = port
            .target_port
            .filter(|target| *target != 0)
            .map(|target| site.port(&at.field("targetPort"), target));
        let protocol = if port.protocol.is_empty() { Protocol::Opaque } else { protocol(&port.protocol) };
        ports.push(Port {
            number,
            name: port.name.as_str().into(),
            protocol,
            target: target.flatten().unwrap_or(number),
        });
    }
    ports
}

fn endpoints(site: Site<'_>, written: &document::ServiceEntry) -> Vec<Arc<Instance>> {
    let endpoints_at = site.spec.field("endpoints");
    let by_dns =
        matches!(written.resolution, document::Resolution::Dns | document::Resolution::DnsRoundRobin);
    let addresses = if by_dns { Addresses::Dns } else { Addresses::Static };
    let mut endpoints = Vec::with_capacity(written.endpoints.len());
    for (index, endpoint) in written.endpoints.iter().enumerate() {
        let at = endpoints_at.index(index);
        for name in endpoint.ports.keys() {
            if !written.ports.iter().any(|port| port.name == *name) {
                let reason = format!("endpoint port {name} is not defined by the service entry");
                site.check.refuse(&at.field("ports").key(name), reason);
            }
        }
        if endpoint.address.starts_with("unix://") && written.ports.len() != 1 {
            let remedy = "give the entry one port";
            site.check.refuse_with(&at, "exactly 1 service port required for unix endpoints", remedy);
        }
        endpoints.extend(instance(site, &at, endpoint, addresses).map(Arc::new));
    }
    endpoints
}

fn resolution(written: document::Resolution) -> Resolution {
    match written {
        document::Resolution::None => Resolution::Requested,
        document::Resolution::DynamicDns => Resolution::ByName,
        document::Resolution::DnsRoundRobin => Resolution::FirstAddress,
        document::Resolution::Static | document::Resolution::Dns => Resolution::Endpoints,
    }
}
