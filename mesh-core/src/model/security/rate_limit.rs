//! How many requests a workload takes.

use super::AskedService;
use crate::model::{Conditions, Labels, Share};
use http::{HeaderName, StatusCode};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// How many requests some workloads take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Its namespace; its workloads are there, unless that is the root namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The labels its workloads must have; all workloads of the namespace when `None`.
    pub workloads: Option<Labels>,
    /// The limits: a request must keep within each of those that are for it.
    pub rules: Vec<LimitRule>,
}

/// A limit on some requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRule {
    /// Its name for logs; empty when it has none.
    pub name: Box<str>,
    /// Which requests it is for: those that meet one of these blocks; all when there is none.
    pub blocks: Vec<Conditions>,
    /// The limit.
    pub limit: Limit,
    /// The status of a request beyond the limit.
    pub status: StatusCode,
    /// Whether answers tell how much is left, by `x-ratelimit-*`.
    pub tells: bool,
    /// Whether a gRPC call beyond the limit gets RESOURCE_EXHAUSTED and not UNAVAILABLE.
    pub is_resource_exhausted: bool,
    /// The share of the requests beyond the limit that is refused; all others pass and are only logged.
    pub enforced: Share,
}

/// Who counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Each process for itself.
    Local(LocalLimit),
    /// A service, for all processes together.
    Global(GlobalLimit),
}

/// A limit that each process keeps for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalLimit {
    /// The bucket that requests take their tokens from.
    pub bucket: TokenBucket,
    /// What requests must have in common to share a bucket; all share one when there is nothing.
    pub per: Vec<Dimension>,
    /// How many buckets are kept; the one that was used longest ago makes room.
    pub most_buckets: NonZeroU32,
}

/// Tokens, of which each request takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// How many there are at most, and in the beginning.
    pub most: NonZeroU32,
    /// How long it takes until there is one more.
    pub each: Duration,
}

/// A limit that a service keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalLimit {
    /// The service.
    pub service: AskedService,
    /// Whose limits are asked for there.
    pub domain: Box<str>,
    /// What the service is told of a request.
    pub descriptors: Vec<Descriptor>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether requests pass when it cannot be asked.
    pub fails_open: bool,
    /// For how many a request counts.
    pub hits: u32,
}

/// What a limiting service is told of a request; one that lacks an entry of it is not told.
pub type Descriptor = Vec<DescriptorEntry>;

/// One thing that a limiting service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorEntry {
    /// Its name.
    pub key: Box<str>,
    /// What it is.
    pub value: DescriptorValue,
}

/// What a limiting service is told under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescriptorValue {
    /// Always the same.
    Text(Box<str>),
    /// Something of the request.
    Of(Dimension),
}

/// Something that requests may have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The workload that sent it, as mutual TLS has verified.
    Peer,
    /// The address of its client.
    RemoteAddress,
    /// Its path, without the query.
    Path,
    /// Its method.
    Method,
    /// A header.
    Header(HeaderName),
    /// A claim of its verified token.
    Claim(Vec<Box<str>>),
}

impl TokenBucket {
    /// The shortest time that a token may take: a millionth of a second. What is quicker cannot be counted well.
    pub const QUICKEST: Duration = Duration::from_micros(1);

    /// A bucket for so many tokens, into which some come after every interval: one after the other, and not all at once.
    #[must_use]
    pub fn new(most: NonZeroU32, per_fill: NonZeroU32, interval: Duration) -> Self {
        Self { most, each: interval / per_fill.get() }
    }
}

impl Dimension {
    /// The name that a limiting service knows it by, where nobody gives it another: Envoy's, if it has one.
    #[must_use]
    pub fn key(&self) -> Box<str> {
        match self {
            Self::Peer => "peer".into(),
            Self::RemoteAddress => "remote_address".into(),
            Self::Path => "path".into(),
            Self::Method => "method".into(),
            Self::Header(name) => name.as_str().into(),
            Self::Claim(path) => path.join(".").into(),
        }
    }
}
