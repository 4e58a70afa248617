//! What a ServiceEntry must be, apart from each of its values.

use super::{
    Site,
    values::{is_http, is_tls},
};
use crate::{
    dialect::codes::ADDRESSES_NEEDED,
    document::{self, Location, Resolution},
};

/// Refuses what contradicts itself, and warns of what was probably meant otherwise.
pub(super) fn check(site: Site<'_>, written: &document::ServiceEntry) {
    let check = site.check;
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
    if let Some(selector) = &written.workload_selector {
        site.selector(&site.spec.field("workloadSelector"), &selector.labels, "service entry: ");
    }
    check_addresses(site, written);
    check_ports(site, written);
    check_resolution(site, written);
    let is_chosen = written.workload_selector.is_some() && written.resolution != Resolution::Static;
    if is_chosen {
        let mode = mode_name(written.resolution);
        let reason = format!("workloadSelector should not be set when resolution mode is {mode}");
        check.warn(&site.spec.field("workloadSelector"), reason, "write resolution: STATIC");
    }
}

fn check_resolution(site: Site<'_>, written: &document::ServiceEntry) {
    let endpoints_at = site.spec.field("endpoints");
    match written.resolution {
        Resolution::None if !written.endpoints.is_empty() => {
            let reason = "no endpoints should be provided for resolution type none";
            site.check.refuse_with(&endpoints_at, reason, "write resolution: STATIC");
        }
        Resolution::DnsRoundRobin if written.endpoints.len() > 1 => {
            let reason = "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN";
            site.check.refuse_with(&endpoints_at, reason, "keep one, or write resolution: DNS");
        }
        Resolution::Dns | Resolution::DnsRoundRobin if written.endpoints.is_empty() => {
            refuse_wildcards(site, written);
        }
        Resolution::DynamicDns => check_dynamic(site, written),
        _ => {}
    }
}

fn check_addresses(site: Site<'_>, written: &document::ServiceEntry) {
    let at = site.spec.field("addresses");
    for (index, address) in written.addresses.iter().enumerate() {
        site.subnet(&at.index(index), address);
    }
    let has_networks = written.addresses.iter().any(|address| address.contains('/'));
    if has_networks && !matches!(written.resolution, Resolution::None | Resolution::Static) {
        let reason = "CIDR addresses are allowed only for NONE/STATIC resolution types";
        site.check.refuse_with(&at, reason, "write single addresses");
    }
}

fn check_ports(site: Site<'_>, written: &document::ServiceEntry) {
    let at = site.spec.field("ports");
    let is_opaque = |port: &document::EntryPort| !is_http(&port.protocol) && !is_tls(&port.protocol);
    let has_several = written.hosts.len() > 1 && written.resolution != Resolution::None;
    if has_several && written.ports.iter().any(is_opaque) {
        let reason = "multiple hosts provided with non-HTTP, non-TLS ports";
        site.check.refuse_with(&at, reason, "write an entry for each host");
    }
    for (index, port) in written.ports.iter().enumerate() {
        let at = at.index(index);
        let is_tcp = port.protocol.is_empty() || port.protocol.eq_ignore_ascii_case("TCP");
        if written.addresses.is_empty() && is_tcp {
            let reason = "addresses are required for ports serving TCP (or unset) protocol";
            let remedy = "write addresses, or the protocol that is spoken";
            site.check.tell(&at, ADDRESSES_NEEDED.because(reason, remedy));
        }
        if port.target_port.is_some_and(|target| target != 0) && written.resolution == Resolution::None {
            let reason = "targetPort has no effect when resolution mode is NONE";
            site.check.note(&at.field("targetPort"), reason);
        }
    }
}

/// DNS is asked for the hosts where there are no endpoints, and knows no wildcards.
fn refuse_wildcards(site: Site<'_>, written: &document::ServiceEntry) {
    let at = site.spec.field("hosts");
    for (index, host) in written.hosts.iter().enumerate() {
        if host.contains('*') && host != "*" {
            let mode = mode_name(written.resolution);
            let reason =
                format!("hosts must be FQDN if no endpoints are provided for resolution mode {mode}");
            site.check.refuse_with(&at.index(index), reason, "name the host, or write endpoints");
        }
    }
}

fn check_dynamic(site: Site<'_>, written: &document::ServiceEntry) {
    let (check, spec) = (site.check, site.spec);
    if !written.endpoints.is_empty() {
        let reason = "no endpoints should be provided for resolution type DYNAMIC_DNS";
        check.refuse_with(&spec.field("endpoints"), reason, "write resolution: DNS");
    }
    let hosts_at = spec.field("hosts");
    for (index, host) in written.hosts.iter().enumerate() {
        if !host.starts_with("*.") {
            let reason = format!("host {host:?} must be a wildcard for resolution mode DYNAMIC_DNS");
            check.refuse_with(&hosts_at.index(index), reason, "write resolution: DNS");
        }
    }
    if written.location == Location::MeshInternal {
        let reason = "MESH_INTERNAL is not possible for resolution mode DYNAMIC_DNS";
        check.refuse_with(&spec.field("location"), reason, "write location: MESH_EXTERNAL");
    }
    let ports_at = spec.field("ports");
    for (index, port) in written.ports.iter().enumerate() {
        if !is_http(&port.protocol) && !is_tls(&port.protocol) {
            let at = ports_at.index(index);
            let reason =
                format!("protocol {:?} is not possible for resolution mode DYNAMIC_DNS", port.protocol);
            check.refuse_with(&at.field("protocol"), reason, "write HTTP, HTTP2, GRPC, HTTPS or TLS");
        }
    }
}

fn mode_name(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::None => "NONE",
        Resolution::Static => "STATIC",
        Resolution::Dns => "DNS",
        Resolution::DnsRoundRobin => "DNS_ROUND_ROBIN",
        Resolution::DynamicDns => "DYNAMIC_DNS",
    }
}
