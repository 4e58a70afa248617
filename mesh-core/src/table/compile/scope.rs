//! What a workload sees, port by port.

use crate::{
    model::{ImportListener, Model, Service, Sidecar, VirtualService},
    table::viewpoint::{GatewayRole, Viewpoint},
};

/// What the Sidecar of a workload lets it see; everything without one.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) sidecar: Option<&'a Sidecar>,
}

impl<'a> Scope<'a> {
    /// By the oldest Sidecar that selects the workload, else by the oldest for its whole namespace, else by that of the
    /// root namespace. Gateways see everything.
    pub(super) fn new(model: &'a Model, viewpoint: &Viewpoint) -> Self {
        let all = || model.sidecars.iter().map(|sidecar| &**sidecar);
        let of = |namespace: &'a str| all().filter(move |sidecar| *sidecar.namespace == *namespace);
        let selects = |sidecar: &&Sidecar| {
            sidecar.workloads.as_ref().is_some_and(|labels| {
                labels.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value))
            })
        };
        let is_default = |sidecar: &&Sidecar| sidecar.workloads.is_none();
        let mut own = all().filter(|sidecar| *sidecar.namespace == *viewpoint.namespace);
        let mut default = own.clone().filter(is_default);
        let sidecar = own
            .find(selects)
            .or_else(|| default.next())
            .or_else(|| of(&model.root_namespace).find(is_default));
        Self { sidecar: sidecar.filter(|_| viewpoint.gateway == GatewayRole::None) }
    }

    /// Whether a service is seen on a port.
    pub(super) fn shows(self, service: &Service, port: u16) -> bool {
        self.listeners().is_none_or(|all| listener(all, port).is_some_and(|listener| listener.shows(service)))
    }

    /// Whether a service is seen on any port.
    pub(super) fn shows_somewhere(self, service: &Service) -> bool {
        self.listeners().is_none_or(|all| all.iter().any(|listener| listener.shows(service)))
    }

    /// Whether rules apply on a port.
    pub(super) fn applies(self, rules: &VirtualService, port: u16) -> bool {
        self.listeners().is_none_or(|all| listener(all, port).is_some_and(|listener| listener.applies(rules)))
    }

    /// What is imported; everything when `None`.
    fn listeners(self) -> Option<&'a [ImportListener]> {
        self.sidecar.map(|sidecar| &*sidecar.imports).filter(|imports| !imports.is_empty())
    }
}

/// The listener of a port: its own, or the one for all that have none.
fn listener(all: &[ImportListener], port: u16) -> Option<&ImportListener> {
    let own = all.iter().find(|listener| listener.port == Some(port));
    own.or_else(|| all.iter().find(|listener| listener.port.is_none()))
}
