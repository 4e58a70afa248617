//! What a rule does to a request: the new path, the redirect's location.

use super::{matcher::Condition, request::RequestView, snapshot::Rule};
use crate::model::{Action, PathMatch, Redirect, RedirectPort, RegexRewrite, TextMatch};
use std::borrow::Cow;

impl Rule {
    /// The path and query to forward, if the rule changes them.
    #[must_use]
    pub fn rewritten_path<'a>(&'a self, request: &RequestView<'a>) -> Option<Cow<'a, str>> {
        let rewrite = &self.route.rewrite;
        let path = match (written(rewrite.path.as_deref()), &rewrite.path_regex) {
            (Some(replacement), _) => self.replace_matched(request.path, replacement),
            (None, Some(rewrite)) => substitute(request.path, rewrite),
            (None, None) => return None,
        };
        (path != request.path).then(|| with_query(path, request.query))
    }

    /// The `location` of the redirect, if the rule redirects.
    #[must_use]
    pub fn redirect_location(&self, request: &RequestView<'_>) -> Option<String> {
        let Action::Redirect(redirect) = &self.route.action else { return None };
        let scheme = redirect.scheme.as_deref().unwrap_or(request.scheme);
        let authority = authority(redirect, scheme, request);
        let path = match (written(redirect.path.as_deref()), written(redirect.prefix.as_deref())) {
            (Some(path), _) => path.into(),
            (None, Some(prefix)) => self.replace_matched(request.path, prefix),
            (None, None) => request.path.into(),
        };
        // A query of the new path's own takes the place of the request's.
        let query = request.query.filter(|_| !path.contains('?'));
        Some(format!("{scheme}://{authority}{}", with_query(path, query)))
    }

    /// Puts `replacement` in the place of what the path condition matched, as plain text and without minding slashes,
    /// as Envoy does: a prefix, or the whole path when it had to be equal or to match a regex.
    fn replace_matched<'a>(&self, path: &'a str, replacement: &'a str) -> Cow<'a, str> {
        let asked = self.conditions.iter().find_map(|condition| match condition {
            Condition::Path(path) => Some(path),
            _ => None,
        });
        let matched = match asked {
            Some(PathMatch { text: TextMatch::Prefix(prefix), .. }) => prefix.len(),
            Some(PathMatch { text: TextMatch::Exact(_) | TextMatch::Regex(_), .. }) => path.len(),
            // Without a condition every path is matched by the prefix "/".
            Some(PathMatch { text: TextMatch::Present, .. }) | None => 1,
        };
        match path.get(matched..) {
            None | Some("") => replacement.into(),
            Some(rest) => format!("{replacement}{rest}").into(),
        }
    }
}

/// An empty replacement means that there is none.
fn written(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn substitute<'a>(path: &'a str, rewrite: &'a RegexRewrite) -> Cow<'a, str> {
    rewrite.pattern.replace_all(path, &*rewrite.replacement)
}

fn with_query<'a>(path: Cow<'a, str>, query: Option<&str>) -> Cow<'a, str> {
    match query {
        Some(query) => format!("{path}?{query}").into(),
        None => path,
    }
}

fn authority<'a>(redirect: &'a Redirect, scheme: &str, request: &RequestView<'a>) -> Cow<'a, str> {
    let replaced = written(redirect.authority.as_deref());
    let authority = replaced.unwrap_or(request.authority);
    let (host, port) = split_port(authority);
    let number = match redirect.port {
        RedirectPort::Number(number) => Some(number),
        RedirectPort::OfListener => Some(request.port),
        // Envoy knows no other way to the scheme's own port than to keep what the request says.
        RedirectPort::OfScheme | RedirectPort::Keep => None,
    };
    // As istiod has it, the usual port of the new scheme is as good as none.
    if let Some(number) = number.filter(|number| !matches!((scheme, number), ("http", 80) | ("https", 443))) {
        return format!("{host}:{number}").into();
    }
    let drops_port = replaced.is_none() && scheme != request.scheme && is_usual(request.scheme, port);
    if drops_port { host.into() } else { authority.into() }
}

/// An authority's host, brackets included, and its port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_usual(scheme: &str, port: Option<&str>) -> bool {
    matches!((scheme, port), ("http", Some("80")) | ("https", Some("443")))
}
