//! What the dialect of 2019 asks of the requests to a workload.

use crate::{
    model::{Endpoint, Model, Policy, PolicyPort, PolicyScope, PolicyTarget, Port, Service},
    table::Viewpoint,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The one Policy that holds on each port of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// The ports for which a Policy names a service's port that leads there.
    ports: BTreeMap<u16, Arc<Policy>>,
    /// What holds for the service on all others.
    service: Option<Arc<Policy>>,
    /// The ports that are somebody's, and not the service's: those of health checks, say.
    others: BTreeSet<u16>,
    /// What holds where nothing else does.
    otherwise: Option<Arc<Policy>>,
}

impl Policies {
    /// What holds for the workload: of a port of a service that selects it, of such a service, of its namespace and of the
    /// mesh the first that anything is said of, and of several Policies for one of them the oldest.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        let policies = &model.security.policies;
        let mut ports = BTreeMap::new();
        let (mut others, mut own) = (BTreeSet::new(), BTreeSet::new());
        let (mut by_service, mut by_namespace, mut by_mesh) = (None, None, None);
        for policy in policies {
            match &policy.scope {
                PolicyScope::Mesh => drop(by_mesh.get_or_insert(policy)),
                PolicyScope::Namespace(namespace) if **namespace == *viewpoint.namespace => {
                    by_namespace.get_or_insert(policy);
                }
                PolicyScope::Services(namespace, targets) if **namespace == *viewpoint.namespace => {
                    for (service, target) in selecting(model, viewpoint, targets) {
                        if target.ports.is_empty() {
                            by_service.get_or_insert(policy);
                            own.extend(local_ports(viewpoint, service, None));
                            let written = own_endpoints(viewpoint, service);
                            others.extend(written.flat_map(|endpoint| endpoint.ports.values().copied()));
                        }
                        for port in local_ports(viewpoint, service, Some(target)) {
                            ports.entry(port).or_insert_with(|| Arc::clone(policy));
                        }
                    }
                }
                PolicyScope::Namespace(_) | PolicyScope::Services(..) => {}
            }
        }
        others.retain(|port| !own.contains(port));
        let otherwise = by_namespace.or(by_mesh).cloned();
        Self { ports, service: by_service.cloned(), others, otherwise }
    }

    /// The Policy that holds for requests to a port of the workload. What holds for a service holds on every port that is
    /// not known to be another's.
    #[must_use]
    pub fn at(&self, port: u16) -> Option<&Arc<Policy>> {
        let service = self.service.as_ref().filter(|_| !self.others.contains(&port));
        self.ports.get(&port).or(service).or(self.otherwise.as_ref())
    }

    /// The Policies for single ports, and that for ports which are not the service's, if the service has one of its own.
    pub(super) fn by_port(&self) -> impl Iterator<Item = (u16, Option<&Policy>)> {
        let others = self.others.iter().filter(|_| self.service.is_some());
        let own = self.ports.iter().map(|(port, policy)| (*port, Some(&**policy)));
        own.chain(others.map(|port| (*port, self.otherwise.as_deref())))
    }

    /// The Policy for all other ports.
    pub(super) fn elsewhere(&self) -> Option<&Policy> {
        self.service.as_deref().or(self.otherwise.as_deref())
    }

    /// Every Policy that holds on some port.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.ports.values().chain(&self.service).chain(&self.otherwise)
    }
}

/// The services that select the workload, and are targets.
fn selecting<'a>(
    model: &'a Model,
    viewpoint: &Viewpoint,
    targets: &'a [PolicyTarget],
) -> impl Iterator<Item = (&'a Service, &'a PolicyTarget)> {
    let services = model.services.iter().filter(|service| *service.namespace == *viewpoint.namespace);
    services.filter(|service| is_behind(viewpoint, service)).flat_map(|service| {
        let own = targets.iter().filter(|target| target.service == service.host);
        own.map(|target| (&**service, target))
    })
}

fn is_behind(viewpoint: &Viewpoint, service: &Service) -> bool {
    match &service.selects {
        Some(labels) => viewpoint.is_labelled(labels),
        None => own_endpoints(viewpoint, service).next().is_some(),
    }
}

fn own_endpoints<'a>(viewpoint: &Viewpoint, service: &'a Service) -> impl Iterator<Item = &'a Endpoint> {
    let endpoints = service.endpoints.iter();
    endpoints.filter(|endpoint| !endpoint.labels.is_empty() && viewpoint.is_labelled(&endpoint.labels))
}

/// The workload's own ports that ports of the service lead to: those that a target names, or all.
fn local_ports(viewpoint: &Viewpoint, service: &Service, target: Option<&PolicyTarget>) -> Vec<u16> {
    let is_named = |port: &&Port| {
        target.is_none_or(|target| {
            target.ports.iter().any(|named| match named {
                PolicyPort::Number(number) => port.number == *number,
                PolicyPort::Name(name) => *port.name == **name,
            })
        })
    };
    let mut ports = Vec::new();
    for port in service.ports.iter().filter(is_named) {
        let of = |endpoint: &Endpoint| endpoint.ports.get(&port.name).copied().unwrap_or(port.target);
        let before = ports.len();
        ports.extend(own_endpoints(viewpoint, service).map(of));
        if ports.len() == before {
            ports.push(port.target);
        }
    }
    ports
}
