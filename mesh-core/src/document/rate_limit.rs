//! `RateLimit`: how many requests some workloads take. Istio has no such kind, so this one is ours.

use super::{
    destination_rule::Selector,
    http_match::StringMatch,
    node::Value,
    read::{At, Read},
    values::Percent,
};
use std::{collections::BTreeMap, time::Duration};

/// The `spec` of a RateLimit, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateLimit {
    /// The workloads it is for. Default: all of its namespace, and in the root namespace all of the mesh.
    pub selector: Option<Selector>,
    /// The limits. Required.
    pub rules: Vec<LimitRule>,
}

/// A limit on some requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LimitRule {
    /// A name for logs. Default: none.
    pub name: String,
    /// The requests it is for, if one of these holds. Default: all.
    pub matches: Vec<LimitMatch>,
    /// The limit that each process keeps for itself. Default: none; this or `global` is required.
    pub local: Option<LocalLimit>,
    /// The limit that a service keeps. Default: none.
    pub global: Option<GlobalLimit>,
    /// The status of a request beyond the limit. Default: 429.
    pub status: Option<u32>,
    /// Whether answers tell how much is left, by `x-ratelimit-*`. Default: false.
    pub headers: bool,
    /// Whether a gRPC call beyond the limit gets RESOURCE_EXHAUSTED. Default: false, it gets UNAVAILABLE.
    pub rate_limited_as_resource_exhausted: bool,
    /// The share of the requests beyond the limit that is refused. Default: 100 %.
    pub enforced: Option<Percent>,
}

/// Conditions on a request, all of which must hold; those of a VirtualService.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitMatch {
    /// The path, without its query. Default: any.
    pub uri: Option<StringMatch>,
    /// Whether letter case matters in `uri` (exact and prefix). Default: false.
    pub ignore_uri_case: bool,
    /// The method. Default: any.
    pub method: Option<StringMatch>,
    /// The authority as received, port included. Default: any.
    pub authority: Option<StringMatch>,
    /// Headers that must match. Default: none.
    pub headers: BTreeMap<String, StringMatch>,
    /// Headers that must not match. Default: none.
    pub without_headers: BTreeMap<String, StringMatch>,
    /// Query parameters that must match. Default: none.
    pub query_params: BTreeMap<String, StringMatch>,
}

/// A token bucket, named as Envoy names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalLimit {
    /// How many tokens there are at most, and in the beginning. Required.
    pub max_tokens: u32,
    /// How many come each time. Default: 1.
    pub tokens_per_fill: Option<u32>,
    /// How often they come. Required.
    pub fill_interval: Option<Duration>,
    /// What requests must have in common to share a bucket. Default: nothing, so that all share one.
    pub per: Vec<Dimension>,
    /// How many buckets are kept. Default: 10,000.
    pub max_buckets: Option<u32>,
}

/// A limit that a service keeps, by Envoy's protocol for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalLimit {
    /// The service: `host` or `namespace/host`, where the host is a full name. Required.
    pub service: String,
    /// Its port. Required.
    pub port: u32,
    /// Whose limits are asked for there. Required.
    pub domain: String,
    /// What the service is told of a request: lists of entries. Required.
    pub descriptors: Vec<Vec<DescriptorEntry>>,
    /// How long an answer may take. Default: 20 ms.
    pub timeout: Option<Duration>,
    /// Whether requests pass when the service cannot be asked. Default: true.
    pub fail_open: Option<bool>,
    /// For how many a request counts. Default: 1.
    pub hits_addend: Option<u32>,
}

/// One thing that a limiting service is told: a text, or something of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescriptorEntry {
    /// Its name. Default: `generic_key` for a text, else what it is of.
    pub key: String,
    /// The text. Default: none; this or `of` is required.
    pub value: String,
    /// What of the request it is. Default: nothing.
    pub of: Option<Dimension>,
}

/// Something that requests may have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// `peer`: the workload that sent it.
    Peer,
    /// `remoteAddress`: the address of its client.
    RemoteAddress,
    /// `path`: its path, without the query.
    Path,
    /// `method`: its method.
    Method,
    /// `{header: …}`.
    Header(String),
    /// `{claim: …}`.
    Claim(String),
}

impl Read for RateLimit {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { selector: f.maybe("selector"), rules: f.take("rules") })
    }
}

impl Read for LimitRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["local", "global"]);
            Self {
                name: f.take("name"),
                matches: f.take("match"),
                local: f.maybe("local"),
                global: f.maybe("global"),
                status: f.maybe("status"),
                headers: f.take("headers"),
                rate_limited_as_resource_exhausted: f.take("rateLimitedAsResourceExhausted"),
                enforced: f.maybe("enforced"),
            }
        })
    }
}

impl Read for LimitMatch {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            uri: f.maybe("uri"),
            ignore_uri_case: f.take("ignoreUriCase"),
            method: f.maybe("method"),
            authority: f.maybe("authority"),
            headers: f.take("headers"),
            without_headers: f.take("withoutHeaders"),
            query_params: f.take("queryParams"),
        })
    }
}

impl Read for LocalLimit {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            max_tokens: f.take("maxTokens"),
            tokens_per_fill: f.maybe("tokensPerFill"),
            fill_interval: f.maybe("fillInterval"),
            per: f.take("per"),
            max_buckets: f.maybe("maxBuckets"),
        })
    }
}

impl Read for GlobalLimit {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            service: f.take("service"),
            port: f.take("port"),
            domain: f.take("domain"),
            descriptors: f.take("descriptors"),
            timeout: f.maybe("timeout"),
            fail_open: f.maybe("failOpen"),
            hits_addend: f.maybe("hitsAddend"),
        })
    }
}

impl Read for DescriptorEntry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["value", "of"]);
            Self { key: f.take("key"), value: f.take("value"), of: f.maybe("of") }
        })
    }
}

impl Read for Dimension {
    fn read(at: At<'_>) -> Option<Self> {
        if let Value::Text(_) = at.node.value {
            return at
                .choice(&[
                    ("peer", 0, Named::Peer),
                    ("remoteAddress", 1, Named::RemoteAddress),
                    ("path", 2, Named::Path),
                    ("method", 3, Named::Method),
                ])
                .map(Into::into);
        }
        let read = at.object(|f| {
            f.exclusive(&["header", "claim"]);
            f.maybe("header").map(Self::Header).or_else(|| f.maybe("claim").map(Self::Claim))
        });
        if let Some(None) = read {
            at.refuse_with("nothing that requests have in common", "write peer, or {header: x-user}, say");
        }
        read.flatten()
    }
}

/// Those that are written as one word.
#[derive(Clone, Copy)]
enum Named {
    Peer,
    RemoteAddress,
    Path,
    Method,
}

impl From<Named> for Dimension {
    fn from(named: Named) -> Self {
        match named {
            Named::Peer => Self::Peer,
            Named::RemoteAddress => Self::RemoteAddress,
            Named::Path => Self::Path,
            Named::Method => Self::Method,
        }
    }
}
