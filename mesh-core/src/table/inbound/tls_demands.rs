//! Whether mutual TLS is asked of those who connect to a workload.

use crate::model::{Labels, Model, PeerAuthentication, TlsDemand};
use std::collections::BTreeMap;

/// What is asked of those who connect to one workload, port by port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDemands {
    demand: TlsDemand,
    /// The ports for which something else holds.
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
        let narrowest = [workload, own, mesh].into_iter().flatten().find_map(|peers| peers.demand);
        let demand = narrowest.unwrap_or_default();
        let ports = workload.into_iter().flat_map(|workload| &workload.ports);
        Self { demand, ports: ports.map(|(port, own)| (*port, own.unwrap_or(demand))).collect() }
    }

    /// Whether anything but mutual TLS is refused at some port.
    #[must_use]
    pub fn has_strict(&self) -> bool {
        std::iter::once(&self.demand).chain(self.ports.values()).any(|demand| *demand == TlsDemand::Strict)
    }

    /// What is asked of those who connect to a port of the workload.
    #[must_use]
    pub fn at(&self, port: u16) -> TlsDemand {
        self.ports.get(&port).copied().unwrap_or(self.demand)
    }
}
