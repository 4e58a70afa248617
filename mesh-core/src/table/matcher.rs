//! Compares a request with what a rule asks for. `decide` and `explain` share it, so they cannot disagree.

use super::{request::RequestView, snapshot::Rule};
use crate::model::{ClaimMatch, Conditions, HeaderMatch, PathMatch, QueryMatch, TextMatch, shown};
use http::{HeaderName, HeaderValue, header::HOST};
use serde_json::Value;
use smallvec::SmallVec;
use std::fmt;

/// One thing that a rule asks of a request.
///
/// A rule keeps those that somebody wrote, one after the other: a decision reads no memory for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The port it came to.
    Port(u16),
    /// The path without its query.
    Path(PathMatch),
    /// The method.
    Method(TextMatch),
    /// The scheme.
    Scheme(TextMatch),
    /// The authority as received.
    Authority(TextMatch),
    /// A header that must be there and match.
    Header(HeaderMatch),
    /// A header that must not match, where an absent one counts as empty; for presence, one that must be absent.
    WithoutHeader(HeaderMatch),
    /// A query parameter that must be there and match.
    Query(QueryMatch),
    /// A claim that the request's verified token must have.
    Claim(ClaimMatch),
    /// A claim that it must not have.
    WithoutClaim(ClaimMatch),
}

impl Condition {
    /// What was written, in the order in which it is asked.
    pub(super) fn of(port: Option<u16>, written: &Conditions) -> SmallVec<[Self; 1]> {
        let one = |asked: &Option<TextMatch>, of: fn(TextMatch) -> Self| asked.clone().map(of);
        let heads = [
            port.map(Self::Port),
            written.path.clone().map(Self::Path),
            one(&written.method, Self::Method),
            one(&written.scheme, Self::Scheme),
            one(&written.authority, Self::Authority),
        ];
        let headers = written.headers.iter().cloned().map(Self::Header);
        let without_headers = written.without_headers.iter().cloned().map(Self::WithoutHeader);
        let queries = written.query.iter().cloned().map(Self::Query);
        let claims = written.claims.iter().cloned().map(Self::Claim);
        let without_claims = written.without_claims.iter().cloned().map(Self::WithoutClaim);
        let of_head = heads.into_iter().flatten().chain(headers).chain(without_headers).chain(queries);
        of_head.chain(claims).chain(without_claims).collect()
    }

    /// Whether every request meets it.
    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Self::Path(path) if path.is_everything())
    }

    fn is_met(&self, request: &RequestView<'_>) -> bool {
        match self {
            Self::Port(port) => *port == request.port,
            Self::Path(path) => path.matches(request.path),
            Self::Method(text) => text.matches(request.method),
            Self::Scheme(text) => text.matches(request.scheme),
            Self::Authority(text) => text.matches(request.authority),
            Self::Header(header) => has(header, request),
            Self::WithoutHeader(header) => !has_unwanted(header, request),
            Self::Query(query) => has_parameter(query, request),
            Self::Claim(claim) => has_claim(claim, request),
            // As in Envoy, who has no token has no claim either.
            Self::WithoutClaim(claim) => !has_claim(claim, request),
        }
    }

    /// Why a request does not meet it, in words, with what the request has instead.
    pub(super) fn in_words(&self, request: &RequestView<'_>) -> String {
        match self {
            Self::Port(port) => format!("port is {}, {port} is asked for", request.port),
            Self::Path(path) => {
                let case = if path.ignore_case { " in any letter case" } else { "" };
                format!("path is {:?}, {}{case} is asked for", request.path, path.text)
            }
            Self::Method(text) => format!("method is {:?}, {text} is asked for", request.method),
            Self::Scheme(text) => format!("scheme is {:?}, {text} is asked for", request.scheme),
            Self::Authority(text) => format!("authority is {:?}, {text} is asked for", request.authority),
            Self::Header(asked) => {
                let value = in_words(&asked.name, request);
                let wanted = shown(asked.name.as_str(), &asked.value);
                format!("header {} is {value}, {wanted} is asked for", asked.name)
            }
            Self::WithoutHeader(asked) => {
                let value = in_words(&asked.name, request);
                let unwanted = shown(asked.name.as_str(), &asked.value);
                format!("header {} is {value}, {unwanted} is asked not to be", asked.name)
            }
            Self::Query(asked) => {
                let value =
                    parameter(&asked.name, request).map_or("absent".into(), |value| format!("{value:?}"));
                let wanted = shown(&asked.name, &asked.value);
                format!("query parameter {} is {value}, {wanted} is asked for", asked.name)
            }
            Self::Claim(asked) => {
                let value = claim_in_words(asked, request);
                format!("claim {} is {value}, {} is asked for", asked.path.join("."), asked.value)
            }
            Self::WithoutClaim(asked) => {
                let value = claim_in_words(asked, request);
                format!("claim {} is {value}, {} is asked not to be", asked.path.join("."), asked.value)
            }
        }
    }
}

