//! `WorkloadEntry` → one instance of whatever services select it.

use super::{Meaning, Site};
use crate::{
    document::{self, Path},
    model::{Address, Host, Labels},
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
        }
    }
}

pub(super) fn translate(site: Site<'_>, written: &document::WorkloadEntry) -> Option<Meaning> {
    instance(site, site.spec, written, true).map(|instance| Meaning::Instance(Arc::new(instance)))
}

/// Reads an instance: a document of its own, or an endpoint of a ServiceEntry. `may_be_name`: its address may be a
/// name that DNS resolves.
pub(super) fn instance(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::WorkloadEntry,
    may_be_name: bool,
) -> Option<Instance> {
    let address_at = at.field("address");
    let ports_at = at.field("ports");
    let port = |(name, number): (&String, &u32)| {
        Some((Arc::from(name.as_str()), site.port(&ports_at.key(name), *number)?))
    };
    let labels = written.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    Some(Instance {
        namespace: site.namespace(),
        labels: Arc::new(labels.collect()),
        address: address(site, &address_at, at, &written.address, may_be_name)?,
        ports: written.ports.iter().filter_map(port).collect(),
        weight: written.weight.max(1),
    })
}

fn address(
    site: Site<'_>,
    at: &Path<'_>,
    parent: &Path<'_>,
    written: &str,
    may_be_name: bool,
) -> Option<Address> {
    if written.is_empty() {
        site.check.refuse_with(parent, "address is required", "write address: 10.0.0.7, say");
        return None;
    }
    if written.starts_with("unix://") {
        site.check.refuse_with(at, "unix domain sockets are not supported yet", "use an IP address");
        return None;
    }
    if let Ok(ip) = written.parse::<IpAddr>() {
        return Some(Address::Ip(ip));
    }
    if !may_be_name {
        let reason = format!("endpoint address {written:?} is not a valid IP address");
        site.check.refuse_with(at, reason, "write an IP address, or make the resolution DNS");
        return None;
    }
    site.check.accept(at, Host::parse(written)).map(Address::Name)
}
