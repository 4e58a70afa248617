//! The routing table of one workload.

use super::{
    backend_name::BackendName, compile::Recipes, hosts::HostIndex, inbound::Inbound, index::RuleIndex,
    matcher::Condition, outbound::Outbound, secured::Secured, telemetry::Telemetry, viewpoint::Viewpoint,
};
use crate::model::{
    Address, HeaderEdits, Host, HostPattern, Labels, Locality, MeshTraffic, Model, PathNormalization,
    Protocol, RetryPolicy, Route, ServerProtocol, Share, Termination, TrafficPolicy, Trust,
};
use smallvec::SmallVec;
use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc, time::Duration};

/// Everything one workload needs to decide any request; immutable, and cheap to share.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) generation: Generation,
    pub(super) digest: u64,
    pub(super) virtual_hosts: Vec<Held>,
    pub(super) outbound: Arc<Outbound>,
    pub(super) listeners: Vec<Listener>,
    pub(super) backends: Arc<BTreeMap<BackendName, Arc<Backend>>>,
    /// What becomes of requests to hosts that nobody described.
    pub(super) unknown_hosts: super::Decision,
    /// The virtual host that stands in for those that nobody described.
    pub(super) stand_in: Option<u32>,
    /// The Sidecar that says what is seen, as `namespace/name`.
    pub(super) sidecar: Option<Box<str>>,
    /// What holds for requests to this workload.
    pub(super) inbound: Arc<Inbound>,
    /// How its requests are measured, traced and written to logs.
    pub(super) telemetry: Arc<Telemetry>,
    /// What is made of paths before any rule sees them.
    pub(super) path_normalization: PathNormalization,
    /// What the mesh believes about identities.
    pub(super) trust: Arc<Trust>,
    /// What holds for traffic where nobody else says anything.
    pub(super) traffic: Arc<MeshTraffic>,
    /// What holds for requests that go where their address says, if it is not what holds anyway.
    pub(super) passing: Option<Arc<TrafficPolicy>>,
    /// When DNS is asked again for a name, where its last answer does not say.
    pub(super) dns_refresh: Duration,
    /// What it was made of, for the table after it.
    pub(super) recipes: Recipes,
}

/// Counts what one process has published, from 1; 0 is the empty table before the first publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rules of a set of domains, in order.
#[derive(Debug)]
pub struct VirtualHost {
    /// The name for people: the service's full name, or the pattern.
    pub name: Arc<str>,
    /// Where its rules come from: `namespace/name` of the VirtualServices; empty for a service without one.
    pub origins: Vec<Box<str>>,
    /// The rules; the first that matches wins.
    pub rules: Arc<[Rule]>,
    /// Finds the first that matches.
    pub(super) index: RuleIndex,
}

/// A virtual host of a table, its rules once more beside it: a decision goes from here to them, and among very many hosts
/// each step through memory is a tenth of what it costs.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) rules: Arc<[Rule]>,
    pub(super) host: Arc<VirtualHost>,
}

impl From<Arc<VirtualHost>> for Held {
    fn from(host: Arc<VirtualHost>) -> Self {
        Self { rules: Arc::clone(&host.rules), host }
    }
}

/// The index follows from the rules.
impl PartialEq for VirtualHost {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.origins, &self.rules) == (&other.name, &other.origins, &other.rules)
    }
}

impl Eq for VirtualHost {}

/// One block of conditions with what is done when they hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name for logs: `route`, or `route.block`; `default` for the one that nobody wrote.
    pub name: Arc<str>,
    /// The conditions, in the order in which they are asked; none when the rule is for every request. That of the port
    /// is among them in the mesh alone: at a gateway it is settled when compiling.
    ///
    /// Most rules have one, which lies here and not a step away in memory.
    pub conditions: SmallVec<[Condition; 1]>,
    /// What is done.
    pub route: Arc<Route>,
    /// The destinations that can be chosen; none unless the action is to forward.
    pub targets: Box<[Target]>,
    /// The sum of the targets' weights.
    pub total_weight: u64,
    /// Who gets copies of the requests; none unless the action is to forward.
    pub mirrors: Box<[MirrorTarget]>,
    /// Whether every target has one backend, whatever the port: then a decision need not look at the one it chose.
    pub(super) is_whole: bool,
}

