//! Services, their parts and the addresses behind them.

use super::{
    host::{Host, HostPattern},
    traffic::{TrafficDistribution, WrittenPolicy},
};
use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

/// Labels of a workload or an endpoint.
pub type Labels = BTreeMap<String, String>;

/// A service: a name, ports and endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its full name, or the wildcard that it is for.
    pub host: Host,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Further names it has in every namespace: `svc.ns`, `svc.ns.svc`, its virtual addresses, and for a headless
    /// service the wildcard of its instances' names.
    pub aliases: Vec<Host>,
    /// The name it has within its own namespace alone, if it is a Kubernetes service: `svc`.
    pub short_name: Option<Host>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Where requests to it go.
    pub resolution: Resolution,
    /// Its endpoints, of every subset.
    pub endpoints: Arc<[Endpoint]>,
    /// The labels of the workloads it selects in its namespace; it selects none when `None`.
    pub selects: Option<Labels>,
    /// Whether a gateway behind it listens on the ports that its Gateway names, not on the targets of this service's.
    pub keeps_gateway_ports: bool,
    /// Which of its endpoints it prefers that its clients go to.
    pub distribution: TrafficDistribution,
    /// Whether it is no part of the mesh, and nothing is secured by itself on the way there.
    pub is_external: bool,
    /// The names of which a certificate behind it must carry one, besides those of its endpoints' service accounts.
    pub subject_alt_names: Vec<Box<str>>,
    /// Who may see it.
    pub export: Export,
}

impl Service {
    /// A service that everybody sees, by this name alone, and that has no ports and no endpoints yet.
    #[must_use]
    pub fn new(host: Host, namespace: Arc<str>) -> Self {
        Self {
            host,
            namespace,
            aliases: Vec::new(),
            short_name: None,
            ports: Vec::new(),
            resolution: Resolution::default(),
            endpoints: [].into(),
            selects: None,
            keeps_gateway_ports: false,
            distribution: TrafficDistribution::default(),
            is_external: false,
            subject_alt_names: Vec::new(),
            export: Export::default(),
        }
    }
}

/// Where requests to a service go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// To its endpoints. One that has a name is as many as DNS knows addresses for it.
    #[default]
    Endpoints,
    /// To its endpoints. One that has a name is at the first address that DNS knows for it, whenever a connection is made.
    FirstAddress,
    /// To the address that each request asks for itself. A gateway cannot know it: requests come to its own.
    Requested,
    /// To the host that each request names, which DNS knows.
    ByName,
    /// To another service, for which this one is a further name with rules of its own.
    Alias(Host),
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The service's port.
    pub number: u16,
    /// Its name; empty when it has none.
    pub name: Arc<str>,
    /// What is spoken there.
    pub protocol: Protocol,
    /// The endpoints' port where they do not say otherwise.
    pub target: u16,
}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without negotiation; gRPC too.
    Http2,
    /// HTTP of the version that the request came with, since a policy says so: `useClientProtocol`.
    OfClient,
    /// Nobody said: from a service HTTP of the version that the request came with, from a gateway HTTP/1.1.
    Unknown,
    /// Not HTTP as far as the mesh can see.
    Opaque,
}

/// Where one instance of a service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub address: Address,
    /// Its port for each named port of the service, where it differs from the port's target.
    pub ports: BTreeMap<Arc<str>, u16>,
    /// Its labels, by which subsets select it.
    pub labels: Arc<Labels>,
    /// Its share among the endpoints, at least 1.
    pub weight: u32,
    /// Where it runs, if anybody said.
    pub locality: Option<Arc<Locality>>,
    /// The network it is in; empty for the client's own.
    pub network: Arc<str>,
    /// The service account it runs as; empty when unknown.
    pub service_account: Arc<str>,
}

impl Endpoint {
    /// An endpoint of which only the address is known.
    #[must_use]
    pub fn at(address: Address) -> Self {
        Self {
            address,
            ports: BTreeMap::new(),
            labels: Arc::default(),
            weight: 1,
            locality: None,
            network: "".into(),
            service_account: "".into(),
        }
    }

    /// Whether it takes the mesh's own mutual TLS: whoever made it says so by the label `security.istio.io/tlsMode`.
    #[must_use]
    pub fn takes_mesh_tls(&self) -> bool {
        self.labels.get("security.istio.io/tlsMode").is_some_and(|mode| mode == "istio")
    }
}

/// A place in the world: `region/zone/subzone`, of which the end may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality {
    /// The region.
    pub region: Box<str>,
    /// A zone within it; empty when unknown.
    pub zone: Box<str>,
    /// A part of that; empty when unknown.
    pub subzone: Box<str>,
}

impl Locality {
    /// The label of a region.
    pub const REGION_LABEL: &str = "topology.kubernetes.io/region";
    /// The label of a zone.
    pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
    /// The label of a part of a zone.
    pub const SUBZONE_LABEL: &str = "topology.istio.io/subzone";

    /// Where labels say that their bearer runs: by `istio-locality`, in which dots may stand for slashes, or else by
    /// [`REGION_LABEL`](Self::REGION_LABEL) and its like.
    #[must_use]
    pub fn of_labels(labels: &Labels) -> Option<Self> {
        if let Some(written) = labels.get("istio-locality").filter(|written| !written.is_empty()) {
            let is_plain = written.contains('/');
            return Self::parse(&if is_plain { written.clone() } else { written.replace('.', "/") });
        }
        let part = |key| labels.get(key).map(|part| part.as_str().into()).unwrap_or_default();
        let [region, zone, subzone] = [Self::REGION_LABEL, Self::ZONE_LABEL, Self::SUBZONE_LABEL].map(part);
        Some(Self { region, zone, subzone }).filter(|locality| *locality != Self::default())
    }

    /// Reads `region/zone/subzone`; `None` when nothing is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/').map(Into::into);
        let mut part = || parts.next().unwrap_or_default();
        Some(Self { region: part(), zone: part(), subzone: part() }).filter(|_| !text.is_empty())
    }
}

impl fmt::Display for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.region)?;
        for part in [&self.zone, &self.subzone].into_iter().filter(|part| !part.is_empty()) {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

/// An address, or a name that DNS turns into one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address.
    Ip(IpAddr),
    /// A name, for which DNS knows the addresses.
    Name(Host),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What a DestinationRule says about the services of a host pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubsetRule {
    /// The services.
    pub host: HostPattern,
    /// The rule's namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it says about traffic to all of the service.
    pub policy: Option<Arc<WrittenPolicy>>,
    /// The subsets, in the order written.
    pub subsets: Vec<Subset>,
    /// Who may see it.
    pub export: Export,
    /// The client workloads it is for; all when `None`.
    pub clients: Option<Labels>,
}

/// A part of a service: the endpoints that carry certain labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subset {
    /// The name.
    pub name: Arc<str>,
    /// The labels an endpoint must have.
    pub labels: Labels,
    /// What differs from the service's policy.
    pub policy: Option<Arc<WrittenPolicy>>,
}

impl Subset {
    /// Whether an endpoint belongs to this subset.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// The namespaces that may see an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Export {
    /// Nobody said, neither of the object nor of the mesh: all of them.
    #[default]
    Unsaid,
    /// All of them.
    Everywhere,
    /// These alone.
    To(Vec<Arc<str>>),
}

impl Export {
    /// Whether a workload of this namespace may see the object.
    #[must_use]
    pub fn reaches(&self, namespace: &str) -> bool {
        match self {
            Self::Unsaid | Self::Everywhere => true,
            Self::To(namespaces) => namespaces.iter().any(|name| **name == *namespace),
        }
    }
}
