//! Destinations to backends.

use super::{
    directory::Directory,
    secure::Way,
    subsets::{RulesOfService, SubsetRules},
    world::World,
};
use crate::{
    model::{
        Address, Endpoint, Host, Http2Upgrade, MeshTraffic, Nearness, Port, Protocol, Resolution, Service,
        Subset, TrafficDistribution, TrafficPolicy, WrittenPolicy,
    },
    table::{
        backend_name::BackendName,
        decide::Missing,
        snapshot::{Backend, BackendEndpoint, Names, Peers, TargetBackend},
        viewpoint::{GatewayRole, Viewpoint},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Makes backends, each once; one that did not change since the previous table is shared with it.
pub(super) struct Backends<'a> {
    pub(super) directory: &'a Directory,
    is_gateway: bool,
    subsets: &'a SubsetRules,
    /// What holds for traffic where nobody else says anything.
    mesh: &'a MeshTraffic,
    /// How many instances of the workload's own service run in each place.
    peers: &'a Arc<Peers>,
    world: &'a World,
    previous: Option<&'a BTreeMap<BackendName, Arc<Backend>>>,
    made: BTreeMap<BackendName, Arc<Backend>>,
    /// Those that were asked for since [`Self::take_named`].
    named: Vec<Arc<Backend>>,
    /// What holds where nobody wrote a policy: most backends share it.
    default_policy: Arc<TrafficPolicy>,
}

impl<'a> Backends<'a> {
    pub(super) fn new(
        world: &'a World,
        viewpoint: &Viewpoint,
        previous: Option<&'a BTreeMap<BackendName, Arc<Backend>>>,
    ) -> Self {
        let World { directory, subsets, peers, .. } = world;
        let is_gateway = viewpoint.gateway != GatewayRole::None;
        let mesh = &**world.traffic();
        let default_policy = WrittenPolicy::at_port(None, None, 0, mesh);
        let default_policy = Arc::new(nearer(default_policy, TrafficDistribution::Anywhere, mesh));
        let (made, named) = (BTreeMap::new(), Vec::new());
        Self { directory, is_gateway, subsets, mesh, peers, world, previous, made, named, default_policy }
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
        let Some(named) = self.directory.find(host.as_str()) else {
            return TargetBackend::Missing(Missing::Service);
        };
        let service = self.directory.concrete(named);
        let rules = self.rules_of(named, service);
        let named = subset.map(|name| rules.subset(name));
        let subset = match named {
            Some(None) => return TargetBackend::Missing(Missing::Subset),
            Some(found) => found,
            None => None,
        };
        let port = match (port, &*service.ports) {
            (Some(number), ports) => ports.iter().find(|port| port.number == number),
            (None, [only]) => Some(only),
            (None, _) => return self.each_port(service, subset, &rules),
        };
        port.map_or(TargetBackend::Missing(Missing::Port), |port| {
            TargetBackend::Known(self.make(service, subset, port, &rules))
        })
    }

    /// One backend for each port of a service.
    pub(super) fn by_port(&mut self, service: &Service) -> TargetBackend {
        let rules = self.subsets.of(service);
        self.each_port(service, None, &rules)
    }

    fn each_port(
        &mut self,
        service: &Service,
        subset: Option<&Subset>,
        rules: &RulesOfService<'_>,
    ) -> TargetBackend {
        let made = service.ports.iter().map(|port| (port.number, self.make(service, subset, port, rules)));
        TargetBackend::ByPort(made.collect())
    }

    fn make(
        &mut self,
        service: &Service,
        subset: Option<&Subset>,
        port: &Port,
        rules: &RulesOfService<'_>,
    ) -> Arc<Backend> {
        let backend = self.find_or_make(service, subset, port, rules);
        self.named.push(Arc::clone(&backend));
        backend
    }

    fn find_or_make(
        &mut self,
        service: &Service,
        subset: Option<&Subset>,
        port: &Port,
        rules: &RulesOfService<'_>,
    ) -> Arc<Backend> {
        let subset_name = subset.map(|subset| Arc::clone(&subset.name));
        let name = BackendName::new(service.host.clone(), subset_name, port.number);
        if let Some(made) = self.made.get(&name) {
            return Arc::clone(made);
        }
        let endpoints = endpoints(self.world, service, subset, port);
        let is_passthrough = match service.resolution {
            Resolution::Requested => !self.is_gateway,
            Resolution::ByName => true,
            Resolution::Endpoints | Resolution::FirstAddress | Resolution::Alias(_) => false,
        };
        let names = names(service, &endpoints);
        let policy = self.policy(rules, subset, port.number, service.distribution);
        let protocol = protocol(port.protocol, &policy, self.mesh.upgrades_http2);
        let peers = self.peers_for(&policy);
        let way = Way { service, subset, port: port.number, trust: self.world.trust() };
        let secured = way.secured(policy.tls.as_ref(), &endpoints);
        let backend = Backend {
            name: name.clone(),
            protocol,
            is_passthrough,
            names,
            endpoints,
            peers,
            policy,
            secured,
        };
        let former =
            self.previous.and_then(|previous| previous.get(&name)).filter(|former| ***former == backend);
        let backend = former.map_or_else(|| Arc::new(backend), Arc::clone);
        self.made.insert(name, Arc::clone(&backend));
        backend
    }

    /// The rules for a service by the name it was given, which may be a further one with rules of its own.
    fn rules_of(&self, named: &Service, service: &Service) -> RulesOfService<'a> {
        let rules = self.subsets.of(named);
        if std::ptr::eq(named, service) { rules } else { rules.and_then(self.subsets.of(service)) }
    }

    fn policy(
        &self,
        rules: &RulesOfService<'_>,
        subset: Option<&Subset>,
        port: u16,
        distribution: TrafficDistribution,
    ) -> Arc<TrafficPolicy> {
        let (whole, part) = (rules.policy(), subset.and_then(|subset| subset.policy.as_ref()));
        if whole.is_none() && part.is_none() && distribution == TrafficDistribution::Anywhere {
            return Arc::clone(&self.default_policy);
        }
        let (whole, part) = (whole.map(Arc::as_ref), part.map(Arc::as_ref));
        Arc::new(nearer(WrittenPolicy::at_port(whole, part, port, self.mesh), distribution, self.mesh))
    }

    /// Where the workload's own kind runs, if a policy asks for it.
    fn peers_for(&self, policy: &TrafficPolicy) -> Arc<Peers> {
        match &policy.balancing.nearness {
            Nearness::Zones(zones) if zones.is_enabled => Arc::clone(self.peers),
            _ => Arc::default(),
        }
    }
}

