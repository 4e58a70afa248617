//! How an endpoint is chosen.

use super::{
    locality::{LocalityBalancing, ZoneAwareBalancing},
    read::{At, Read},
};
use std::time::Duration;

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadBalancer {
    /// One of the plain ways. Default: by least requests.
    pub simple: Option<SimpleBalancing>,
    /// By something in the request, so that equal requests meet the same endpoint. Default: no.
    pub consistent_hash: Option<ConsistentHash>,
    /// Where endpoints are preferred to be. Default: the mesh's.
    pub locality_lb_setting: Option<LocalityBalancing>,
    /// Balance between zones by their sizes. Default: off.
    pub zone_aware_lb_setting: Option<ZoneAwareBalancing>,
    /// How long a new endpoint gets less: the older spelling. Default: not at all.
    pub warmup_duration_secs: Option<Duration>,
    /// How a new endpoint gets less at first. Default: it does not.
    pub warmup: Option<Warmup>,
}

/// A plain way to choose an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SimpleBalancing {
    /// Nobody said.
    #[default]
    Unspecified,
    /// The older name of [`LeastRequest`](Self::LeastRequest).
    LeastConn,
    /// Any.
    Random,
    /// The one that the client asked for.
    Passthrough,
    /// One after the other.
    RoundRobin,
    /// The less busy of two.
    LeastRequest,
}

/// The part of a request that decides about the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsistentHash {
    /// A header. Default: none.
    pub http_header_name: Option<String>,
    /// A cookie, which is made where there is none. Default: none.
    pub http_cookie: Option<HashCookie>,
    /// The client's address. Default: no.
    pub use_source_ip: Option<bool>,
    /// A query parameter. Default: none.
    pub http_query_parameter_name: Option<String>,
    /// By a ring, of at least this many places. Default: 1024.
    pub ring_hash_minimum: Option<u64>,
    /// By Maglev's table, of this many places. Default: none.
    pub maglev_table: Option<u64>,
    /// The older spelling of the ring's size. Default: 0.
    pub minimum_ring_size: u64,
}

/// A cookie that decides about the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashCookie {
    /// Its name. Required.
    pub name: String,
    /// The path it is for. Default: none.
    pub path: String,
    /// How long it lives; zero is the session. Default: it is not made.
    pub ttl: Option<Duration>,
    /// Further attributes, by name. Default: none.
    pub attributes: Vec<CookieAttribute>,
}

/// One attribute of a cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieAttribute {
    /// Its name. Required.
    pub name: String,
    /// Its value. Default: none.
    pub value: String,
}

/// How a new endpoint gets less at first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warmup {
    /// How long. Required.
    pub duration: Option<Duration>,
    /// The share it begins with, in hundredths. Default: 10.
    pub minimum_percent: Option<f64>,
    /// How steeply the share grows. Default: 1.
    pub aggression: Option<f64>,
}

impl Read for LoadBalancer {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["simple", "consistentHash"]);
            Self {
                simple: f.maybe("simple"),
                consistent_hash: f.maybe("consistentHash"),
                locality_lb_setting: f.maybe("localityLbSetting"),
                zone_aware_lb_setting: f.maybe("zoneAwareLbSetting"),
                warmup_duration_secs: f.maybe("warmupDurationSecs"),
                warmup: f.maybe("warmup"),
            }
        })
    }
}

impl Read for SimpleBalancing {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("UNSPECIFIED", 0, Self::Unspecified),
            ("LEAST_CONN", 1, Self::LeastConn),
            ("RANDOM", 2, Self::Random),
            ("PASSTHROUGH", 3, Self::Passthrough),
            ("ROUND_ROBIN", 4, Self::RoundRobin),
            ("LEAST_REQUEST", 5, Self::LeastRequest),
        ])
    }
}

impl Read for ConsistentHash {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"]);
            f.exclusive(&["ringHash", "maglev"]);
            Self {
                http_header_name: f.maybe("httpHeaderName"),
                http_cookie: f.maybe("httpCookie"),
                use_source_ip: f.maybe("useSourceIp"),
                http_query_parameter_name: f.maybe("httpQueryParameterName"),
                ring_hash_minimum: f.maybe::<RingHash>("ringHash").map(|ring| ring.0),
                maglev_table: f.maybe::<Maglev>("maglev").map(|maglev| maglev.0),
                minimum_ring_size: f.take("minimumRingSize"),
            }
        })
    }
}

/// `{minimumRingSize: 1024}`.
struct RingHash(u64);

impl Read for RingHash {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self(f.maybe("minimumRingSize").unwrap_or(1024)))
    }
}

/// `{tableSize: 65537}`.
struct Maglev(u64);

impl Read for Maglev {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self(f.take("tableSize")))
    }
}

impl Read for HashCookie {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            name: f.take("name"),
            path: f.take("path"),
            ttl: f.maybe("ttl"),
            attributes: f.take("attributes"),
        })
    }
}

impl Read for CookieAttribute {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), value: f.take("value") })
    }
}

impl Read for Warmup {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            duration: f.maybe("duration"),
            minimum_percent: f.maybe("minimumPercent"),
            aggression: f.maybe("aggression"),
        })
    }
}
