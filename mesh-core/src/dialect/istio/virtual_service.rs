//! `VirtualService` → routing rules.

use super::{
    Meaning, Site, connection_route,
    delegation::{Handover, Root},
    http_match::is_claim,
    http_route::{self, Translated},
    unreachable,
};
use crate::{
    document::{self, Path},
    model::{Attachment, HostPattern, Route, VirtualService},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::VirtualService) -> Option<Meaning> {
    let check = site.check;
    if written.http.is_empty() && written.tls.is_empty() && written.tcp.is_empty() {
        let remedy = "write at least one rule below spec.http";
        check.refuse_with(site.spec, "http, tcp or tls must be provided in virtual service", remedy);
        return None;
    }
    let attachments = attachments(site, &site.spec.field("gateways"), &written.gateways);
    let hosts = hosts(site, &written.hosts, &attachments);
    let is_delegate = written.hosts.is_empty();
    let sealed = connection_route::translate(site, written);
    refuse_claims_in_mesh(site, written);
    unreachable::check(site, written);
    let export = site.export(&site.spec.field("exportTo"), &written.export_to, false);
    let (routes, handovers) = routes(site, &written.http, is_delegate);
    let rules = VirtualService {
        namespace: site.namespace(),
        name: site.name(),
        hosts,
        attachments,
        export,
        routes,
        sealed,
    };
    if is_delegate {
        refuse_more_than_http(site, written);
        return Some(Meaning::Delegate(Arc::new(rules)));
    }
    if written.http.is_empty() && rules.sealed.is_empty() {
        // Rules for TCP alone leave HTTP requests to the service's default route.
        return Some(Meaning::Nothing);
    }
    Some(match handovers.is_empty() {
        true => Meaning::VirtualService(Arc::new(rules)),
        false => Meaning::Root(Arc::new(Root { rules, handovers })),
    })
}

fn routes(
    site: Site<'_>,
    written: &[document::HttpRoute],
    is_delegate: bool,
) -> (Vec<Arc<Route>>, Vec<Handover>) {
    let http = site.spec.field("http");
    let (mut routes, mut handovers) = (Vec::new(), Vec::new());
    for (index, written) in written.iter().enumerate() {
        match http_route::translate(site, &http.index(index), written, is_delegate, routes.len()) {
            Some(Translated::Route(route)) => routes.push(Arc::from(route)),
            Some(Translated::Handover(handover)) => handovers.push(*handover),
            None => {}
        }
    }
    (routes, handovers)
}

/// Claims of tokens are known at gateways alone.
fn refuse_claims_in_mesh(site: Site<'_>, written: &document::VirtualService) {
    let is_at_gateway = written.gateways.iter().any(|gateway| gateway != "mesh");
    if is_at_gateway || written.hosts.is_empty() {
        return;
    }
    let http = site.spec.field("http");
    for (index, route) in written.http.iter().enumerate() {
        let at = http.index(index);
        let at = at.field("match");
        for (index, block) in route.matches.iter().enumerate() {
            let mut keys = block.headers.keys().chain(block.without_headers.keys());
            if let Some(key) = keys.find(|key| is_claim(key)) {
                let found = written.gateways.join(" ");
                let reason = format!(
                    "JWT claim based routing (key: {key}) is only supported for gateway, found no gateways: [{found}]"
                );
                site.check.refuse_with(&at.index(index), reason, "bind it to a gateway");
            }
        }
    }
}

/// A delegate has rules for HTTP alone: everything else is said where it is handed over.
fn refuse_more_than_http(site: Site<'_>, written: &document::VirtualService) {
    for (is_written, what, field) in [
        (!written.gateways.is_empty(), "gateways", "gateways"),
        (!written.tls.is_empty(), "tls route", "tls"),
        (!written.tcp.is_empty(), "tcp route", "tcp"),
    ] {
        if is_written {
            let reason = format!("delegate virtual service must have no {what} specified");
            let remedy =
                format!("a VirtualService without hosts is a delegate: add hosts, or remove {field}");
            site.check.refuse_with(site.spec, reason, remedy);
        }
    }
}

/// Reads the gateways of a VirtualService or of one of its match blocks; none means the mesh for the former.
fn attachments(site: Site<'_>, path: &Path<'_>, written: &[String]) -> Vec<Attachment> {
    if written.is_empty() {
        return vec![Attachment::Mesh];
    }
    named_attachments(site, path, written)
}

/// Reads names of gateways, with the reserved word `mesh` among them.
pub(super) fn named_attachments(site: Site<'_>, path: &Path<'_>, written: &[String]) -> Vec<Attachment> {
    let attachment = |(index, name): (usize, &String)| match name.as_str() {
        "mesh" => Some(Attachment::Mesh),
        name => site.gateway(&path.index(index), name).map(Attachment::Gateway),
    };
    written.iter().enumerate().filter_map(attachment).collect()
}

fn hosts(site: Site<'_>, written: &[String], attachments: &[Attachment]) -> Vec<HostPattern> {
    let path = site.spec.field("hosts");
    let mut hosts: Vec<HostPattern> = Vec::with_capacity(written.len());
    for (index, name) in written.iter().enumerate() {
        let at = path.index(index);
        let Some(host) = site.pattern(&at, name) else { continue };
        if host == HostPattern::Any && attachments.contains(&Attachment::Mesh) {
            let reason = "wildcard host * is not allowed for virtual services bound to the mesh gateway";
            site.check.refuse_with(&at, reason, "name the hosts, or bind it to a gateway");
        }
        if let Some(other) = hosts.iter().position(|other| other.covers(&host) || host.covers(other)) {
            let reason = format!("duplicate hosts in virtual service: {} & {name}", written[other]);
            site.check.refuse_with(&at, reason, "write each host once");
        }
        hosts.push(host);
    }
    hosts
}
