//! Routing rules.

use super::{
    backend::{Export, Labels},
    cors::CorsPolicy,
    gateway::GatewayName,
    header::HeaderEdits,
    host::{Host, HostPattern},
    injection::Injection,
    line::Line,
    matching::{ClaimMatch, HeaderMatch, PathMatch, QueryMatch, TextMatch},
    mirror::Mirror,
    retry::RetryPolicy,
    sealed::SealedRoute,
};
use http::StatusCode;
use std::{sync::Arc, time::Duration};

/// The rules for requests to some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualService {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The hosts, resolved to full names. Never empty in a model.
    pub hosts: Vec<HostPattern>,
    /// Where it applies. Never empty.
    pub attachments: Vec<Attachment>,
    /// Who may see it.
    pub export: Export,
    /// The rules for requests, in order.
    pub routes: Vec<Arc<Route>>,
    /// The rules for connections whose TLS ends at the service behind, in order.
    pub sealed: Vec<SealedRoute>,
}

/// Where rules apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// In every service of the mesh.
    Mesh,
    /// At this gateway.
    Gateway(GatewayName),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name for logs; empty when it has none.
    pub name: Arc<str>,
    /// The line of its document where it starts, for explanations; 0 when unknown.
    pub line: Line,
    /// The conditions: one block must hold. Empty: it always applies.
    pub blocks: Vec<Block>,
    /// What is done.
    pub action: Action,
    /// How the request is changed before it is forwarded.
    pub rewrite: Rewrite,
    /// Header changes on the request.
    pub request_headers: HeaderEdits,
    /// Header changes on the response.
    pub response_headers: HeaderEdits,
    /// The time for the whole request; unlimited when `None`.
    pub timeout: Option<Duration>,
    /// When to try again; as the mesh says when `None`.
    pub retries: Option<RetryPolicy>,
    /// Who gets copies of requests.
    pub mirrors: Vec<Mirror>,
    /// What pages of other origins may ask; nobody says when `None`.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Faults to inject.
    pub injection: Injection,
}

/// Conditions that must all hold: those of the place, settled once, and those of each request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The name for logs, appended to the rule's; empty when it has none.
    pub name: Arc<str>,
    /// What a request must be like.
    pub conditions: Conditions,
    /// The port the request came to.
    pub port: Option<u16>,
    /// Labels that the client's workload must have.
    pub source_labels: Labels,
    /// The client's namespace.
    pub source_namespace: Option<Arc<str>>,
    /// Where the block applies; everywhere its VirtualService does when empty.
    pub attachments: Vec<Attachment>,
}

/// What a request must be like; an empty value asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The path without its query.
    pub path: Option<PathMatch>,
    /// The method.
    pub method: Option<TextMatch>,
    /// The scheme.
    pub scheme: Option<TextMatch>,
    /// The authority as received.
    pub authority: Option<TextMatch>,
    /// Headers that must be there and match.
    pub headers: Vec<HeaderMatch>,
    /// Headers that must be absent or not match; [`TextMatch::Present`] asks for absence.
    pub without_headers: Vec<HeaderMatch>,
    /// Query parameters that must be there and match.
    pub query: Vec<QueryMatch>,
    /// Claims that the request's verified token must have.
    pub claims: Vec<ClaimMatch>,
    /// Claims that it must not have.
    pub without_claims: Vec<ClaimMatch>,
}

impl Conditions {
    /// Whether every request meets them.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.path.as_ref().is_none_or(PathMatch::is_everything)
            && self.method.is_none()
            && self.scheme.is_none()
            && self.authority.is_none()
            && self.headers.is_empty()
            && self.without_headers.is_empty()
            && self.query.is_empty()
            && self.claims.is_empty()
            && self.without_claims.is_empty()
    }
}

/// What a rule does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Forwards it to one of these, by weight. Never empty; the weights' sum is never 0.
    Forward(Vec<Destination>),
    /// Answers with a redirect.
    Redirect(Redirect),
    /// Answers directly.
    Respond(DirectResponse),
}

/// One weighted destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The service's full name.
    pub host: Host,
    /// A subset of it.
    pub subset: Option<Arc<str>>,
    /// A port of it: the service's only one, or the request's, when `None`.
    pub port: Option<u16>,
    /// Its share of the sum.
    pub weight: u32,
    /// Header changes on the request.
    pub request_headers: HeaderEdits,
    /// Header changes on the response.
    pub response_headers: HeaderEdits,
}

/// How a request is changed before it is forwarded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// Replaces the matched prefix, or the whole exact path.
    pub path: Option<Box<str>>,
    /// Substitutes in the path.
    pub path_regex: Option<RegexRewrite>,
    /// Replaces the authority.
    pub authority: Option<Box<str>>,
}

/// A substitution in a path; unlike a match, the pattern need not cover all of it.
#[derive(Clone, Debug)]
pub struct RegexRewrite {
    /// What is found.
    pub pattern: regex::Regex,
    /// What is put there, in the regex crate's syntax: `${1}` is the first group.
    pub replacement: Box<str>,
}

impl PartialEq for RegexRewrite {
    fn eq(&self, other: &Self) -> bool {
        self.pattern.as_str() == other.pattern.as_str() && self.replacement == other.replacement
    }
}

impl Eq for RegexRewrite {}

/// An answer that sends the client elsewhere. What is `None` stays as in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    /// The scheme.
    pub scheme: Option<Box<str>>,
    /// The authority's host.
    pub authority: Option<Box<str>>,
    /// The port.
    pub port: RedirectPort,
    /// The whole path.
    pub path: Option<Box<str>>,
    /// Replaces the matched prefix.
    pub prefix: Option<Box<str>>,
}

/// The port of a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectPort {
    /// As in the request, but the usual port of the old scheme is left out when the scheme changes.
    #[default]
    Keep,
    /// The usual one of the scheme, which Envoy has no other way to than [`RedirectPort::Keep`].
    OfScheme,
    /// The one the request came to. If it is the usual one of the new scheme, as [`RedirectPort::Keep`].
    OfListener,
    /// This one. If it is the usual one of the new scheme, as [`RedirectPort::Keep`].
    Number(u16),
}

/// An answer given without asking any service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectResponse {
    /// The status, 200 to 599.
    pub status: StatusCode,
    /// The body.
    pub body: bytes::Bytes,
}
