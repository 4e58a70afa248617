//! `ServiceEntry` → named services, one for each of its hosts.

use super::{
    Meaning, NamedService, Site,
    service::{address_names, protocol},
    workload_entry::{Instance, instance},
};
use crate::{
    document::{self, Path, Resolution},
    model::{Address, Export, Host, HostPattern, Port, Protocol},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::ServiceEntry) -> Option<Meaning> {
    refuse_contradictions(site, written);
    let hosts_at = site.spec.field("hosts");
    let ports = ports(site, &site.spec.field("ports"), &written.ports);
    let endpoints = endpoints(site, written);
    let export = site.export(&site.spec.field("exportTo"), &written.export_to);
    let mut services = Vec::with_capacity(written.hosts.len());
    for (index, name) in written.hosts.iter().enumerate() {
        let at = hosts_at.index(index);
        let Some(host) = host(site, &at, name) else { continue };
        let endpoints = match written.resolution {
            // Without endpoints DNS is asked for the host itself.
            Resolution::Dns | Resolution::DnsRoundRobin if endpoints.is_empty() => {
                vec![Arc::new(Instance::at(site, Address::Name(host.clone())))]
            }
            _ => endpoints.clone(),
        };
        services.push(Arc::new(NamedService {
            host,
            namespace: site.namespace(),
            aliases: address_names(&written.addresses),
            short_name: None,
            ports: ports.clone(),
            selects: written.workload_selector.as_ref().map(|selector| selector.labels.clone()),
            endpoints,
            export: own_export(&export, written),
        }));
    }
    Some(Meaning::Services(services))
}

fn refuse_contradictions(site: Site<'_>, written: &document::ServiceEntry) {
    let check = site.check;
    let endpoints_at = site.spec.field("endpoints");
    if written.hosts.is_empty() {
        check.refuse_with(
            site.spec,
            "service entry must have at least one host",
            "write hosts: [api.example.com]",
        );
    }
    if written.workload_selector.is_some() && !written.endpoints.is_empty() {
        let reason = "only one of WorkloadSelector or Endpoints is allowed in Service Entry";
        check.refuse_with(site.spec, reason, "keep one");
    }
    match written.resolution {
        Resolution::None if !written.endpoints.is_empty() => {
            let reason = "no endpoints should be provided for resolution type none";
            check.refuse_with(&endpoints_at, reason, "write resolution: STATIC");
        }
        Resolution::DnsRoundRobin if written.endpoints.len() > 1 => {
            let reason = "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN";
            check.refuse_with(&endpoints_at, reason, "keep one, or write resolution: DNS");
        }
        Resolution::None | Resolution::DynamicDns => {
            let remedy = "requests to it go where their address says, as if it were not described";
            check.warn(&site.spec.field("resolution"), "this resolution has no effect yet", remedy);
        }
        _ => {}
    }
}

/// A host of an entry; wildcards and unresolved hosts are left to the default for unknown hosts.
fn host(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<Host> {
    match HostPattern::parse(name) {
        Ok(HostPattern::Exact(host)) => Some(host),
        Ok(HostPattern::Suffix(_)) => None,
        Ok(HostPattern::Any) => {
            site.check.refuse_with(
                at,
                format!("invalid host {name}"),
                "name the host, or a wildcard such as *.example.com",
            );
            None
        }
        Err(reason) => {
            site.check.refuse(at, reason.to_string());
            None
        }
    }
}

fn ports(site: Site<'_>, at: &Path<'_>, written: &[document::EntryPort]) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::with_capacity(written.len());
    for (index, port) in written.iter().enumerate() {
        let at = at.index(index);
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
        let target = port.target_port.map(|target| site.port(&at.field("targetPort"), target));
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
    let may_be_name = matches!(written.resolution, Resolution::Dns | Resolution::DnsRoundRobin);
    let mut endpoints = Vec::with_capacity(written.endpoints.len());
    for (index, endpoint) in written.endpoints.iter().enumerate() {
        let at = endpoints_at.index(index);
        for name in endpoint.ports.keys() {
            if !written.ports.iter().any(|port| port.name == *name) {
                let reason = format!("endpoint port {name} is not defined by the service entry");
                site.check.refuse(&at.field("ports").key(name), reason);
            }
        }
        endpoints.extend(instance(site, &at, endpoint, may_be_name).map(Arc::new));
    }
    endpoints
}

/// A service that only its own address leads to is nobody's to see: requests pass to where they were going.
fn own_export(export: &Export, written: &document::ServiceEntry) -> Export {
    match written.resolution {
        Resolution::None | Resolution::DynamicDns => Export::To(Vec::new()),
        _ => export.clone(),
    }
}
