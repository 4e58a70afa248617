//! What is changed, and how.

use crate::{Routed, context::Decided};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::HOST,
    uri::{Authority, PathAndQuery},
};
use mesh_core::{
    model::{Action, Edit, HeaderEdits, Rewrite},
    table::{RequestView, Rule},
};
use std::{borrow::Cow, sync::Arc};

/// Holds the path and query as the client sent them, on requests whose path is rewritten, even if to the same one.
pub const ORIGINAL_PATH: HeaderName = HeaderName::from_static("x-envoy-original-path");

/// Holds the authority as the client sent it, on requests whose authority was changed.
pub const ORIGINAL_HOST: HeaderName = HeaderName::from_static("x-envoy-original-host");

/// Changes of requests and their responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Changes of the path and the authority. `path` replaces the whole path; the query stays. Default: none.
    pub rewrite: Rewrite,
    /// Changes of the request's headers, made after the rewrite. Default: none.
    pub request_headers: HeaderEdits,
    /// Changes of the response's headers. Default: none.
    pub response_headers: HeaderEdits,
}

/// Where the changes are written.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Here.
    Fixed(Arc<Changes>),
    /// In the rule that matched.
    Routed,
}

/// The changes that remain for the response.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Nothing,
    Fixed(Arc<Changes>),
    Routed(Decided),
}

impl Origin {
    /// Changes a request; returns what remains for its response.
    pub(super) fn change<B>(&self, request: &mut Request<B>) -> Pending {
        match self {
            Self::Fixed(changes) => {
                let path = fixed_path(&changes.rewrite, request.uri());
                change(request, path, changes.rewrite.authority.as_deref(), &changes.request_headers, true);
                if changes.response_headers.is_empty() {
                    Pending::Nothing
                } else {
                    Pending::Fixed(Arc::clone(changes))
                }
            }
            Self::Routed => by_rule(request).unwrap_or(Pending::Nothing),
        }
    }
}

impl Pending {
    /// Changes a response.
    pub(super) fn change(&self, headers: &mut HeaderMap) {
        match self {
            Self::Nothing => {}
            Self::Fixed(changes) => changes.response_headers.apply(headers),
            Self::Routed(decided) => {
                if let Some(target) = decided.target() {
                    target.response_headers.apply(headers);
                }
            }
        }
    }
}

fn by_rule<B>(request: &mut Request<B>) -> Option<Pending> {
    let routed = request.extensions().get::<Routed>()?;
    let (rule, target) = (routed.rule()?, routed.target()?);
    let rewrite = &rule.route.rewrite;
    let rewrites = rewrite.path.is_some() || rewrite.path_regex.is_some();
    if !rewrites
        && rewrite.authority.is_none()
        && target.request_headers.is_empty()
        && target.response_headers.is_empty()
    {
        // So are most rules: nothing of the request is looked at.
        return None;
    }
    let decided = routed.decided().clone();
    let (rule, target) = (decided.rule()?, decided.target()?);
    let rewrite = &rule.route.rewrite;
    let path = || rule.rewritten_path(&routed.view(request)).map(Cow::into_owned);
    let path = rewrites.then(|| path().unwrap_or_else(|| original_path(request).to_owned()));
    let keeps_host = rewrite.authority.is_some() || remembers_host(rule);
    change(request, path, rewrite.authority.as_deref(), &target.request_headers, keeps_host);
    let changes = !target.response_headers.is_empty();
    Some(if changes { Pending::Routed(decided) } else { Pending::Nothing })
}

/// Whether the host that headers set is remembered: not where one of several destinations sets it, as in Envoy.
fn remembers_host(rule: &Rule) -> bool {
    let is_one = !matches!(&rule.route.action, Action::Forward(destinations) if destinations.len() > 1);
    is_one || host_in(&rule.route.request_headers).is_some()
}

/// The Host that changes of headers set last.
fn host_in(edits: &HeaderEdits) -> Option<&HeaderValue> {
    edits.as_slice().iter().rev().find_map(|edit| match edit {
        Edit::Set(name, host) if name == HOST => Some(host),
        _ => None,
    })
}

/// The new path and query of changes that belong to no match.
fn fixed_path(rewrite: &Rewrite, uri: &Uri) -> Option<String> {
    let path = match (&rewrite.path, &rewrite.path_regex) {
        (Some(path), _) => Cow::Borrowed(&**path),
        (None, Some(regex)) => regex.pattern.replace_all(uri.path(), &*regex.replacement),
        (None, None) => return None,
    };
    Some(match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    })
}

fn change<B>(
    request: &mut Request<B>,
    path: Option<String>,
    authority: Option<&str>,
    edits: &HeaderEdits,
    keeps_host: bool,
) {
    if let Some(path) = path {
        set_path(request, path);
    }
    // A Host that is set by hand is the authority too: over HTTP/2 there is no Host header. What rewrites it says more.
    let authority = authority.and_then(|authority| HeaderValue::from_str(authority).ok());
    if let Some(authority) = authority.as_ref().or(host_in(edits)) {
        if keeps_host {
            remember_host(request);
        }
        set_authority(request, authority);
    }
    edits.apply(request.headers_mut());
    if let Some(authority) = authority.filter(|_| request.headers().contains_key(HOST)) {
        request.headers_mut().insert(HOST, authority);
    }
}

/// Replaces the path, unless that makes no URI.
fn set_path<B>(request: &mut Request<B>, path: String) {
    let Ok(original) = HeaderValue::from_str(original_path(request)) else { return };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    if let Some(uri) = parts.path_and_query.is_some().then(|| Uri::from_parts(parts).ok()).flatten() {
        *request.uri_mut() = uri;
        request.headers_mut().insert(ORIGINAL_PATH, original);
    }
}

fn original_path<B>(request: &Request<B>) -> &str {
    request.uri().path_and_query().map_or("/", PathAndQuery::as_str)
}

fn remember_host<B>(request: &mut Request<B>) {
    if let Ok(original) = HeaderValue::from_str(RequestView::outbound(request).authority) {
        request.headers_mut().insert(ORIGINAL_HOST, original);
    }
}

/// Replaces the authority wherever the request names it; where it does not, in the Host header.
fn set_authority<B>(request: &mut Request<B>, authority: &HeaderValue) {
    let is_in_uri = request.uri().authority().is_some();
    if let Some(authority) = Authority::try_from(authority.as_bytes()).ok().filter(|_| is_in_uri) {
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(authority);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    if !is_in_uri || request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, authority.clone());
    }
}
