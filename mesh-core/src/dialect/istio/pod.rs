//! `Pod` → what is behind an endpoint.

use super::{
    Instance, Meaning, Site,
    workload_entry::{locality, network},
};
use crate::{
    document,
    model::{Address, Labels, Locality},
};
use std::sync::Arc;

/// A Pod, by whose labels subsets select the endpoints that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// Where it runs, if anybody said.
    pub locality: Option<Arc<Locality>>,
    /// The network it is in; empty for the client's own.
    pub network: Arc<str>,
    /// The service account it runs as; empty when unknown.
    pub service_account: Arc<str>,
    /// The instance that it is, once it has an address.
    pub instance: Option<Instance>,
}

pub(super) fn translate(site: Site<'_>, written: &document::Pod) -> Option<Meaning> {
    let labels = Arc::new(on_node(site.metadata.labels.clone(), &written.node_name));
    let mut pod = Pod {
        namespace: site.namespace(),
        name: site.name(),
        locality: locality("", &labels),
        network: network("", &labels),
        service_account: written.service_account_name.as_str().into(),
        labels,
        instance: None,
    };
    pod.instance = written.ip.parse().ok().map(|ip| Instance {
        labels: Arc::clone(&pod.labels),
        locality: pod.locality.clone(),
        network: Arc::clone(&pod.network),
        service_account: Arc::clone(&pod.service_account),
        ..Instance::at(site, Address::Ip(ip))
    });
    Some(Meaning::Pod(Arc::new(pod)))
}

/// Labels, and the one of the node that their bearer runs on: by it endpoints of a client's own node are near.
pub(super) fn on_node(mut labels: Labels, node: &str) -> Labels {
    if !node.is_empty() {
        labels.entry("kubernetes.io/hostname".into()).or_insert_with(|| node.into());
    }
    labels
}
