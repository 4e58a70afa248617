//! Puts a snapshot together, and shares what did not change with the one before it.

use super::{
    backends::Backends,
    reuse::{Owner, Reuse},
    rules::only_rule,
    scope::Scope,
    world::World,
};
use crate::{
    model::{ConnectionPool, MeshTraffic, Model, TrafficPolicy, UnknownHosts, VirtualService},
    table::{
        decide::{Decision, Refusal},
        inbound::Inbound,
        index::RuleIndex,
        snapshot::{Generation, Held, Rule, Snapshot, VirtualHost},
        telemetry::Telemetry,
        viewpoint::{GatewayRole, Viewpoint},
    },
};
use std::sync::Arc;

impl Snapshot {
    /// Compiles the table of one workload. Parts that equal those of `previous` are shared with it, not made again.
    ///
    /// The generation is the one after that of `previous`, and 0 without one.
    #[must_use]
    pub fn compile(model: &Model, viewpoint: &Viewpoint, previous: Option<&Self>) -> Self {
        let world = World::of(model, viewpoint, previous.map(|previous| previous.recipes.world()));
        let mut compiler = Compiler::new(model, viewpoint, &world, previous);
        let is_gateway = viewpoint.gateway != GatewayRole::None;
        let former = previous.map(|previous| &previous.inbound);
        let inbound = kept(former, Inbound::of(model, viewpoint, former.map(|former| &**former)));
        // A gateway calls nobody itself, but for the keys of tokens.
        let called = if is_gateway { inbound.key_hosts() } else { Vec::new() };
        let (listeners, outbound) = match is_gateway {
            true => (compiler.gateways(), compiler.called(&called)),
            false => (Vec::new(), compiler.mesh()),
        };
        let stand_in = compiler.stand_in();
        let telemetry = kept(previous.map(|previous| &previous.telemetry), Telemetry::of(model, viewpoint));
        compiler.ask(&telemetry);
        let sidecar = compiler.scope.sidecar;
        let unknown_hosts = sidecar.and_then(|sidecar| sidecar.unknown_hosts);
        let unknown_hosts = match unknown_hosts.unwrap_or(model.unknown_hosts) {
            _ if is_gateway && called.is_empty() => Decision::Refuse(Refusal::NoRoute),
            UnknownHosts::Pass => Decision::Pass,
            UnknownHosts::Refuse => Decision::Refuse(Refusal::UnknownHost),
        };
        let traffic = Arc::clone(world.traffic());
        let passing = passing(&traffic);
        let passing = passing.map(|new| kept(previous.and_then(|previous| previous.passing.as_ref()), new));
        let trust = kept(previous.map(|previous| &previous.trust), model.trust.clone());
        let Compiler { backends, hosts, reuse, .. } = compiler;
        let (recipes, backends) = reuse.finish(&model.virtual_services, backends.into_made());
        Self {
            generation: previous
                .map_or_else(Generation::default, |previous| Generation(previous.generation.0 + 1)),
            digest: model.digest,
            virtual_hosts: hosts,
            outbound,
            listeners,
            backends,
            unknown_hosts,
            stand_in,
            sidecar: sidecar.map(|sidecar| format!("{}/{}", sidecar.namespace, sidecar.name).into()),
            inbound,
            telemetry,
            path_normalization: model.path_normalization,
            trust,
            traffic,
            passing,
            dns_refresh: model.dns_refresh,
            recipes,
        }
    }
}

/// What the mesh says of requests that go where their address says, if that is not what holds anyway. Nobody is chosen for
/// them, so nobody is left alone.
fn passing(traffic: &MeshTraffic) -> Option<TrafficPolicy> {
    let pool = traffic.pool(None);
    (pool != ConnectionPool::default())
        .then(|| TrafficPolicy { connection_pool: pool, ..TrafficPolicy::default() })
}

/// The part of the table before, if the new one equals it.
fn kept<T: PartialEq>(previous: Option<&Arc<T>>, new: T) -> Arc<T> {
    previous.filter(|previous| ***previous == new).map_or_else(|| Arc::new(new), Arc::clone)
}

/// One compilation at work.
pub(super) struct Compiler<'a> {
    pub(super) model: &'a Model,
    pub(super) viewpoint: &'a Viewpoint,
    pub(super) scope: Scope<'a>,
    pub(super) backends: Backends<'a>,
    pub(super) reuse: Reuse<'a>,
    hosts: Vec<Held>,
}

impl<'a> Compiler<'a> {
    fn new(
        model: &'a Model,
        viewpoint: &'a Viewpoint,
        world: &'a Arc<World>,
        previous: Option<&'a Snapshot>,
    ) -> Self {
        let reuse = Reuse::new(world, previous);
        let scope = Scope::new(model, viewpoint);
        let backends = Backends::new(world, viewpoint, previous.map(|previous| &*previous.backends));
        Self { model, viewpoint, scope, backends, reuse, hosts: Vec::new() }
    }

    /// The virtual host for hosts that nobody is responsible for, where a Sidecar sends them to a proxy.
    fn stand_in(&mut self) -> Option<u32> {
        let proxy = self.scope.sidecar?.proxy.as_ref()?;
        let backend = self.backends.find(&proxy.host, proxy.subset.as_deref(), proxy.port);
        let rule = only_rule("allow_any", proxy.clone(), backend);
        Some(self.add("allow_any", Vec::new(), vec![rule]))
    }

    /// Takes a virtual host into the table; the number it gets there is what indexes know it by.
    pub(super) fn add(&mut self, name: &str, origins: Vec<Box<str>>, rules: Vec<Rule>) -> u32 {
        self.add_owned(Owner::Others, name, origins, rules)
    }

    /// The same, of which it is known whose rules it has.
    pub(super) fn add_owned(
        &mut self,
        owner: Owner,
        name: &str,
        origins: Vec<Box<str>>,
        rules: Vec<Rule>,
    ) -> u32 {
        let host =
            VirtualHost { name: name.into(), origins, rules: rules.into(), index: RuleIndex::default() };
        self.reuse.note(owner, self.backends.take_named());
        let former = self.reuse.equal(&host);
        self.push(former.unwrap_or_else(|| host.indexed().into()))
    }

    /// Takes a virtual host into the table as it is.
    pub(super) fn push(&mut self, host: Held) -> u32 {
        self.hosts.push(host);
        self.hosts.len() as u32 - 1
    }
}

impl VirtualHost {
    /// The same, whose rules can be found.
    pub(super) fn indexed(self) -> Arc<Self> {
        let index = RuleIndex::new(&self.rules);
        Arc::new(Self { index, ..self })
    }
}

/// `namespace/name`, as people know a VirtualService.
pub(super) fn origin(service: &VirtualService) -> Box<str> {
    format!("{}/{}", service.namespace, service.name).into()
}
