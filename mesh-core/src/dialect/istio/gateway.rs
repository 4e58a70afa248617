//! `Gateway` → the doors of the mesh.

use super::{Meaning, Site};
use crate::{
    document::{self, Path, ServerTlsMode},
    model::{
        CertificateSource, Gateway, GatewayName, GatewayServer, HostPattern, ServerHost, ServerProtocol,
        Termination,
    },
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::Gateway) -> Option<Meaning> {
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
        servers: written.servers.iter().enumerate().filter_map(each).collect(),
    })))
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
    let protocol = protocol(site, &port_at.field("protocol"), &port.protocol)?;
    let hosts = hosts(site, &at.field("hosts"), &written.hosts);
    if written.hosts.is_empty() {
        site.check.refuse_with(
            at,
            "server config must contain at least one host",
            "write hosts: ['*'] for any",
        );
    }
    Some(GatewayServer {
        port: site.port(&port_at.field("number"), port.number)?,
        port_name: port.name.as_str().into(),
        protocol,
        hosts,
        tls: termination(site, at, &port.protocol, written.tls.as_ref()),
        redirects_to_https: written.tls.as_ref().is_some_and(|tls| tls.https_redirect),
    })
}

fn protocol(site: Site<'_>, at: &Path<'_>, written: &str) -> Option<ServerProtocol> {
    match written.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => Some(ServerProtocol::Http),
        "HTTPS" => Some(ServerProtocol::Https),
        "TCP" | "TLS" | "MONGO" => {
            let reason =
                format!("protocol {written} is accepted, but has no effect yet: the port is not opened");
            site.check.warn(at, reason, "HTTP, HTTP2, GRPC and HTTPS are served");
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
            Some((namespace, name)) => (Some(Arc::from(namespace)), name),
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

fn termination(
    site: Site<'_>,
    at: &Path<'_>,
    protocol: &str,
    written: Option<&document::ServerTls>,
) -> Option<Termination> {
    let tls_at = at.field("tls");
    let needs_tls = protocol.eq_ignore_ascii_case("HTTPS") || protocol.eq_ignore_ascii_case("TLS");
    match (needs_tls, written) {
        (true, None) => {
            let remedy = "write tls: {mode: SIMPLE, credentialName: …}";
            site.check.refuse_with(at, "server must have TLS settings for HTTPS/TLS protocols", remedy);
            None
        }
        (true, Some(tls)) => Some(match tls.mode {
            ServerTlsMode::Simple => Termination::Simple(certificate(site, &tls_at, tls)?),
            other => {
                let reason = "is accepted, but has no effect yet: connections are refused";
                site.check.warn(&tls_at.field("mode"), reason, "SIMPLE is served");
                Termination::Unsupported(mode_name(other))
            }
        }),
        (false, Some(tls))
            if *tls != (document::ServerTls { https_redirect: tls.https_redirect, ..Default::default() }) =>
        {
            site.check.refuse_with(
                &tls_at,
                "server cannot have TLS settings for plain text HTTP ports",
                "only httpsRedirect is possible here; or make the protocol HTTPS",
            );
            None
        }
        (false, _) => None,
    }
}

fn certificate(site: Site<'_>, at: &Path<'_>, tls: &document::ServerTls) -> Option<CertificateSource> {
    let by_file = !tls.server_certificate.is_empty() || !tls.private_key.is_empty();
    match (tls.credential_name.as_str(), by_file) {
        ("", _) if tls.server_certificate.is_empty() => {
            let remedy = "write credentialName, or serverCertificate and privateKey";
            site.check.refuse_with(at, "SIMPLE TLS requires a server certificate", remedy);
            None
        }
        ("", _) if tls.private_key.is_empty() => {
            site.check.refuse_with(at, "SIMPLE TLS requires a private key", "write privateKey");
            None
        }
        ("", _) => Some(CertificateSource::Files {
            certificate: tls.server_certificate.clone().into(),
            key: tls.private_key.clone().into(),
        }),
        (_, true) => {
            let reason = "only one of credential_name, credential_names, server_certificate/private_key, \
                          tls_certificates should be specified";
            site.check.refuse_with(at, reason, "keep credentialName, or the two files");
            None
        }
        (name, false) if name.contains(['/', '\\']) || name.starts_with('.') => {
            let reason = format!("{name:?} is not the name of a secret");
            site.check.refuse_with(&at.field("credentialName"), reason, "write a name without a path");
            None
        }
        (name, false) => Some(CertificateSource::Secret(name.into())),
    }
}

fn mode_name(mode: ServerTlsMode) -> &'static str {
    match mode {
        ServerTlsMode::Passthrough => "PASSTHROUGH",
        ServerTlsMode::Simple => "SIMPLE",
        ServerTlsMode::Mutual => "MUTUAL",
        ServerTlsMode::AutoPassthrough => "AUTO_PASSTHROUGH",
        ServerTlsMode::IstioMutual => "ISTIO_MUTUAL",
        ServerTlsMode::OptionalMutual => "OPTIONAL_MUTUAL",
    }
}