/// A policy, with what the service, or else the mesh, says of who is near where the policy does not.
fn nearer(mut policy: TrafficPolicy, service: TrafficDistribution, mesh: &MeshTraffic) -> TrafficPolicy {
    if policy.balancing.nearness == Nearness::OfMesh {
        policy.balancing.nearness = match service {
            TrafficDistribution::Anywhere => mesh.nearness.clone(),
            preferred => Nearness::OfService(preferred),
        };
    }
    policy
}

/// What is spoken to a port that speaks `protocol`, as a policy would have it; `upgrades`: the mesh would have HTTP/2.
fn protocol(protocol: Protocol, policy: &TrafficPolicy, upgrades: bool) -> Protocol {
    let pool = &policy.connection_pool;
    match (protocol, pool.http2_upgrade) {
        (Protocol::Opaque, _) => protocol,
        _ if pool.uses_client_protocol => Protocol::OfClient,
        (_, Http2Upgrade::Always) => Protocol::Http2,
        // Of a port that only may speak HTTP the mesh does not know that it speaks HTTP/2.
        (Protocol::Http, Http2Upgrade::OfMesh) if upgrades => Protocol::Http2,
        _ => protocol,
    }
}

/// What names among endpoints of a service stand for.
fn names(service: &Service, endpoints: &[BackendEndpoint]) -> Names {
    let has_names = endpoints.iter().any(|endpoint| matches!(endpoint.address, Address::Name(_)));
    match service.resolution {
        _ if !has_names => Names::None,
        Resolution::FirstAddress => Names::First,
        _ => Names::Every,
    }
}

fn endpoints(
    world: &World,
    service: &Service,
    subset: Option<&Subset>,
    port: &Port,
) -> Arc<[BackendEndpoint]> {
    let selected = service
        .endpoints
        .iter()
        .filter(|endpoint| subset.is_none_or(|subset| subset.selects(&endpoint.labels)));
    let endpoint = |endpoint: &Endpoint| {
        let port = endpoint.ports.get(&port.name).copied().unwrap_or(port.target);
        BackendEndpoint {
            address: endpoint.address.clone(),
            port,
            weight: endpoint.weight.max(1),
            labels: Arc::clone(&endpoint.labels),
            locality: endpoint.locality.clone(),
            network: Arc::clone(&endpoint.network),
            service_account: Arc::clone(&endpoint.service_account),
            takes_mesh_tls: world.is_reached_by_tls(service, endpoint, port),
        }
    };
    selected.map(endpoint).collect()
}