/// One destination that can be chosen.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub host: Host,
    /// The subset.
    pub subset: Option<Arc<str>>,
    /// Its share of the rule's total; never 0.
    pub weight: u32,
    /// Its backend.
    pub backend: TargetBackend,
    /// Header changes on the request: the rule's and the destination's, in the order in which they are made.
    pub request_headers: HeaderEdits,
    /// Header changes on the response.
    pub response_headers: HeaderEdits,
}

/// A destination that gets copies.
#[derive(Debug, PartialEq, Eq)]
pub struct MirrorTarget {
    /// The service.
    pub host: Host,
    /// The subset.
    pub subset: Option<Arc<str>>,
    /// The share of requests that are copied.
    pub share: Share,
    /// Its backend; nothing is copied to one that is missing.
    pub backend: TargetBackend,
}

/// The backend of a target: known beforehand, or by the port that the request came to.
#[derive(Debug, PartialEq, Eq)]
pub enum TargetBackend {
    /// This one.
    Known(Arc<Backend>),
    /// One for each port of the service.
    ByPort(Box<[(u16, Arc<Backend>)]>),
    /// None.
    Missing(super::Missing),
}

/// A named set of endpoints: one service, subset and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Which.
    pub name: BackendName,
    /// What is spoken to its endpoints: what the port says, unless the policy says otherwise.
    pub protocol: Protocol,
    /// Whether requests go to the address that they ask for themselves: to their own host and port, and at a gateway to
    /// their own host and this backend's port. It has no endpoints then.
    pub is_passthrough: bool,
    /// What names among its endpoints stand for.
    pub names: Names,
    /// Its endpoints, with the port already chosen.
    pub endpoints: Arc<[BackendEndpoint]>,
    /// How many instances of the client's own service run in each place, where the policy goes by the sizes of zones.
    pub peers: Arc<Peers>,
    /// What holds for the traffic to it.
    pub policy: Arc<TrafficPolicy>,
    /// How connections to it are secured.
    pub secured: Secured,
}

/// How many instances of a service run in each place.
pub type Peers = BTreeMap<Locality, usize>;
/// What names among a backend's endpoints stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// There are none: every endpoint has an address.
    #[default]
    None,
    /// Each for as many endpoints as DNS knows addresses for it.
    Every,
    /// Each for one endpoint, at the first address that DNS knows for it when a connection is made.
    First,
}

/// One address of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendEndpoint {
    /// The address.
    pub address: Address,
    /// The port.
    pub port: u16,
    /// Its share, at least 1.
    pub weight: u32,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// Where it runs, if anybody said.
    pub locality: Option<Arc<Locality>>,
    /// The network it is in; empty for the client's own.
    pub network: Arc<str>,
    /// The service account it runs as; empty when unknown.
    pub service_account: Arc<str>,
    /// Whether it takes the mesh's mutual TLS.
    pub takes_mesh_tls: bool,
}

/// One port of a gateway.
#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// The servers that share it.
    pub servers: Vec<ListenerServer>,
    pub(super) hosts: HostIndex,
    /// Where connections go whose TLS ends behind, by the host that the client asks for.
    pub(super) sealed: HostIndex,
}

/// One server of a [`Listener`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerServer {
    /// The gateway it belongs to, as `namespace/name`.
    pub gateway: Box<str>,
    /// Its hosts.
    pub hosts: Vec<HostPattern>,
    /// The address to listen on; every one of the machine when `None`.
    pub bind: Option<IpAddr>,
    /// What clients speak.
    pub protocol: ServerProtocol,
    /// How TLS ends.
    pub tls: Option<Termination>,
    /// Whether plain HTTP is answered with a redirect to https.
    pub redirects_to_https: bool,
}

