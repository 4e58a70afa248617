//! Everything that a table is made of besides VirtualServices, kept from table to table for as long as it is the same.

use super::{directory::Directory, scope::Scope, subsets::SubsetRules};
use crate::{
    model::{
        Endpoint, Labels, MeshTraffic, Model, PathNormalization, Security, Service, TelemetryRules,
        TlsDemand, Trust,
    },
    table::{inbound::TlsDemands, snapshot::Peers, viewpoint::Viewpoint},
};
use std::sync::Arc;

/// Everything that rules depend on besides their VirtualServices, and what finds it.
#[derive(Debug)]
pub(super) struct World {
    /// Without its VirtualServices.
    model: Model,
    viewpoint: Viewpoint,
    /// The services that are seen from there.
    pub(super) directory: Directory,
    /// Who speaks about them.
    pub(super) subsets: SubsetRules,
    /// How many instances of the workload's own service run in each place.
    pub(super) peers: Arc<Peers>,
}

impl World {
    /// The world as a workload sees it: the very one that was before, if nothing of it changed.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint, previous: Option<&Arc<Self>>) -> Arc<Self> {
        if let Some(same) = previous.filter(|previous| previous.is_of(model, viewpoint)) {
            return Arc::clone(same);
        }
        Arc::new(Self {
            model: without_rules(model),
            viewpoint: viewpoint.clone(),
            directory: Directory::new(model, viewpoint, Scope::new(model, viewpoint)),
            subsets: SubsetRules::new(model, viewpoint),
            peers: Arc::new(peers(model, viewpoint)),
        })
    }

    /// What holds for traffic where nobody else says anything.
    pub(super) fn traffic(&self) -> &Arc<MeshTraffic> {
        &self.model.traffic
    }

    /// What the mesh believes about identities.
    pub(super) fn trust(&self) -> &Trust {
        &self.model.trust
    }

    /// Whether a workload of a service is reached by the mesh's mutual TLS at a port: where it says that it takes that, and
    /// no policy disables it there.
    pub(super) fn is_reached_by_tls(&self, service: &Service, endpoint: &Endpoint, port: u16) -> bool {
        let is_disabled = || {
            let demands = TlsDemands::of(&self.model, &service.namespace, &endpoint.labels);
            demands.at(port) == TlsDemand::Disabled
        };
        endpoint.takes_mesh_tls() && (self.model.security.peers.is_empty() || !is_disabled())
    }

    fn is_of(&self, model: &Model, viewpoint: &Viewpoint) -> bool {
        // By name, so that none is forgotten that is added.
        let Model {
            services,
            virtual_services: _,
            subset_rules,
            gateways,
            sidecars,
            unknown_hosts,
            root_namespace,
            traffic,
            path_normalization: _,
            trusted_proxies: _,
            trust,
            dns_refresh: _,
            security:
                Security { peers, authorization: _, ext_authz: _, rate_limits: _, tokens: _, policies: _ },
            telemetry: _,
            digest: _,
        } = model;
        self.viewpoint == *viewpoint
            && self.model.services == *services
            && self.model.subset_rules == *subset_rules
            && self.model.gateways == *gateways
            && self.model.sidecars == *sidecars
            && self.model.unknown_hosts == *unknown_hosts
            && self.model.root_namespace == *root_namespace
            && self.model.traffic == *traffic
            && self.model.trust == *trust
            && self.model.security.peers == *peers
    }
}

/// Where the instances of the oldest service run that selects the workload.
fn peers(model: &Model, viewpoint: &Viewpoint) -> Peers {
    let selects = |service: &&Arc<Service>| {
        let is_selected =
            |labels: &Labels| labels.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value));
        *service.namespace == *viewpoint.namespace && service.selects.as_ref().is_some_and(is_selected)
    };
    let mut peers = Peers::new();
    for endpoint in model.services.iter().find(selects).into_iter().flat_map(|own| &*own.endpoints) {
        let place = endpoint.locality.as_deref().cloned().unwrap_or_default();
        *peers.entry(place).or_default() += 1;
    }
    peers
}

fn without_rules(model: &Model) -> Model {
    Model {
        services: model.services.clone(),
        virtual_services: Vec::new(),
        subset_rules: model.subset_rules.clone(),
        gateways: model.gateways.clone(),
        sidecars: model.sidecars.clone(),
        unknown_hosts: model.unknown_hosts,
        root_namespace: Arc::clone(&model.root_namespace),
        traffic: Arc::clone(&model.traffic),
        path_normalization: PathNormalization::default(),
        trusted_proxies: 0,
        trust: model.trust.clone(),
        dns_refresh: model.dns_refresh,
        security: Security { peers: model.security.peers.clone(), ..Security::default() },
        telemetry: TelemetryRules::default(),
        digest: 0,
    }
}
