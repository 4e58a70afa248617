//! Services, their parts and the addresses behind them.

use super::{
    host::{Host, HostPattern},
    traffic::WrittenPolicy,
};
use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

/// Labels of a workload or an endpoint.
pub type Labels = BTreeMap<String, String>;

/// A service: a name, ports and endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its full name.
    pub host: Host,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Further names it has in every namespace: `svc.ns`, `svc.ns.svc`, its virtual addresses.
    pub aliases: Vec<Host>,
    /// The name it has within its own namespace alone, if it is a Kubernetes service: `svc`.
    pub short_name: Option<Host>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Its endpoints, of every subset.
    pub endpoints: Arc<[Endpoint]>,
    /// Who may see it.
    pub export: Export,
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
}

/// An address, or a name that DNS turns into one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address.
    Ip(IpAddr),
    /// A name, looked up when a connection is made.
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
    /// All of them.
    #[default]
    Everywhere,
    /// These alone.
    To(Vec<Arc<str>>),
}

impl Export {
    /// Whether a workload of this namespace may see the object.
    #[must_use]
    pub fn reaches(&self, namespace: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::To(namespaces) => namespaces.iter().any(|name| **name == *namespace),
        }
    }
}
