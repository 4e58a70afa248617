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
    let egress_at = site.spec.field("egress");
    let listener = |(index, written)| listener(site, &egress_at.index(index), written);
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
        imports: written.egress.iter().enumerate().filter_map(listener).collect(),
        unknown_hosts,
        proxy: outbound.and_then(|policy| proxy(site, policy)),
    })))
}

/// A listener on a Unix socket has no port by which a library could tell that a request is for it.
fn listener(site: Site<'_>, at: &Path<'_>, written: &EgressListener) -> Option<ImportListener> {
    let port = match &written.port {
        None => None,
        Some(port) if port.number == 0 => {
            site.check.note(&at.field("bind"), "has no effect in a library, whose requests go to ports");
            return None;
        }
        Some(port) => Some(u16::try_from(port.number).ok()?),
    };
    let hosts = written.hosts.iter().filter_map(|host| import(site, host)).collect();
    Some(ImportListener { port, hosts })
}

/// `namespace/name`; nothing for `~`, which imports nothing.
fn import(site: Site<'_>, written: &str) -> Option<Import> {
    let (namespace, name) = written.split_once('/')?;
    let namespace = match namespace {
        "~" => return None,
        "*" => None,
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
