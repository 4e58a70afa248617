//! What else applies to the requests of an HTTP rule: tries, mirrors, cross-origin requests, delegation.

use super::{
    http_match::StringMatch,
    read::{At, Read},
    values::Percent,
    virtual_service::Destination,
};
use std::time::Duration;

/// When a failed request is tried again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// How many tries follow the first. Default: 0, which is never.
    pub attempts: i32,
    /// The time for each try. Default: that of the whole request.
    pub per_try_timeout: Option<Duration>,
    /// The failures that are tried again, by Envoy's names and by status, with commas. Default: the mesh's.
    pub retry_on: String,
    /// Whether a retry may leave the locality. Default: false.
    pub retry_remote_localities: Option<bool>,
    /// Whether a retry avoids the endpoints that failed. Default: true.
    pub retry_ignore_previous_hosts: Option<bool>,
    /// The base of the wait between tries. Default: 25ms.
    pub backoff: Option<Duration>,
}

/// A destination that gets a copy of each request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mirror {
    /// Where to. Required.
    pub destination: Option<Destination>,
    /// The share of requests, in hundredths. Default: 100.
    pub percentage: Option<Percent>,
}

/// What pages of other origins may ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CorsPolicy {
    /// The origins that may ask. Default: none.
    pub allow_origins: Vec<StringMatch>,
    /// The same, each to be equal: the older spelling. Default: none.
    pub allow_origin: Vec<String>,
    /// The methods they may use. Default: none.
    pub allow_methods: Vec<String>,
    /// The headers they may send. Default: none.
    pub allow_headers: Vec<String>,
    /// The headers they may read. Default: none.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember the answer. Default: as it likes.
    pub max_age: Option<Duration>,
    /// Whether they may send cookies and the like. Default: not said.
    pub allow_credentials: Option<bool>,
    /// What becomes of preflights from other origins. Default: FORWARD.
    pub unmatched_preflights: UnmatchedPreflights,
}

/// What becomes of a preflight request whose origin may not ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnmatchedPreflights {
    /// Nobody said: it is forwarded.
    #[default]
    Unspecified,
    /// It is forwarded.
    Forward,
    /// It is answered without permission.
    Ignore,
}

/// Another VirtualService that a rule hands over to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delegate {
    /// Its name. Required.
    pub name: String,
    /// Its namespace. Default: that of the VirtualService that hands over.
    pub namespace: String,
}

impl Read for Retry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            attempts: f.take("attempts"),
            per_try_timeout: f.maybe("perTryTimeout"),
            retry_on: f.take("retryOn"),
            retry_remote_localities: f.maybe("retryRemoteLocalities"),
            retry_ignore_previous_hosts: f.maybe("retryIgnorePreviousHosts"),
            backoff: f.maybe("backoff"),
        })
    }
}

impl Read for Mirror {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { destination: f.maybe("destination"), percentage: f.maybe("percentage") })
    }
}

impl Read for CorsPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            allow_origins: f.take("allowOrigins"),
            allow_origin: f.take("allowOrigin"),
            allow_methods: f.take("allowMethods"),
            allow_headers: f.take("allowHeaders"),
            expose_headers: f.take("exposeHeaders"),
            max_age: f.maybe("maxAge"),
            allow_credentials: f.maybe("allowCredentials"),
            unmatched_preflights: f.take("unmatchedPreflights"),
        })
    }
}

impl Read for UnmatchedPreflights {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("UNSPECIFIED", 0, Self::Unspecified),
            ("FORWARD", 1, Self::Forward),
            ("IGNORE", 2, Self::Ignore),
        ])
    }
}

impl Read for Delegate {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), namespace: f.take("namespace") })
    }
}
