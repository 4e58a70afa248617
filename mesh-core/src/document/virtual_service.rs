//! `VirtualService`: how requests for a host are routed.

use super::{
    connection_route::{TcpRoute, TlsRoute},
    http_match::HttpMatch,
    http_policy::{CorsPolicy, Delegate, Mirror, Retry},
    injection::FaultInjection,
    read::{At, Read},
    values::{Base64, Percent, PortSelector},
};
use std::{collections::BTreeMap, time::Duration};

/// The `spec` of a VirtualService, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VirtualService {
    /// The hosts whose requests this routes. Default: none, which makes it a delegate.
    pub hosts: Vec<String>,
    /// The gateways, or `mesh`, where it applies. Default: `mesh`.
    pub gateways: Vec<String>,
    /// The rules for HTTP, in order; the first that matches wins. Default: none.
    pub http: Vec<HttpRoute>,
    /// The rules for TLS that is passed through. Default: none.
    pub tls: Vec<TlsRoute>,
    /// The rules for plain TCP. Default: none.
    pub tcp: Vec<TcpRoute>,
    /// The namespaces that may see it: `.`, `*` or names. Default: all.
    pub export_to: Vec<String>,
}

/// One rule for HTTP requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRoute {
    /// A name for logs. Default: none.
    pub name: String,
    /// Conditions of which one block must hold. Default: always.
    pub matches: Vec<HttpMatch>,
    /// Where matching requests go, by weight. Default: nowhere.
    pub route: Vec<HttpDestination>,
    /// Answers with a redirect instead. Default: none.
    pub redirect: Option<Redirect>,
    /// Answers directly instead. Default: none.
    pub direct_response: Option<DirectResponse>,
    /// Hands over to another VirtualService. Default: none.
    pub delegate: Option<Delegate>,
    /// Changes path or authority before forwarding. Default: none.
    pub rewrite: Option<Rewrite>,
    /// The time for the whole request, all tries included. Default: unlimited.
    pub timeout: Option<Duration>,
    /// When to try again. Default: the mesh's policy.
    pub retries: Option<Retry>,
    /// Faults to inject. Default: none.
    pub fault: Option<FaultInjection>,
    /// Gets a copy of each request. Default: none.
    pub mirror: Option<Destination>,
    /// Get a copy of each request. Default: none.
    pub mirrors: Vec<Mirror>,
    /// The share of requests that `mirror` gets, in hundredths: the oldest spelling. Default: 100.
    pub mirror_percent: Option<u32>,
    /// The share of requests that `mirror` gets, in hundredths. Default: 100.
    pub mirror_percentage: Option<Percent>,
    /// What pages of other origins may ask. Default: what the service says.
    pub cors_policy: Option<CorsPolicy>,
    /// Header changes. Default: none.
    pub headers: Headers,
}

/// One weighted destination of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpDestination {
    /// Where to. Required.
    pub destination: Option<Destination>,
    /// Its share. Default: 0, unless it is the only one.
    pub weight: i32,
    /// Header changes for this destination alone. Default: none.
    pub headers: Headers,
}

/// A service, and perhaps a subset and port of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Destination {
    /// The service's name. Required.
    pub host: String,
    /// A subset that a DestinationRule names. Default: all endpoints.
    pub subset: String,
    /// The service's port. Default: its only one, or the request's.
    pub port: Option<u32>,
}

/// Header changes on the way there and back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// On the request. Default: none.
    pub request: HeaderOperations,
    /// On the response. Default: none.
    pub response: HeaderOperations,
}

/// Header changes in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeaderOperations {
    /// Overwrites, or adds when absent. Default: none.
    pub set: BTreeMap<String, String>,
    /// Appends another value. Default: none.
    pub add: BTreeMap<String, String>,
    /// Deletes every value. Default: none.
    pub remove: Vec<String>,
}

/// Changes of a request before it is forwarded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// Replaces the matched prefix, or the whole exact path. Default: none.
    pub uri: String,
    /// Replaces the Host header. Default: none.
    pub authority: String,
    /// A regular expression's substitution on the path. Default: none.
    pub uri_regex_rewrite: Option<RegexRewrite>,
}

/// A substitution by regular expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegexRewrite {
    /// The RE2 expression to find. Required.
    pub pattern: String,
    /// What to put there; `\1` is the first group. Required.
    pub rewrite: String,
}

