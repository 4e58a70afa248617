//! What a Sidecar must be, apart from what it means.

use super::{Site, connection_pool, destination, server_tls, values::is_http};
use crate::{
    document::{
        self, CaptureMode, EgressListener, IngressListener, OutboundMode, Path, ServerPort, ServerTlsMode,
        Sidecar,
    },
    model::HostPattern,
};
use std::collections::{HashMap, HashSet};

/// Refuses what contradicts itself, and warns of what was probably meant otherwise.
pub(super) fn check(site: Site<'_>, written: &Sidecar) {
    if let Some(selector) = &written.workload_selector {
        site.selector(&site.spec.field("workloadSelector"), &selector.labels, "sidecar: ");
    }
    let says_something = !written.egress.is_empty()
        || !written.ingress.is_empty()
        || written.outbound_traffic_policy.is_some()
        || written.inbound_connection_pool.is_some();
    if !says_something {
        let remedy = "write egress: [{hosts: ['*/*']}], say";
        site.check.refuse_with(site.spec, "sidecar: empty configuration provided", remedy);
    }
    check_ingress(site, &site.spec.field("ingress"), &written.ingress);
    if let Some(pool) = &written.inbound_connection_pool {
        connection_pool::check(site, &site.spec.field("inboundConnectionPool"), pool);
    }
    check_egress(site, &site.spec.field("egress"), &written.egress);
    if let Some(policy) = &written.outbound_traffic_policy {
        check_outbound(site, &site.spec.field("outboundTrafficPolicy"), policy);
    }
}

fn check_ingress(site: Site<'_>, at: &Path<'_>, written: &[IngressListener]) {
    let mut numbers = HashSet::new();
    for (index, listener) in written.iter().enumerate() {
        let at = at.index(index);
        let Some(port) = &listener.port else {
            let remedy = "write port: {number: …, name: …, protocol: …}";
            site.check.refuse_with(&at, "sidecar: port is required for ingress listeners", remedy);
            continue;
        };
        let port_at = at.field("port");
        check_port(site, &port_at, port);
        site.port(&port_at.field("number"), port.number);
        if !listener.bind.is_empty() {
            site.ip(&at.field("bind"), &listener.bind);
        }
        if !numbers.insert(port.number) {
            site.check.refuse(&port_at, "sidecar: ports on IP bound listeners must be unique");
        }
        check_endpoint(site, &at.field("defaultEndpoint"), &listener.default_endpoint);
        if let Some(tls) = &listener.tls {
            check_tls(site, &at.field("tls"), tls);
        }
        if let Some(pool) = &listener.connection_pool {
            let at = at.field("connectionPool");
            connection_pool::check(site, &at, pool);
            if pool.http.is_some() && !is_http(&port.protocol) {
                let reason = format!(
                    "sidecar: HTTP connection pool settings are configured for port {} ({:?}) but its protocol is \
                     not HTTP ({}); only TCP settings will apply",
                    port.number, port.name, port.protocol
                );
                site.check.note(&at, reason);
            }
        }
    }
}

/// What ports of both directions have in common.
fn check_port(site: Site<'_>, at: &Path<'_>, port: &ServerPort) {
    if !port.name.is_empty() {
        site.port_name(&at.field("name"), &port.name);
    }
    site.known_protocol(&at.field("protocol"), &port.protocol);
    if port.target_port > 0 {
        site.check.refuse(&at.field("targetPort"), "targetPort has no impact on Sidecars");
    }
}

/// Checks the place where an application listens, which may be empty.
fn check_endpoint(site: Site<'_>, at: &Path<'_>, written: &str) {
    if written.is_empty() {
        return;
    }
    if let Some(path) = written.strip_prefix("unix://") {
        return site.unix_path(at, path);
    }
    let (host, port) = written.rsplit_once(':').unwrap_or((written, ""));
    if !matches!(host, "" | "127.0.0.1" | "0.0.0.0" | "[::1]" | "[::]") {
        let reason = "sidecar: defaultEndpoint must be of form \
                      127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset";
        site.check.refuse(at, reason);
    }
    match port.parse() {
        Ok(number) => {
            site.port(at, number);
        }
        Err(_) => {
            let reason = format!("sidecar: defaultEndpoint port ({port}) is not a number");
            site.check.refuse_with(at, reason, "write 127.0.0.1:8080, say");
        }
    }
}

fn check_tls(site: Site<'_>, at: &Path<'_>, tls: &document::ServerTls) {
    let is_foreign = matches!(tls.mode, ServerTlsMode::IstioMutual | ServerTlsMode::AutoPassthrough);
    for (is_written, field, reason) in [
        (
            !tls.subject_alt_names.is_empty(),
            "subjectAltNames",
            "sidecar: subjectAltNames is not supported in ingress tls",
        ),
        (tls.https_redirect, "httpsRedirect", "sidecar: httpsRedirect is not supported"),
        (
            !tls.credential_name.is_empty(),
            "credentialName",
            "sidecar: credentialName is not currently supported",
        ),
        (
            !tls.credential_names.is_empty(),
            "credentialNames",
            "sidecar: credentialNames is not currently supported",
        ),
        (
            !tls.tls_certificates.is_empty(),
            "tlsCertificates",
            "sidecar: tlsCertificates is not currently supported",
        ),
    ] {
        if is_written {
            site.check.refuse_with(&at.field(field), reason, "remove it");
        }
    }
    if is_foreign {
        let mode = server_tls::mode_name(tls.mode);
        let reason = format!("configuration is invalid: cannot set mode to {mode} in sidecar ingress tls");
        site.check.refuse_with(&at.field("mode"), reason, "use SIMPLE or MUTUAL");
    }
    server_tls::check(site, at, tls);
}

