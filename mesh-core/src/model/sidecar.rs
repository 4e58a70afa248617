//! What a workload sees of the mesh.

use super::{
    UnknownHosts,
    backend::{Labels, Service},
    host::HostPattern,
    route::{Destination, VirtualService},
};
use std::sync::Arc;

/// The part of the mesh that some workloads see.
///
/// Istio writes it for sidecars, which must be told all that their workload may call; for a library it is an import
/// list. Addresses that listeners are bound to, and how connections get there, mean nothing to it: a request is at a
/// listener when it goes to the listener's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Its namespace; its workloads are there, unless that is the root namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The labels its workloads must have; all workloads of the namespace when `None`.
    pub workloads: Option<Labels>,
    /// What they see, each on its port; the one without a port is for every other. Everything when empty.
    pub imports: Vec<ImportListener>,
    /// What becomes of requests to hosts that they do not see; as the mesh has it when `None`.
    pub unknown_hosts: Option<UnknownHosts>,
    /// Where requests to such hosts go when they may pass; where their address says when `None`.
    pub proxy: Option<Destination>,
}

/// What a workload sees on one port, or on all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportListener {
    /// The port.
    pub port: Option<u16>,
    /// The hosts.
    pub hosts: Vec<Import>,
    /// Those of them that are not seen all the same.
    pub hidden: Vec<Import>,
}

/// Some hosts of one namespace, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The namespace of the service, or of the rules; any when `None`.
    pub namespace: Option<Arc<str>>,
    /// The hosts.
    pub hosts: HostPattern,
}

impl ImportListener {
    /// Whether a service is seen here: all of its hosts are imported, and not hidden.
    #[must_use]
    pub fn shows(&self, service: &Service) -> bool {
        let pattern = service.host.to_pattern();
        let covers = |import: &Import| import.covers(&service.namespace, &pattern);
        self.hosts.iter().any(covers) && !self.hidden.iter().any(covers)
    }

    /// Whether rules apply here: one of their hosts is imported, or covers one that is, and is not hidden.
    #[must_use]
    pub fn applies(&self, rules: &VirtualService) -> bool {
        let own = || self.hosts.iter().filter(|import| import.is_of(&rules.namespace));
        rules.hosts.iter().any(|host| {
            own().any(|import| host.narrower(&import.hosts).is_some())
                && !self.hidden.iter().any(|import| import.covers(&rules.namespace, host))
        })
    }
}

impl Import {
    fn covers(&self, namespace: &str, hosts: &HostPattern) -> bool {
        self.is_of(namespace) && self.hosts.covers(hosts)
    }

    fn is_of(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }
}
