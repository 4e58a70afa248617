//! `Gateway` → the doors of the mesh.

use super::{Meaning, Site, names::is_label, termination::termination, values::is_protocol};
use crate::{
    document::{self, Path, ServerTlsMode},
    model::{Gateway, GatewayName, GatewayServer, Host, HostPattern, ServerHost, ServerProtocol},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::Gateway) -> Option<Meaning> {
    let (name_at, name) = (Path::Root.field("metadata"), &site.metadata.name);
    if !is_label(name) && !is_converted(site) {
        let remedy = "use letters, digits and '-' alone";
        site.check.refuse_with(&name_at.field("name"), format!("invalid gateway name: {name:?}"), remedy);
    }
    if written.servers.is_empty() {
        let remedy = "write servers: [{port: …, hosts: …}]";
        site.check.refuse_with(site.spec, "gateway must have at least one server", remedy);
        return None;
    }
    refuse_equal_names(site, &written.servers);
    let servers_at = site.spec.field("servers");
    let each = |(index, written)| server(site, &servers_at.index(index), written);
    Some(Meaning::Gateway(Arc::new(Gateway {
        name: GatewayName { namespace: site.namespace(), name: site.name() },
        selector: written.selector.clone(),
        services: services(site),
        servers: written.servers.iter().enumerate().filter_map(each).collect(),
    })))
}

/// Whether Istio made this Gateway out of one of the Gateway API, which may have names of its own.
fn is_converted(site: Site<'_>) -> bool {
    site.metadata.annotations.get("internal.istio.io/gateway-semantics").is_some_and(|of| of == "gateway")
}

/// The services in front of a Gateway that Istio made: it names them instead of selecting workloads.
fn services(site: Site<'_>) -> Vec<Host> {
    let named = site.metadata.annotations.get("internal.istio.io/gateway-service");
    let names = named.map(String::as_str).unwrap_or_default().split(',');
    names.filter_map(|name| Host::parse(name.trim()).ok()).collect()
}

fn refuse_equal_names(site: Site<'_>, servers: &[document::Server]) {
    let servers_at = site.spec.field("servers");
    for (index, server) in servers.iter().enumerate() {
        let name = |server: &document::Server| server.port.as_ref().map(|port| port.name.clone());
        let own = name(server).filter(|name| !name.is_empty());
        if own.is_some() && servers[..index].iter().any(|other| name(other) == own) {
            let name = own.unwrap_or_default();
            let reason = format!("port names in servers must be unique: duplicate name {name}");
            site.check.refuse_with(
                &servers_at.index(index).field("port"),
                reason,
                "give each port its own name",
            );
        }
    }
}

fn server(site: Site<'_>, at: &Path<'_>, written: &document::Server) -> Option<GatewayServer> {
    let port_at = at.field("port");
    let Some(port) = &written.port else {
        site.check.refuse_with(at, "port is missing", "write port: {number: …, name: …, protocol: …}");
        return None;
    };
    if port.name.is_empty() {
        site.check.refuse_with(&port_at, "port name must be set", "write name: http, say");
    }
    if port.target_port > 0 {
        site.check.refuse_with(
            &port_at.field("targetPort"),
            "targetPort has no impact on Gateways",
            "remove it",
        );
    }
    let mode = written.tls.as_ref().map(|tls| tls.mode);
    let protocol = protocol(site, &port_at.field("protocol"), &port.protocol, mode)?;
    let number = number(site, at, port, &written.bind);
    site.later(at, &[("bind", written.bind.starts_with("unix://"))]);
    if !written.default_endpoint.is_empty() {
        site.check.note(&at.field("defaultEndpoint"), "has no effect at a gateway, as in Istio");
    }
    let hosts = hosts(site, &at.field("hosts"), &written.hosts);
    if written.hosts.is_empty() {
        site.check.refuse_with(
            at,
            "server config must contain at least one host",
            "write hosts: ['*'] for any",
        );
    }
    let tls = termination(site, at, &port.protocol, written.tls.as_ref());
    Some(GatewayServer {
        port: number?,
        port_name: port.name.as_str().into(),
        bind: written.bind.parse().ok(),
        protocol,
        hosts,
        tls,
        redirects_to_https: written.tls.as_ref().is_some_and(|tls| tls.https_redirect),
    })
}

/// The port's number, unless it is a Unix socket, which has none.
fn number(site: Site<'_>, at: &Path<'_>, port: &document::ServerPort, bind: &str) -> Option<u16> {
    let number_at = at.field("port");
    let number_at = number_at.field("number");
    let bind_at = at.field("bind");
    let Some(path) = bind.strip_prefix("unix://") else {
        if !bind.is_empty() {
            site.ip(&bind_at, bind);
        }
        return site.port(&number_at, port.number);
    };
    site.unix_path(&bind_at, path);
    if port.number != 0 {
        let reason = format!("port number must be 0 for unix domain socket: {}", port.number);
        site.check.refuse_with(&number_at, reason, "write number: 0, or an IP address for bind");
    }
    None
}

fn protocol(
    site: Site<'_>,
    at: &Path<'_>,
    written: &str,
    mode: Option<ServerTlsMode>,
) -> Option<ServerProtocol> {
    match (written.to_ascii_uppercase().as_str(), mode) {
        ("HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB", _) => Some(ServerProtocol::Http),
        ("HTTPS" | "TLS", Some(ServerTlsMode::Passthrough)) => Some(ServerProtocol::Sealed),
        ("HTTPS", _) => Some(ServerProtocol::Https),
        _ if is_protocol(written) => {
            let reason =
                format!("protocol {written} is accepted, but has no effect yet: the port is not opened");
            site.check.warn(at, reason, "HTTP, HTTP2, GRPC, HTTPS, and TLS of mode PASSTHROUGH are served");
            Some(ServerProtocol::Other)
        }
        _ => {
            let remedy = "supported protocols are HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP, TLS";
            site.check.refuse_with(at, format!("invalid protocol {written:?}"), remedy);
            None
        }
    }
}

/// Reads `[namespace/]name`, where the namespace may be `*` for any or `.` for the Gateway's own.
fn hosts(site: Site<'_>, at: &Path<'_>, written: &[String]) -> Vec<ServerHost> {
    let host = |(index, text): (usize, &String)| {
        let at = at.index(index);
        let (namespace, name) = match text.split_once('/') {
            None | Some(("*", _)) => (None, text.split_once('/').map_or(text.as_str(), |(_, name)| name)),
            Some((".", name)) => (Some(site.namespace()), name),
            Some((namespace, name)) => {
                let is_nobody = namespace == "~" && is_converted(site);
                if !is_nobody && !is_label(namespace) {
                    let reason = format!("invalid namespace value {namespace:?} in gateway");
                    site.check.refuse_with(&at, reason, "write a namespace, * for any, or . for this one");
                }
                (Some(Arc::from(namespace)), name)
            }
        };
        if !name.contains('.') && name != "*" {
            let remedy = "write the full name, such as shop.example.com";
            site.check.refuse_with(&at, format!("short names (non FQDN) are not allowed: {name:?}"), remedy);
            return None;
        }
        let pattern = site.check.accept(&at, HostPattern::parse(name))?;
        Some(ServerHost { namespace, pattern })
    };
    written.iter().enumerate().filter_map(host).collect()
}