/// A rule that was chosen, and the target within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub(super) host: u32,
    pub(super) rule: u32,
    pub(super) target: u32,
}

impl Snapshot {
    /// A table that knows nobody.
    #[must_use]
    pub fn empty() -> Self {
        Self::compile(&Model::default(), &Viewpoint::default(), None)
    }

    /// How many publishes came before, this one included.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The digest of the documents: equal in every process that read the same ones.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The rule that was chosen.
    ///
    /// # Panics
    /// When `chosen` was chosen by another snapshot; a request keeps the one that decided it.
    #[must_use]
    pub fn rule(&self, chosen: Chosen) -> &Rule {
        &self.virtual_hosts[chosen.host as usize].rules[chosen.rule as usize]
    }

    /// The target that was chosen, if the rule forwards.
    ///
    /// # Panics
    /// As [`Snapshot::rule`].
    #[must_use]
    pub fn target(&self, chosen: Chosen) -> Option<&Target> {
        self.rule(chosen).targets.get(chosen.target as usize)
    }

    /// The ports to open, if this is a gateway's table.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// What holds for requests to this workload.
    #[must_use]
    pub fn inbound(&self) -> &Arc<Inbound> {
        &self.inbound
    }

    /// How the requests of this workload are measured, traced and written to logs.
    #[must_use]
    pub fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    /// What is made of paths before any rule sees them; see [`normalized`](super::normalized).
    #[must_use]
    pub fn path_normalization(&self) -> PathNormalization {
        self.path_normalization
    }

    /// What the mesh believes about identities.
    #[must_use]
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// When a failed request is tried again that matched a rule which does not say; [`RetryPolicy::default`] when the mesh
    /// does not say either.
    #[must_use]
    pub fn retries(&self) -> Option<&RetryPolicy> {
        self.traffic.retries.as_ref()
    }

    /// What holds for requests that go where their address says; [`TrafficPolicy::default`] when nobody says otherwise.
    #[must_use]
    pub fn passing(&self) -> Option<&Arc<TrafficPolicy>> {
        self.passing.as_ref()
    }

    /// When DNS is asked again for a name, where its last answer does not say.
    #[must_use]
    pub fn dns_refresh(&self) -> Duration {
        self.dns_refresh
    }

    /// Every backend, in the order of their names.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.backends.values()
    }

    /// The backend of a whole service at one of its ports, if this workload sees the service.
    #[must_use]
    pub fn backend(&self, host: &Host, port: u16) -> Option<&Arc<Backend>> {
        self.backends.get(&BackendName::new(host.clone(), None, port))
    }

    /// Every virtual host.
    pub fn virtual_hosts(&self) -> impl Iterator<Item = &VirtualHost> {
        self.virtual_hosts.iter().map(|held| &*held.host)
    }
}

impl TargetBackend {
    /// The backend for a request that came to `port`.
    ///
    /// # Errors
    /// What is missing, if there is none.
    pub fn at(&self, port: u16) -> Result<&Arc<Backend>, super::Missing> {
        match self {
            Self::Known(backend) => Ok(backend),
            Self::ByPort(ports) => {
                let found = ports.iter().find(|(number, _)| *number == port);
                found.map(|(_, backend)| backend).ok_or(super::Missing::Port)
            }
            Self::Missing(missing) => Err(*missing),
        }
    }

    /// The backend where all requests come to one port.
    pub(super) fn only_at(self, port: u16) -> Self {
        match self {
            Self::ByPort(ports) => {
                let found = ports.into_iter().find(|(number, _)| *number == port);
                found.map_or(Self::Missing(super::Missing::Port), |(_, backend)| Self::Known(backend))
            }
            known => known,
        }
    }
}

impl Target {
    /// Whether its backend is the same on every port.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.backend, TargetBackend::Known(_))
    }

    /// The backend for a request that came to `port`.
    ///
    /// # Errors
    /// What is missing, if there is none.
    pub fn backend(&self, port: u16) -> Result<&Arc<Backend>, super::Missing> {
        self.backend.at(port)
    }
}