/// An answer that sends the client elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redirect {
    /// The new path. Default: the request's.
    pub uri: String,
    /// Replaces the matched prefix instead. Default: none.
    pub prefix_rewrite: String,
    /// The new authority. Default: the request's.
    pub authority: String,
    /// The new scheme. Default: the request's.
    pub scheme: String,
    /// The new port. Default: none.
    pub port: Option<u32>,
    /// Where the port comes from instead. Default: none.
    pub derive_port: Option<DerivePort>,
    /// The status. Default: 301.
    pub redirect_code: Option<u32>,
}

/// Where a redirect's port comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivePort {
    /// The usual port of the scheme, which is left out.
    FromProtocolDefault,
    /// The port the request came to.
    FromRequestPort,
}

/// An answer given without asking any service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectResponse {
    /// The status. Required.
    pub status: u32,
    /// The body. Default: empty.
    pub body: Vec<u8>,
}

impl Read for VirtualService {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            hosts: f.take("hosts"),
            gateways: f.take("gateways"),
            http: f.take("http"),
            tls: f.take("tls"),
            tcp: f.take("tcp"),
            export_to: f.take("exportTo"),
        })
    }
}

impl Read for HttpRoute {
    fn read(at: At<'_>) -> Option<Self> {
        if at.node.is_null() {
            at.refuse("http route may not be null");
            return None;
        }
        at.object(|f| {
            for (field, instead) in [
                ("websocketUpgrade", "nothing: upgrades always pass"),
                ("appendHeaders", "headers.request.add"),
                ("appendRequestHeaders", "headers.request.add"),
                ("removeRequestHeaders", "headers.request.remove"),
                ("appendResponseHeaders", "headers.response.add"),
                ("removeResponseHeaders", "headers.response.remove"),
            ] {
                f.obsolete(field, instead);
            }
            Self {
                name: f.take("name"),
                matches: f.take("match"),
                route: f.take("route"),
                redirect: f.maybe("redirect"),
                direct_response: f.maybe("directResponse"),
                delegate: f.maybe("delegate"),
                rewrite: f.maybe("rewrite"),
                timeout: f.maybe("timeout"),
                retries: f.maybe("retries"),
                fault: f.maybe("fault"),
                mirror: f.maybe("mirror"),
                mirrors: f.take("mirrors"),
                mirror_percent: f.maybe("mirrorPercent"),
                mirror_percentage: f.maybe("mirrorPercentage"),
                cors_policy: f.maybe("corsPolicy"),
                headers: f.take("headers"),
            }
        })
    }
}

impl Read for HttpDestination {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in ["removeRequestHeaders", "removeResponseHeaders"] {
                f.obsolete(field, "headers.request.remove or headers.response.remove");
            }
            Self { destination: f.maybe("destination"), weight: f.take("weight"), headers: f.take("headers") }
        })
    }
}

impl Read for Destination {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            host: f.take("host"),
            subset: f.take("subset"),
            port: f.maybe::<PortSelector>("port").map(|port| port.number),
        })
    }
}

impl Read for Headers {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { request: f.take("request"), response: f.take("response") })
    }
}

impl Read for HeaderOperations {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { set: f.take("set"), add: f.take("add"), remove: f.take("remove") })
    }
}

impl Read for Rewrite {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            uri: f.take("uri"),
            authority: f.take("authority"),
            uri_regex_rewrite: f.maybe("uriRegexRewrite"),
        })
    }
}

impl Read for RegexRewrite {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { pattern: f.take("match"), rewrite: f.take("rewrite") })
    }
}

impl Read for Redirect {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            uri: f.take("uri"),
            prefix_rewrite: f.take("prefixRewrite"),
            authority: f.take("authority"),
            scheme: f.take("scheme"),
            port: f.maybe("port"),
            derive_port: f.maybe("derivePort"),
            redirect_code: f.maybe("redirectCode"),
        })
    }
}

impl Read for DerivePort {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("FROM_PROTOCOL_DEFAULT", 0, Self::FromProtocolDefault),
            ("FROM_REQUEST_PORT", 1, Self::FromRequestPort),
        ])
    }
}

impl Read for DirectResponse {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            status: f.take("status"),
            body: f.maybe::<DirectBody>("body").map(|body| body.0).unwrap_or_default(),
        })
    }
}

/// The body of a direct response: text, or bytes in base64.
struct DirectBody(Vec<u8>);

impl Read for DirectBody {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let text = f.maybe::<String>("string").map(String::into_bytes);
            let bytes = f.maybe::<Base64>("bytes").map(|bytes| bytes.0);
            if text.is_some() && bytes.is_some() {
                f.here().refuse_with("string and bytes exclude one another", "keep one");
            }
            Self(text.or(bytes).unwrap_or_default())
        })
    }
}