fn check_egress(site: Site<'_>, at: &Path<'_>, written: &[EgressListener]) {
    let mut numbers = HashSet::new();
    let mut sockets = HashSet::new();
    for (index, listener) in written.iter().enumerate() {
        let at = at.index(index);
        match &listener.port {
            None if index + 1 < written.len() => {
                let reason =
                    "sidecar: the egress listener with empty port should be the last listener in the list";
                site.check.refuse_with(&at, reason, "move it to the end");
            }
            None => {}
            Some(port) => {
                check_egress_port(site, &at, listener, port);
                if port.number == 0 && !sockets.insert(listener.bind.as_str()) {
                    let reason = "sidecar: unix domain socket values for listeners must be unique";
                    site.check.refuse(&at.field("bind"), reason);
                }
                if port.number != 0 && !numbers.insert(port.number) {
                    let reason = "sidecar: ports on IP bound listeners must be unique";
                    site.check.refuse(&at.field("port"), reason);
                }
            }
        }
        check_hosts(site, &at, &listener.hosts);
    }
}

fn check_egress_port(site: Site<'_>, at: &Path<'_>, listener: &EgressListener, port: &ServerPort) {
    let (port_at, bind_at) = (at.field("port"), at.field("bind"));
    check_port(site, &port_at, port);
    if port.number != 0 {
        site.port(&port_at.field("number"), port.number);
        if !listener.bind.is_empty() {
            site.ip(&bind_at, &listener.bind);
        }
        return;
    }
    match listener.bind.strip_prefix("unix://") {
        Some(path) => site.unix_path(&bind_at, path),
        None => {
            let reason = "sidecar: ports with 0 value must have a unix domain socket bind address";
            site.check.refuse(&port_at.field("number"), reason);
        }
    }
    if listener.capture_mode == CaptureMode::Iptables {
        let reason = "sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners";
        site.check.refuse(&at.field("captureMode"), reason);
    }
}

fn check_hosts(site: Site<'_>, parent: &Path<'_>, written: &[String]) {
    if written.is_empty() {
        let remedy = "write hosts: ['*/*'] for any";
        let reason = "sidecar: egress listener must contain at least one host";
        site.check.refuse_with(parent, reason, remedy);
    }
    let mut seen: HashMap<&str, Vec<&str>> = HashMap::new();
    let at = parent.field("hosts");
    for (index, host) in written.iter().enumerate() {
        let at = at.index(index);
        let Some((namespace, name)) = host.split_once('/') else {
            let remedy = "write */name for any namespace, ./name for this one";
            site.check.refuse_with(&at, "host must be of form namespace/dnsName", remedy);
            continue;
        };
        check_host(site, &at, namespace, name);
        let namespace = if namespace == "." { site.metadata.namespace.as_str() } else { namespace };
        let names = seen.entry(namespace).or_default();
        let is_twice =
            if name == "*" { !names.is_empty() } else { names.contains(&name) || names.contains(&"*") };
        if is_twice {
            site.check.note(&at, format!("duplicated egress host: {host}"));
        }
        names.push(name);
    }
    if seen.len() > 1 && seen.get("*").is_some_and(|names| names.contains(&"*")) && !seen.contains_key("~") {
        site.check.note(&at, "`*/*` host select all resources, no other hosts can be added");
    }
}

fn check_host(site: Site<'_>, at: &Path<'_>, namespace: &str, name: &str) {
    if namespace.is_empty() || name.is_empty() {
        site.check.refuse(at, "config namespace and dnsName in host entry cannot be empty");
        return;
    }
    // What follows a tilde is hidden, though something else imports it.
    let named = namespace.strip_prefix('~').unwrap_or(namespace);
    if !matches!(named, "" | "*" | ".") && !super::names::is_label(named) {
        site.check.refuse(at, format!("invalid namespace value {namespace:?} in sidecar"));
    }
    if name != "*" && !name.contains('.') {
        site.check.refuse_with(at, "short names (non FQDN) are not allowed", "write the full name");
    }
    site.check.accept(at, HostPattern::parse(name));
}

fn check_outbound(site: Site<'_>, at: &Path<'_>, written: &document::OutboundTrafficPolicy) {
    let Some(proxy) = &written.egress_proxy else { return };
    let at = at.field("egressProxy");
    if written.mode != OutboundMode::AllowAny {
        let reason = "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode";
        site.check.refuse(&at, reason);
        return;
    }
    if proxy.port.is_none() {
        let remedy = "write port: {number: 80}";
        site.check.refuse_with(&at, "sidecar: egress_proxy port must be non-nil", remedy);
    }
    if proxy.host.contains('*') {
        site.check.refuse(&at.field("host"), format!("domain name {:?} invalid", proxy.host));
    }
    destination::check(site, &at, proxy);
}
