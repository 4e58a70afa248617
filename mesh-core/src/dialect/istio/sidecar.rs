//! `Sidecar` → what some workloads see of the mesh.

use super::{Meaning, Site, sidecar_check};
use crate::{
    document::{self, EgressListener, OutboundMode, OutboundTrafficPolicy, Path},
    model::{Destination, HeaderEdits, HostPattern, Import, ImportListener, Sidecar, UnknownHosts},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::Sidecar) -> Option<Meaning> {
    sidecar_check::check(site, written);
    site.later(
        site.spec,
        &[
            ("ingress", !written.ingress.is_empty()),
            ("inboundConnectionPool", written.inbound_connection_pool.is_some()),
        ],
    );
    let outbound = written.outbound_traffic_policy.as_ref();
    let unknown_hosts = outbound.map(|policy| match policy.mode {
        OutboundMode::RegistryOnly => UnknownHosts::Refuse,
        OutboundMode::AllowAny => UnknownHosts::Pass,
    });
    let selector = written.workload_selector.as_ref().map(|selector| selector.labels.clone());
    Some(Meaning::Sidecar(Arc::new(Sidecar {
        namespace: site.namespace(),
        name: site.name(),
        workloads: selector.filter(|labels| !labels.is_empty()),
        imports: imports(site, &written.egress),
        unknown_hosts,
        proxy: outbound.and_then(|policy| proxy(site, policy)),
    })))
}

/// What is seen. Those that are for all ports are one, and something written never comes to nothing, which would be
/// everything.
fn imports(site: Site<'_>, written: &[EgressListener]) -> Vec<ImportListener> {
    let egress_at = site.spec.field("egress");
    let mut imports: Vec<ImportListener> = Vec::with_capacity(written.len());
    for (index, written) in written.iter().enumerate() {
        let listener = listener(site, &egress_at.index(index), written);
        let general = imports.iter_mut().find(|other| listener.port.is_none() && other.port.is_none());
        match general {
            Some(general) => {
                general.hosts.extend(listener.hosts);
                general.hidden.extend(listener.hidden);
            }
            None => imports.push(listener),
        }
    }
    imports
}

/// What is shown by a listener that is no port of services, a Unix socket or a proxy's, is shown on all ports: a library
/// sends its requests itself.
fn listener(site: Site<'_>, at: &Path<'_>, written: &EgressListener) -> ImportListener {
    let own = written.port.as_ref().filter(|port| !port.protocol.eq_ignore_ascii_case("HTTP_PROXY"));
    let port = own.and_then(|port| u16::try_from(port.number).ok()).filter(|port| *port > 0);
    if port.is_none() && written.port.is_some() {
        let reason = "is no port of services, so a library sees its hosts on every port";
        site.check.note(&at.field("port"), reason);
    }
    let (mut hosts, mut hidden) = (Vec::new(), Vec::new());
    for written in written.hosts.iter().filter(|host| *host != "~/*") {
        match written.strip_prefix('~') {
            None => hosts.extend(import(site, written)),
            Some(written) => hidden.extend(import(site, written)),
        }
    }
    ImportListener { port, hosts, hidden }
}

/// `namespace/name`; without a namespace that of any.
fn import(site: Site<'_>, written: &str) -> Option<Import> {
    let (namespace, name) = written.split_once('/')?;
    let namespace = match namespace {
        "" | "*" => None,
        "." => Some(site.namespace()),
        name => Some(name.into()),
    };
    Some(Import { namespace, hosts: HostPattern::parse(name).ok()? })
}

fn proxy(site: Site<'_>, written: &OutboundTrafficPolicy) -> Option<Destination> {
    let proxy = written.egress_proxy.as_ref()?;
    let policy_at = site.spec.field("outboundTrafficPolicy");
    let at = policy_at.field("egressProxy");
    Some(Destination {
        host: site.host(&at.field("host"), &proxy.host)?,
        subset: Some(proxy.subset.as_str()).filter(|subset| !subset.is_empty()).map(Into::into),
        port: proxy.port.and_then(|number| u16::try_from(number).ok()),
        weight: 100,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    })
}
