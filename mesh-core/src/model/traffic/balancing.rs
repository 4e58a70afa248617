//! Who of a backend's endpoints gets a request.

use crate::model::{Locality, Share};
use http::HeaderName;
use std::time::Duration;

/// Who of a backend's endpoints gets a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Balancing {
    /// How one is chosen. Default: the less busy of two.
    pub algorithm: Algorithm,
    /// Where endpoints are preferred to be. Default: what the service says, or else the mesh.
    pub nearness: Nearness,
    /// How a new endpoint gets less at first. Default: it does not.
    pub warmup: Option<Warmup>,
}

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The one of two random endpoints that has fewer requests under way: `LEAST_REQUEST`.
    #[default]
    LeastRequest,
    /// One after the other: `ROUND_ROBIN`.
    RoundRobin,
    /// Any: `RANDOM`.
    Random,
    /// The address that the client asked for: `PASSTHROUGH`.
    Passthrough,
    /// By a hash of something in the request, so that equal requests meet the same endpoint.
    ConsistentHash {
        /// What is hashed; without it any endpoint is as good.
        key: Option<HashKey>,
        /// How the hash leads to an endpoint.
        table: HashTable,
    },
}

/// The part of a request that is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HashKey {
    /// All values of this header.
    Header(HeaderName),
    /// This cookie, which is made where there is none.
    Cookie(HashCookie),
    /// The address of the client.
    SourceIp,
    /// The first value of this query parameter.
    QueryParameter(Box<str>),
}

/// A cookie that is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HashCookie {
    /// Its name.
    pub name: Box<str>,
    /// The path it is for; none when empty.
    pub path: Box<str>,
    /// How long a cookie that is made here lives; zero is the session. Default: none is made.
    pub ttl: Option<Duration>,
    /// Further attributes of a cookie that is made here.
    pub attributes: Vec<CookieAttribute>,
}

/// One attribute of a cookie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CookieAttribute {
    /// Its name.
    pub name: Box<str>,
    /// Its value; empty for none.
    pub value: Box<str>,
}

/// How a hash leads to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashTable {
    /// A ring of at least so many places, in proportion to weights. Default: 1024.
    Ring {
        /// The least number of places.
        minimum: u64,
    },
    /// Maglev's table, of so many places: a prime number. Default: 65537.
    Maglev {
        /// The number of places.
        size: u64,
    },
}

impl Default for HashTable {
    fn default() -> Self {
        Self::Ring { minimum: 1024 }
    }
}

/// Where endpoints are preferred to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nearness {
    /// As the service says, or else the mesh.
    #[default]
    OfMesh,
    /// As the service says.
    OfService(TrafficDistribution),
    /// By region, zone and subzone.
    Locality(LocalityBalancing),
    /// By the sizes of zones.
    Zones(ZoneBalancing),
}

/// Where a service prefers that its clients go: Kubernetes' `trafficDistribution`. It holds whether or not endpoints that
/// fail are left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrafficDistribution {
    /// It has no preference.
    #[default]
    Anywhere,
    /// To their own zone: `PreferSameZone`, or by its older name `PreferClose`.
    SameZone,
    /// To their own node: `PreferSameNode`.
    SameNode,
}

impl TrafficDistribution {
    /// The labels that make an endpoint near, the most important first.
    #[must_use]
    pub fn labels(self) -> &'static [&'static str] {
        const NODE: [&str; 5] = [
            "topology.istio.io/network",
            Locality::REGION_LABEL,
            Locality::ZONE_LABEL,
            Locality::SUBZONE_LABEL,
            "kubernetes.io/hostname",
        ];
        match self {
            Self::Anywhere => &[],
            Self::SameZone => &NODE[..3],
            Self::SameNode => &NODE,
        }
    }

    /// Kubernetes' name for it; none for no preference.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Anywhere => None,
            Self::SameZone => Some("PreferSameZone"),
            Self::SameNode => Some("PreferSameNode"),
        }
    }
}

/// Preference by region, zone and subzone: `localityLbSetting`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalityBalancing {
    /// Whether any of this holds. Default: true.
    pub is_enabled: bool,
    /// How the requests of some clients are spread. Excludes the two below.
    pub distribute: Vec<Distribution>,
    /// Which region stands in for which.
    pub failover: Vec<RegionFailover>,
    /// The labels, `key` or `key=value`, that make an endpoint near, the most important first.
    pub failover_priority: Vec<Box<str>>,
}

impl Default for LocalityBalancing {
    fn default() -> Self {
        Self { is_enabled: true, distribute: Vec::new(), failover: Vec::new(), failover_priority: Vec::new() }
    }
}

/// Preference by the sizes of zones: `zoneAwareLbSetting`. Clients stay in their own zone as far as its share of endpoints is
/// as large as its share of clients, and other regions come after their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ZoneBalancing {
    /// Whether any of this holds. Default: true.
    pub is_enabled: bool,
    /// How many endpoints there have to be in the client's own region; with fewer all zones of it are alike. Default: 6.
    pub least_endpoints: u64,
    /// Which region stands in for which.
    pub failover: Vec<RegionFailover>,
    /// The labels, `key` or `key=value`, that make an endpoint near, the most important first.
    pub failover_priority: Vec<Box<str>>,
}

impl Default for ZoneBalancing {
    fn default() -> Self {
        Self { is_enabled: true, least_endpoints: 6, failover: Vec::new(), failover_priority: Vec::new() }
    }
}

/// How the requests of the clients of one locality are spread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Distribution {
    /// The clients: `region/zone/subzone`, with `*` at its end.
    pub from: Box<str>,
    /// The share of each locality of endpoints, in hundredths; together 100.
    pub to: Vec<(Box<str>, u32)>,
}

/// The region that stands in for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RegionFailover {
    /// The region that fails.
    pub from: Box<str>,
    /// The one that stands in.
    pub to: Box<str>,
}

/// How a new endpoint gets less at first; for [`Algorithm::LeastRequest`] and [`Algorithm::RoundRobin`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Warmup {
    /// How long.
    pub duration: Duration,
    /// The share of its weight that it begins with. Default: 10 %.
    pub minimum: Share,
    /// How steeply the share grows, in thousandths: its exponent is 1000 divided by this. Default: 1000.
    pub aggression: u32,
}
