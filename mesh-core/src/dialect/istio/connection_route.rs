//! The rules of a VirtualService for TLS and TCP. They are checked, and have no effect yet.

use super::{Site, destination, names::is_label, virtual_service::named_attachments};
use crate::{
    document::{self, Path},
    model::HostPattern,
};
use std::net::IpAddr;

/// Checks the rules for TLS and TCP, and says that they have no effect yet.
pub(super) fn check(site: Site<'_>, written: &document::VirtualService) {
    let tls_at = site.spec.field("tls");
    for (index, route) in written.tls.iter().enumerate() {
        check_tls(site, &tls_at.index(index), route, &written.hosts);
    }
    let tcp_at = site.spec.field("tcp");
    for (index, route) in written.tcp.iter().enumerate() {
        check_tcp(site, &tcp_at.index(index), route);
    }
    site.later(site.spec, &[("tls", !written.tls.is_empty()), ("tcp", !written.tcp.is_empty())]);
}

fn check_tls(site: Site<'_>, at: &Path<'_>, written: &document::TlsRoute, hosts: &[String]) {
    if written.matches.is_empty() {
        let remedy = "write match: [{sniHosts: …}]";
        site.check.refuse_with(at, "TLS route must have at least one match condition", remedy);
    }
    let matches_at = at.field("match");
    for (index, block) in written.matches.iter().enumerate() {
        let at = matches_at.index(index);
        if block.sni_hosts.is_empty() {
            let remedy = "write sniHosts: […]";
            site.check.refuse_with(&at, "TLS match must have at least one SNI host", remedy);
        }
        let sni_at = at.field("sniHosts");
        for (index, sni) in block.sni_hosts.iter().enumerate() {
            check_sni(site, &sni_at.index(index), sni, hosts);
        }
        check_connection(site, &at, &block.connection);
    }
    if written.route.is_empty() {
        site.check.refuse_with(at, "TLS route is required", "write route: [{destination: {host: …}}]");
    }
    destination::check_all(site, &at.field("route"), &written.route);
}

fn check_sni(site: Site<'_>, at: &Path<'_>, sni: &str, hosts: &[String]) {
    if sni.parse::<IpAddr>().is_ok() {
        let reason = format!(
            "using an IP address ({sni:?}) goes against SNI spec and most clients do not support this"
        );
        site.check.warn(at, reason, "write a name");
        return;
    }
    let Some(name) = site.check.accept(at, HostPattern::parse(sni)) else { return };
    let is_within = |host: &String| HostPattern::parse(host).is_ok_and(|host| host.covers(&name));
    if !hosts.iter().any(is_within) {
        let hosts = hosts.join(", ");
        let reason = format!(
            "SNI host {sni:?} is not a compatible subset of any of the virtual service hosts: [{hosts}]"
        );
        site.check.refuse_with(at, reason, "add it to hosts");
    }
}

fn check_tcp(site: Site<'_>, at: &Path<'_>, written: &document::TcpRoute) {
    let matches_at = at.field("match");
    for (index, block) in written.matches.iter().enumerate() {
        check_connection(site, &matches_at.index(index), block);
    }
    if written.route.is_empty() {
        site.check.refuse_with(at, "TCP route is required", "write route: [{destination: {host: …}}]");
    }
    destination::check_all(site, &at.field("route"), &written.route);
}

fn check_connection(site: Site<'_>, at: &Path<'_>, written: &document::ConnectionMatch) {
    let subnets_at = at.field("destinationSubnets");
    for (index, subnet) in written.destination_subnets.iter().enumerate() {
        site.subnet(&subnets_at.index(index), subnet);
    }
    // Istio takes 0 for a port that is not given here.
    if let Some(port) = written.port.filter(|port| *port != 0) {
        site.port(&at.field("port"), port);
    }
    site.labels(&at.field("sourceLabels"), &written.source_labels);
    let namespace = &written.source_namespace;
    if !namespace.is_empty() && !is_label(namespace) {
        let reason = format!("sourceNamespace match {namespace} is invalid");
        site.check.refuse(&at.field("sourceNamespace"), reason);
    }
    named_attachments(site, &at.field("gateways"), &written.gateways);
}
