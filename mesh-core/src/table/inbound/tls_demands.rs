//! Whether mutual TLS is asked of those who connect to a workload.

use super::Policies;
use crate::model::{Labels, Model, PeerAuthentication, Policy, TlsDemand};
use std::collections::BTreeMap;

/// What is asked of those who connect to one workload, port by port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDemands {
    /// What somebody says of every port.
    demand: Option<TlsDemand>,
    /// What somebody says of single ports.
    ports: BTreeMap<u16, TlsDemand>,
}

impl TlsDemands {
    /// What holds for the workload of these labels.
    ///
    /// Of what is said for the whole mesh, for a namespace and for workloads, the oldest of each counts, and the narrower
    /// wins: a port's own, the workload's, the namespace's, the mesh's. Where nobody says anything, both plain text and
    /// mutual TLS are taken. What the root namespace says of workloads is about its own alone.
    #[must_use]
    pub fn of(model: &Model, namespace: &str, labels: &Labels) -> Self {
        let selects =
            |workloads: &Labels| workloads.iter().all(|(key, value)| labels.get(key) == Some(value));
        let oldest = |of: &str, is_wanted: &dyn Fn(&PeerAuthentication) -> bool| {
            let mut all = model.security.peers.iter();
            all.find(|peers| *peers.namespace == *of && is_wanted(peers)).map(|peers| &**peers)
        };
        let mesh = oldest(&model.root_namespace, &|peers| peers.workloads.is_none());
        let own = oldest(namespace, &|peers| peers.workloads.is_none());
        let workload = oldest(namespace, &|peers| peers.workloads.as_ref().is_some_and(selects));
        let demand = [workload, own, mesh].into_iter().flatten().find_map(|peers| peers.demand);
        let ports = workload.into_iter().flat_map(|workload| &workload.ports);
        Self { demand, ports: ports.filter_map(|(port, own)| Some((*port, (*own)?))).collect() }
    }

    /// The same, and where nobody says anything by a PeerAuthentication, what the dialect of 2019 says.
    pub(super) fn or(mut self, policies: &Policies) -> Self {
        if self.demand.is_none() {
            for (port, policy) in policies.by_port() {
                self.ports.entry(port).or_insert_with(|| policy.map(of_policy).unwrap_or_default());
            }
            self.demand = policies.elsewhere().map(of_policy);
        }
        self
    }

    /// Whether anything but mutual TLS is refused at some port.
    #[must_use]
    pub fn has_strict(&self) -> bool {
        self.demand.iter().chain(self.ports.values()).any(|demand| *demand == TlsDemand::Strict)
    }

    /// What is asked of those who connect to ports of which nobody says anything.
    #[must_use]
    pub fn elsewhere(&self) -> TlsDemand {
        self.demand.unwrap_or_default()
    }

    /// What is asked at ports of which somebody says something.
    pub fn by_port(&self) -> impl Iterator<Item = (u16, TlsDemand)> {
        self.ports.iter().map(|(port, demand)| (*port, *demand))
    }

    /// What is asked of those who connect to a port of the workload.
    #[must_use]
    pub fn at(&self, port: u16) -> TlsDemand {
        self.ports.get(&port).copied().or(self.demand).unwrap_or_default()
    }
}

/// A Policy that asks for nothing takes plain text; that it takes mutual TLS, too, does no harm.
fn of_policy(policy: &Policy) -> TlsDemand {
    match policy.peers {
        Some(asked) if !asked.takes_plain_text && !policy.peer_is_optional => TlsDemand::Strict,
        _ => TlsDemand::Permissive,
    }
}
