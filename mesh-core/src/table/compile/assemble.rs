//! Puts a snapshot together, and shares what did not change with the one before it.

use super::{backends::Backends, rules::only_rule, scope::Scope};
use crate::{
    model::{Model, UnknownHosts, VirtualService},
    table::{
        decide::{Decision, Refusal},
        index::RuleIndex,
        snapshot::{GatewayRole, Generation, Rule, Snapshot, Viewpoint, VirtualHost},
    },
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

impl Snapshot {
    /// Compiles the table of one workload. Parts that equal those of `previous` are shared with it, not made again.
    ///
    /// The generation is the one after that of `previous`, and 0 without one.
    #[must_use]
    pub fn compile(model: &Model, viewpoint: &Viewpoint, previous: Option<&Self>) -> Self {
        let mut compiler = Compiler::new(model, viewpoint, previous);
        let is_gateway = viewpoint.gateway != GatewayRole::None;
        let (outbound, listeners) = match is_gateway {
            true => (Default::default(), compiler.gateways()),
            false => (compiler.mesh(), Vec::new()),
        };
        let stand_in = compiler.stand_in();
        let sidecar = compiler.scope.sidecar;
        let unknown_hosts = sidecar.and_then(|sidecar| sidecar.unknown_hosts);
        let unknown_hosts = match unknown_hosts.unwrap_or(model.unknown_hosts) {
            _ if is_gateway => Decision::Refuse(Refusal::NoRoute),
            UnknownHosts::Pass => Decision::Pass,
            UnknownHosts::Refuse => Decision::Refuse(Refusal::UnknownHost),
        };
        Self {
            generation: previous
                .map_or_else(Generation::default, |previous| Generation(previous.generation.0 + 1)),
            digest: model.digest,
            virtual_hosts: compiler.hosts,
            outbound,
            listeners,
            backends: compiler.backends.into_made(),
            unknown_hosts,
            stand_in,
            sidecar: sidecar.map(|sidecar| format!("{}/{}", sidecar.namespace, sidecar.name).into()),
        }
    }
}

/// One compilation at work.
pub(super) struct Compiler<'a> {
    pub(super) model: &'a Model,
    pub(super) viewpoint: &'a Viewpoint,
    pub(super) scope: Scope<'a>,
    pub(super) backends: Backends<'a>,
    hosts: Vec<Arc<VirtualHost>>,
    /// The previous table's, by name; listeners of different ports may have hosts of the same name.
    former: FxHashMap<&'a str, Vec<&'a Arc<VirtualHost>>>,
}

impl<'a> Compiler<'a> {
    fn new(model: &'a Model, viewpoint: &'a Viewpoint, previous: Option<&'a Snapshot>) -> Self {
        let mut former: FxHashMap<&str, Vec<_>> = FxHashMap::default();
        for host in previous.iter().flat_map(|previous| &previous.virtual_hosts) {
            former.entry(&host.name).or_default().push(host);
        }
        let scope = Scope::new(model, viewpoint);
        let backends = Backends::new(model, viewpoint, scope, previous.map(|previous| &previous.backends));
        Self { model, viewpoint, scope, backends, hosts: Vec::new(), former }
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
        let host = VirtualHost { name: name.into(), origins, rules, index: RuleIndex::default() };
        let former = self.former.get(name).into_iter().flatten().find(|former| ****former == host);
        let number = self.hosts.len() as u32;
        self.hosts.push(former.map_or_else(
            || Arc::new(VirtualHost { index: RuleIndex::new(&host.rules), ..host }),
            |former| Arc::clone(former),
        ));
        number
    }
}

/// `namespace/name`, as people know a VirtualService.
pub(super) fn origin(service: &VirtualService) -> Box<str> {
    format!("{}/{}", service.namespace, service.name).into()
}
