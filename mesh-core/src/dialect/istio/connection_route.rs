//! The rules of a VirtualService for TLS and TCP. Those for TLS count at gateways; the others are checked, and have no
//! effect yet.

use super::{Site, destination, names::is_label, virtual_service::named_attachments};
use crate::{
    document::{self, Path},
    model::{Block, HostPattern, SealedBlock, SealedRoute},
};
use std::net::IpAddr;

/// Checks the rules for TLS and TCP, and gives those for TLS.
pub(super) fn translate(site: Site<'_>, written: &document::VirtualService) -> Vec<SealedRoute> {
    let tls_at = site.spec.field("tls");
    let sealed = written.tls.iter().enumerate();
    let sealed = sealed.filter_map(|(index, route)| tls(site, &tls_at.index(index), route, &written.hosts));
    let sealed = sealed.collect();
    let tcp_at = site.spec.field("tcp");
    for (index, route) in written.tcp.iter().enumerate() {
        check_tcp(site, &tcp_at.index(index), route);
    }
    let is_at_gateway = written.gateways.iter().any(|gateway| gateway != "mesh");
    let is_tls_later = !written.tls.is_empty() && !is_at_gateway;
    site.later(site.spec, &[("tls", is_tls_later), ("tcp", !written.tcp.is_empty())]);
    sealed
}

fn tls(site: Site<'_>, at: &Path<'_>, written: &document::TlsRoute, hosts: &[String]) -> Option<SealedRoute> {
    if written.matches.is_empty() {
        let remedy = "write match: [{sniHosts: …}]";
        site.check.refuse_with(at, "TLS route must have at least one match condition", remedy);
    }
    let matches_at = at.field("match");
    let blocks = written.matches.iter().enumerate();
    let blocks: Vec<_> =
        blocks.filter_map(|(index, block)| tls_block(site, &matches_at.index(index), block, hosts)).collect();
    if written.route.is_empty() {
        site.check.refuse_with(at, "TLS route is required", "write route: [{destination: {host: …}}]");
    }
    let destinations = destination::weighted(site, &at.field("route"), &written.route);
    let is_whole = !blocks.is_empty() && !destinations.is_empty();
    is_whole.then(|| SealedRoute { line: site.check.line(at), blocks, destinations })
}

/// One block of conditions; `None` when it can never hold here.
fn tls_block(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::TlsMatch,
    hosts: &[String],
) -> Option<SealedBlock> {
    if written.sni_hosts.is_empty() {
        let remedy = "write sniHosts: […]";
        site.check.refuse_with(at, "TLS match must have at least one SNI host", remedy);
    }
    let sni_at = at.field("sniHosts");
    let names = written.sni_hosts.iter().enumerate();
    let names: Vec<_> =
        names.filter_map(|(index, sni)| sni_host(site, &sni_at.index(index), sni, hosts)).collect();
    let connection = &written.connection;
    check_connection(site, at, connection);
    let has_subnets = !connection.destination_subnets.is_empty();
    // Where a connection was meant to go before it came here is not known; without that, the block holds for nobody.
    site.later(at, &[("destinationSubnets", has_subnets)]);
    let namespace = Some(connection.source_namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let place = Block {
        port: connection.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0),
        source_labels: connection.source_labels.clone(),
        source_namespace: namespace.map(Into::into),
        attachments: named_attachments(site, &at.field("gateways"), &connection.gateways),
        ..Block::default()
    };
    (!names.is_empty() && !has_subnets).then_some(SealedBlock { hosts: names, place })
}

fn sni_host(site: Site<'_>, at: &Path<'_>, sni: &str, hosts: &[String]) -> Option<HostPattern> {
    if sni.parse::<IpAddr>().is_ok() {
        let reason = format!(
            "using an IP address ({sni:?}) goes against SNI spec and most clients do not support this"
        );
        site.check.warn(at, reason, "write a name");
        return HostPattern::parse(sni).ok();
    }
    let name = site.check.accept(at, HostPattern::parse(sni))?;
    let is_within = |host: &String| HostPattern::parse(host).is_ok_and(|host| host.covers(&name));
    if !hosts.iter().any(is_within) {
        let hosts = hosts.join(", ");
        let reason = format!(
            "SNI host {sni:?} is not a compatible subset of any of the virtual service hosts: [{hosts}]"
        );
        site.check.refuse_with(at, reason, "add it to hosts");
    }
    Some(name)
}

fn check_tcp(site: Site<'_>, at: &Path<'_>, written: &document::TcpRoute) {
    let matches_at = at.field("match");
    for (index, block) in written.matches.iter().enumerate() {
        let at = matches_at.index(index);
        check_connection(site, &at, block);
        named_attachments(site, &at.field("gateways"), &block.gateways);
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
}