/// What was written, in words: `header x-group is exact "test"`. A secret is hidden.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port is {port}"),
            Self::Path(path) => {
                write!(
                    f,
                    "path is {}{}",
                    path.text,
                    if path.ignore_case { " in any letter case" } else { "" }
                )
            }
            Self::Method(text) => write!(f, "method is {text}"),
            Self::Scheme(text) => write!(f, "scheme is {text}"),
            Self::Authority(text) => write!(f, "authority is {text}"),
            Self::Header(asked) => {
                write!(f, "header {} is {}", asked.name, shown(asked.name.as_str(), &asked.value))
            }
            Self::WithoutHeader(asked) => {
                write!(f, "header {} is not {}", asked.name, shown(asked.name.as_str(), &asked.value))
            }
            Self::Query(asked) => {
                write!(f, "query parameter {} is {}", asked.name, shown(&asked.name, &asked.value))
            }
            Self::Claim(asked) => write!(f, "claim {} is {}", asked.path.join("."), asked.value),
            Self::WithoutClaim(asked) => write!(f, "claim {} is not {}", asked.path.join("."), asked.value),
        }
    }
}

/// Whether a request meets all of these.
pub(super) fn meets(conditions: &[Condition], request: &RequestView<'_>) -> bool {
    conditions.iter().all(|condition| condition.is_met(request))
}

impl Rule {
    /// The first condition that the request does not meet; `None` when the rule is for it.
    pub(super) fn mismatch(&self, request: &RequestView<'_>) -> Option<&Condition> {
        self.conditions.iter().find(|condition| !condition.is_met(request))
    }

    /// Whether nothing gets past it.
    pub(super) fn is_catch_all(&self) -> bool {
        self.conditions.iter().all(Condition::is_everything)
    }
}

fn has(asked: &HeaderMatch, request: &RequestView<'_>) -> bool {
    lines(&asked.name, request).any(|line| matches(&asked.value, line))
}

/// Istio has Envoy take an absent header for an empty one here, unless presence itself is what is unwanted.
fn has_unwanted(unwanted: &HeaderMatch, request: &RequestView<'_>) -> bool {
    let is_absent = lines(&unwanted.name, request).next().is_none();
    has(unwanted, request) || is_absent && unwanted.value != TextMatch::Present && unwanted.value.matches("")
}

/// What is no UTF-8 is there, but equal to nothing.
fn matches(asked: &TextMatch, line: &[u8]) -> bool {
    match asked {
        TextMatch::Present => true,
        // Of the usual question the answer is in the bytes alone: equal ones are text, since what is asked for is.
        TextMatch::Exact(exact) => line == exact.as_bytes(),
        TextMatch::Prefix(_) | TextMatch::Regex(_) => {
            std::str::from_utf8(line).is_ok_and(|text| asked.matches(text))
        }
    }
}

/// The values of a header, each of which is compared for itself, as Envoy does.
fn lines<'a>(name: &HeaderName, request: &RequestView<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    // Where the host is part of the URI there is no such header, and yet it is the one that rules mean.
    let host = Some(request.authority.as_bytes()).filter(|host| *name == HOST && !host.is_empty());
    let lines = host.is_none().then(|| request.headers.get_all(name).iter().map(HeaderValue::as_bytes));
    host.into_iter().chain(lines.into_iter().flatten())
}

/// The values of a header as rules compare them.
pub(super) fn header_texts<'a>(
    name: &HeaderName,
    request: &RequestView<'a>,
) -> impl Iterator<Item = &'a str> + use<'a> {
    lines(name, request).filter_map(|line| std::str::from_utf8(line).ok())
}

fn in_words(name: &HeaderName, request: &RequestView<'_>) -> String {
    let line =
        |line| std::str::from_utf8(line).map_or_else(|_| "not text".to_owned(), |text| format!("{text:?}"));
    let words: Vec<String> = lines(name, request).map(line).collect();
    if words.is_empty() { "absent".to_owned() } else { words.join(" and ") }
}

/// Of a list, one element that matches is enough. What is no text is there, but equal to nothing.
fn has_claim(asked: &ClaimMatch, request: &RequestView<'_>) -> bool {
    let Some(value) = request.claims.and_then(|claims| claims.get(&asked.path)) else { return false };
    let matches = |value: &Value| value.as_str().is_some_and(|text| asked.value.matches(text));
    match value {
        _ if asked.value == TextMatch::Present => true,
        Value::Array(elements) => elements.iter().any(matches),
        one => matches(one),
    }
}

fn claim_in_words(asked: &ClaimMatch, request: &RequestView<'_>) -> String {
    match request.claims {
        None => "unknown, as there is no verified token".to_owned(),
        Some(claims) => claims.get(&asked.path).map_or("absent".to_owned(), Value::to_string),
    }
}

fn has_parameter(asked: &QueryMatch, request: &RequestView<'_>) -> bool {
    parameter(&asked.name, request).is_some_and(|value| asked.value.matches(value))
}

/// The first value of a parameter, as sent: Envoy compares names and values before percent-decoding.
fn parameter<'a>(name: &str, request: &RequestView<'a>) -> Option<&'a str> {
    parameters(request).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Names and values of the query's parameters, as sent.
pub(super) fn parameters<'a>(
    request: &RequestView<'a>,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let pairs = request.query.into_iter().flat_map(|query| query.split('&'));
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
