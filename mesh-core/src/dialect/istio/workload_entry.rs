//! `WorkloadEntry` → one instance of whatever services select it.

use super::{Meaning, Site};
use crate::{
    document::{self, Path},
    model::{Address, Host, Labels, Locality},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// One place where something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// Its address.
    pub address: Address,
    /// Its ports, by the names of the service's ports.
    pub ports: BTreeMap<Arc<str>, u16>,
    /// Its share, at least 1.
    pub weight: u32,
    /// Where it runs, if anybody said.
    pub locality: Option<Arc<Locality>>,
    /// The network it is in; empty for the client's own.
    pub network: Arc<str>,
    /// The service account it runs as; empty when unknown.
    pub service_account: Arc<str>,
}

impl Instance {
    /// An instance of which only the address is known.
    pub(super) fn at(site: Site<'_>, address: Address) -> Self {
        Self {
            namespace: site.namespace(),
            labels: Arc::default(),
            address,
            ports: BTreeMap::new(),
            weight: 1,
            locality: None,
            network: "".into(),
            service_account: "".into(),
        }
    }
}

pub(super) fn translate(site: Site<'_>, written: &document::WorkloadEntry) -> Option<Meaning> {
    let instance = instance(site, site.spec, written, Addresses::All);
    Some(instance.map_or(Meaning::Nothing, |instance| Meaning::Instance(Arc::new(instance))))
}

/// What an address may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addresses {
    /// Anything.
    All,
    /// An IP address, a Unix socket, or an instance of another network.
    Static,
    /// An IP address, or a name that DNS resolves.
    Dns,
}

/// Reads an instance: a document of its own, or an endpoint of a ServiceEntry. None where it is wrong, or where the
/// mesh cannot reach it yet, which a warning says.
pub(super) fn instance(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::WorkloadEntry,
    addresses: Addresses,
) -> Option<Instance> {
    let ports_at = at.field("ports");
    let port = |(name, number): (&String, &u32)| {
        let at = ports_at.key(name);
        site.port_name(&at, name);
        Some((Arc::from(name.as_str()), site.port(&at, *number)?))
    };
    let ports = written.ports.iter().filter_map(port).collect();
    site.labels(&at.field("labels"), &written.labels);
    let labels = written.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    Some(Instance {
        namespace: site.namespace(),
        labels: Arc::new(labels.collect()),
        address: address(site, at, written, addresses)?,
        ports,
        weight: written.weight.max(1),
        locality: locality(&written.locality, &written.labels),
        network: network(&written.network, &written.labels),
        service_account: written.service_account.as_str().into(),
    })
}

/// Where an instance runs: as it says, or else as its labels do.
pub(super) fn locality(written: &str, labels: &Labels) -> Option<Arc<Locality>> {
    Locality::parse(written).or_else(|| Locality::of_labels(labels)).map(Arc::new)
}

/// The network of an instance: as it says, or else as its label does.
pub(super) fn network(written: &str, labels: &Labels) -> Arc<str> {
    let by_label = || labels.get("topology.istio.io/network").map(String::as_str).unwrap_or_default();
    if written.is_empty() { by_label() } else { written }.into()
}

fn address(
    site: Site<'_>,
    parent: &Path<'_>,
    written: &document::WorkloadEntry,
    addresses: Addresses,
) -> Option<Address> {
    let at = &parent.field("address");
    let text = written.address.as_str();
    if text.is_empty() && !written.network.is_empty() && addresses != Addresses::Dns {
        let reason = format!("address is unset with network {:?}: it is not reached yet", written.network);
        site.check.warn(parent, reason, "write address: 10.0.0.7, say");
        return None;
    }
    if text.is_empty() {
        site.check.refuse_with(parent, "address is required", "write address: 10.0.0.7, say");
        return None;
    }
    if let Some(path) = text.strip_prefix("unix://").filter(|_| addresses != Addresses::Dns) {
        site.unix_path(at, path);
        if !written.ports.is_empty() {
            site.check.refuse(&parent.field("ports"), format!("unix endpoint {text} must not include ports"));
        }
        site.check.warn(at, "a unix domain socket is accepted, but not reached yet", "use an IP address");
        return None;
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Address::Ip(ip));
    }
    if addresses == Addresses::Static {
        let reason = format!("endpoint address {text:?} is not a valid IP address");
        site.check.refuse_with(at, reason, "write an IP address, or make the resolution DNS");
        return None;
    }
    let name = Host::parse(text);
    if name.is_err() {
        let reason = format!("endpoint address {text:?} is not a valid FQDN or an IP address");
        site.check.refuse_with(at, reason, "write a name that DNS knows, or an IP address");
    }
    name.ok().map(Address::Name)
}
