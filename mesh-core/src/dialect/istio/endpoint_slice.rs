//! `EndpointSlice` → some endpoints of a Kubernetes Service.

use super::{Instance, Meaning, Site, pod::on_node};
use crate::{
    document::{self, Path},
    model::{Address, Host, Labels},
};
use std::{collections::BTreeMap, sync::Arc};

/// The label by which a slice names its Service.
const SERVICE: &str = "kubernetes.io/service-name";

/// Some endpoints of a Service of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name of the Service.
    pub service: Arc<str>,
    /// The endpoints.
    pub endpoints: Vec<SliceEndpoint>,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceEndpoint {
    /// Its address and ports.
    pub instance: Instance,
    /// Whether it takes requests.
    pub is_ready: bool,
    /// The Pod behind it, if it is one.
    pub pod: Option<Arc<str>>,
}

pub(super) fn translate(site: Site<'_>, written: &document::EndpointSlice) -> Option<Meaning> {
    let Some(service) = site.metadata.labels.get(SERVICE) else {
        let remedy = format!("give it the label {SERVICE}");
        let at = Path::Root.field("metadata");
        site.check.warn(&at, "belongs to no Service, so nothing is sent to its endpoints", remedy);
        return Some(Meaning::Nothing);
    };
    let ports = ports(site, &written.ports);
    let mut endpoints = Vec::with_capacity(written.endpoints.len());
    for (index, endpoint) in written.endpoints.iter().enumerate() {
        let at = Path::Root.field("endpoints");
        let at = at.index(index);
        let addresses_at = at.field("addresses");
        let labels = Arc::new(on_node(Labels::new(), &endpoint.node_name));
        for (index, address) in endpoint.addresses.iter().enumerate() {
            let Some(address) = address_of(site, &addresses_at.index(index), address) else { continue };
            endpoints.push(SliceEndpoint {
                instance: Instance {
                    ports: ports.clone(),
                    labels: Arc::clone(&labels),
                    ..Instance::at(site, address)
                },
                is_ready: is_ready(&endpoint.conditions),
                pod: pod(&endpoint.target_ref),
            });
        }
    }
    let (namespace, service) = (site.namespace(), service.as_str().into());
    Some(Meaning::Slice(Arc::new(Slice { namespace, service, endpoints })))
}

/// Nothing said counts as ready; what is ending takes no new requests, though it may still serve those it has.
fn is_ready(conditions: &document::EndpointConditions) -> bool {
    conditions.ready.unwrap_or(true) && !conditions.terminating.unwrap_or(false)
}

fn pod(target: &document::TargetRef) -> Option<Arc<str>> {
    (target.kind == "Pod").then(|| target.name.as_str().into())
}

fn ports(site: Site<'_>, written: &[document::SlicePort]) -> BTreeMap<Arc<str>, u16> {
    let ports_at = Path::Root.field("ports");
    let port = |(index, port): (usize, &document::SlicePort)| {
        let number = site.port(&ports_at.index(index).field("port"), port.port?)?;
        Some((port.name.as_str().into(), number))
    };
    written.iter().enumerate().filter_map(port).collect()
}

fn address_of(site: Site<'_>, at: &Path<'_>, written: &str) -> Option<Address> {
    match written.parse() {
        Ok(ip) => Some(Address::Ip(ip)),
        Err(_) => site.check.accept(at, Host::parse(written)).map(Address::Name),
    }
}
