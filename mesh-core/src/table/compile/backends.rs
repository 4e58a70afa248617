//! Destinations to backends.

use super::{directory::Directory, subsets::SubsetRules};
use crate::{
    model::{Host, Model, Port, Service, Subset},
    table::{
        decide::Missing,
        snapshot::{Backend, BackendEndpoint, BackendName, TargetBackend, Viewpoint},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Makes backends, each once; one that did not change since the previous table is shared with it.
pub(super) struct Backends<'a> {
    pub(super) directory: Directory<'a>,
    subsets: SubsetRules<'a>,
    previous: Option<&'a BTreeMap<BackendName, Arc<Backend>>>,
    made: BTreeMap<BackendName, Arc<Backend>>,
    /// Those that were asked for since [`Self::take_named`].
    named: Vec<Arc<Backend>>,
}

impl<'a> Backends<'a> {
    pub(super) fn new(
        model: &'a Model,
        viewpoint: &'a Viewpoint,
        previous: Option<&'a BTreeMap<BackendName, Arc<Backend>>>,
    ) -> Self {
        let directory = Directory::new(model, viewpoint);
        let subsets = SubsetRules::new(model, viewpoint);
        Self { directory, subsets, previous, made: BTreeMap::new(), named: Vec::new() }
    }

    /// Every backend made.
    pub(super) fn into_made(self) -> BTreeMap<BackendName, Arc<Backend>> {
        self.made
    }

    /// Every backend that was asked for since this was called last.
    pub(super) fn take_named(&mut self) -> Vec<Arc<Backend>> {
        std::mem::take(&mut self.named)
    }

    /// The backend of a destination: at the port it names, else at the service's only one, else at the request's.
    pub(super) fn find(&mut self, host: &Host, subset: Option<&str>, port: Option<u16>) -> TargetBackend {
        let Some(service) = self.directory.find(host.as_str()) else {
            return TargetBackend::Missing(Missing::Service);
        };
        let named = subset.map(|name| self.subsets.find(service, name));
        let subset = match named {
            Some(None) => return TargetBackend::Missing(Missing::Subset),
            Some(found) => found,
            None => None,
        };
        let port = match (port, &*service.ports) {
            (Some(number), ports) => ports.iter().find(|port| port.number == number),
            (None, [only]) => Some(only),
            (None, _) => return self.by_port(service, subset),
        };
        port.map_or(TargetBackend::Missing(Missing::Port), |port| {
            TargetBackend::Known(self.make(service, subset, port))
        })
    }

    /// One backend for each port of a service.
    pub(super) fn by_port(&mut self, service: &Service, subset: Option<&Subset>) -> TargetBackend {
        let made = service.ports.iter().map(|port| (port.number, self.make(service, subset, port)));
        TargetBackend::ByPort(made.collect())
    }

    fn make(&mut self, service: &Service, subset: Option<&Subset>, port: &Port) -> Arc<Backend> {
        let backend = self.find_or_make(service, subset, port);
        self.named.push(Arc::clone(&backend));
        backend
    }

    fn find_or_make(&mut self, service: &Service, subset: Option<&Subset>, port: &Port) -> Arc<Backend> {
        let subset_name = subset.map(|subset| Arc::clone(&subset.name));
        let name = BackendName { host: service.host.clone(), subset: subset_name, port: port.number };
        if let Some(made) = self.made.get(&name) {
            return Arc::clone(made);
        }
        let endpoints = endpoints(service, subset, port);
        let backend = Backend { name: name.clone(), protocol: port.protocol, endpoints };
        let former =
            self.previous.and_then(|previous| previous.get(&name)).filter(|former| ***former == backend);
        let backend = former.map_or_else(|| Arc::new(backend), Arc::clone);
        self.made.insert(name, Arc::clone(&backend));
        backend
    }
}

fn endpoints(service: &Service, subset: Option<&Subset>, port: &Port) -> Arc<[BackendEndpoint]> {
    let selected = service
        .endpoints
        .iter()
        .filter(|endpoint| subset.is_none_or(|subset| subset.selects(&endpoint.labels)));
    selected
        .map(|endpoint| BackendEndpoint {
            address: endpoint.address.clone(),
            port: endpoint.ports.get(&port.name).copied().unwrap_or(port.target),
            weight: endpoint.weight.max(1),
            labels: Arc::clone(&endpoint.labels),
        })
        .collect()
}
