//! One attribute compared with what a rule asks of it.

use super::{
    facts::Facts,
    texts::{Texts, list},
    trust::Domains,
};
use crate::{
    identity::Claims,
    model::{Among, Clause, Glob, HeaderKey, IpBlock, PathGlob, RequestPrincipal, ServiceAccount},
    table::RequestView,
};
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use std::{fmt, net::IpAddr};

/// Whether a rule lets requests pass or keeps them from passing, which decides what is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// What meets the rule passes.
    Permits,
    /// What meets the rule does not, or is looked at more closely.
    Restricts,
}

/// Which of an attribute's two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// What it must be.
    Values,
    /// What it must not be.
    NotValues,
}

/// What is asked of one attribute, ready to be compared.
#[derive(Debug)]
pub(super) enum Test {
    Principal(Pair<Texts<Glob>>),
    Namespace(Pair<Texts<Glob>>),
    TrustDomain(Pair<Texts<Glob>>),
    Account(Pair<Many<ServiceAccount>>),
    SourceIp(Pair<Many<IpBlock>>),
    RemoteIp(Pair<Many<IpBlock>>),
    DestinationIp(Pair<Many<IpBlock>>),
    Subject(Pair<Many<RequestPrincipal>>),
    Audience(Pair<Texts<Glob>>),
    Claim(Vec<Box<str>>, Pair<Texts<Glob>>),
    Header(HeaderKey, Pair<Texts<Glob>>),
    /// In lower case.
    Host(Pair<Texts<Glob>>),
    Port(Pair<Many<u16>>),
    Method(Pair<Texts<Glob>>),
    Path(Pair<Texts<PathGlob>>),
    ServerName(Pair<Texts<Glob>>),
    Filter(Box<str>),
}

/// The two lists of an attribute; `None` for one that is not written.
#[derive(Debug)]
pub(super) struct Pair<T>([Option<T>; 2]);

/// Values that are compared one by one.
#[derive(Debug)]
pub(super) struct Many<T>(Box<[T]>);

impl<T> Pair<T> {
    fn of<W>(among: &Among<W>, make: impl Fn(&[W]) -> Option<T>) -> Self {
        Self([make(&among.values), make(&among.not_values)])
    }

    /// One of the lists.
    pub(super) fn get(&self, which: Which) -> Option<&T> {
        let [values, not_values] = &self.0;
        match which {
            Which::Values => values.as_ref(),
            Which::NotValues => not_values.as_ref(),
        }
    }
}

impl Pair<Texts<Glob>> {
    fn globs(among: &Among<Glob>) -> Self {
        Self::of(among, |globs| Texts::of(globs.to_vec()))
    }
}

impl<T: Clone> Pair<Many<T>> {
    fn many(among: &Among<T>) -> Self {
        Self::of(among, |values| (!values.is_empty()).then(|| Many(values.into())))
    }
}

impl Test {
    pub(super) fn of(clause: &Clause, domains: &Domains) -> Self {
        match clause {
            Clause::Principal(among) => Self::Principal(Pair::of(among, |globs| {
                Texts::of(globs.iter().flat_map(|glob| domains.principals(glob)).collect())
            })),
            Clause::TrustDomain(among) => Self::TrustDomain(Pair::of(among, |globs| {
                Texts::of(globs.iter().flat_map(|glob| domains.trust_domains(glob)).collect())
            })),
            Clause::Host(among) => Self::Host(Pair::of(among, |globs| {
                Texts::of(globs.iter().map(Glob::to_lower_case).collect())
            })),
            Clause::Path(among) => Self::Path(Pair::of(among, |globs| Texts::of(globs.to_vec()))),
            Clause::Namespace(among) => Self::Namespace(Pair::globs(among)),
            Clause::ServiceAccount(among) => Self::Account(Pair::many(among)),
            Clause::SourceIp(among) => Self::SourceIp(Pair::many(among)),
            Clause::RemoteIp(among) => Self::RemoteIp(Pair::many(among)),
            Clause::DestinationIp(among) => Self::DestinationIp(Pair::many(among)),
            Clause::RequestPrincipal(among) => Self::Subject(Pair::many(among)),
            Clause::Audience(among) => Self::Audience(Pair::globs(among)),
            Clause::Presenter(among) => Self::Claim(vec!["azp".into()], Pair::globs(among)),
            Clause::Claim(path, among) => Self::Claim(path.clone(), Pair::globs(among)),
            Clause::Header(key, among) => Self::Header(key.clone(), Pair::globs(among)),
            Clause::Port(among) => Self::Port(Pair::many(among)),
            Clause::Method(among) => Self::Method(Pair::globs(among)),
            Clause::ServerName(among) => Self::ServerName(Pair::globs(among)),
            Clause::Filter(key) => Self::Filter(key.clone()),
        }
    }

    /// Whether only HTTP has such an attribute.
    pub(super) fn is_http(&self) -> bool {
        matches!(
            self,
            Self::Subject(_)
                | Self::Audience(_)
                | Self::Claim(..)
                | Self::Header(..)
                | Self::Host(_)
                | Self::Method(_)
                | Self::Path(_)
        )
    }

    /// Whether it looks at the host.
    pub(super) fn asks_host(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Header(HeaderKey::Authority, _))
    }

    /// The list that keeps the test from holding; `None` when it holds.
    ///
    /// Without HTTP, what only HTTP has is unknown: it permits nothing, and restricts all the same.
    pub(super) fn failure(&self, facts: &Facts<'_>, stance: Stance) -> Option<Which> {
        if self.is_http() && facts.view.request.is_none() {
            return (stance == Stance::Permits).then_some(Which::Values);
        }
        let is_among = |which, restricting| self.is_among(which, facts, stance == restricting);
        match (is_among(Which::Values, Stance::Restricts), is_among(Which::NotValues, Stance::Permits)) {
            (Some(false), _) => Some(Which::Values),
            (_, Some(true)) => Some(Which::NotValues),
            _ => None,
        }
    }

    /// Whether the attribute is one of a list; `None` when the list is not written. A doubtful one is, if that restricts.
    fn is_among(&self, which: Which, facts: &Facts<'_>, restricts: bool) -> Option<bool> {
        let view = facts.view;
        Some(match self {
            Self::Principal(pair) => is(pair.get(which)?, view.peer.map(|peer| peer.principal())),
            Self::Namespace(pair) => is(pair.get(which)?, facts.namespace),
            Self::TrustDomain(pair) => is(pair.get(which)?, view.peer.map(|peer| peer.trust_domain())),
            Self::Account(pair) => {
                let is_own = |own: &ServiceAccount| facts.account == Some((&own.namespace, &own.name));
                pair.get(which)?.0.iter().any(is_own)
            }
            Self::SourceIp(pair) => pair.get(which)?.contain(view.source),
            Self::RemoteIp(pair) => pair.get(which)?.contain(view.remote),
            Self::DestinationIp(pair) => pair.get(which)?.contain(view.destination),
            Self::Subject(pair) => {
                let is_own =
                    |user: &RequestPrincipal| view.claims.is_some_and(|claims| is_user(user, claims));
                pair.get(which)?.0.iter().any(is_own)
            }
            Self::Audience(pair) => {
                let wanted = pair.get(which)?;
                let audiences = view.claims.into_iter().flat_map(Claims::audiences);
                audiences.into_iter().any(|audience| wanted.contain(audience.as_bytes()))
            }
            Self::Claim(path, pair) => {
                let wanted = pair.get(which)?;
                let value = view.claims.and_then(|claims| claims.get(path));
                value.is_some_and(|value| has_claim(wanted, path, value))
            }
            Self::Header(key, pair) => {
                let wanted = pair.get(which)?;
                view.request.is_some_and(|request| has_header(wanted, key, &request, facts, restricts))
            }
            Self::Host(pair) => {
                let wanted = pair.get(which)?;
                wanted.contain(facts.host()) || restricts && wanted.contain(facts.bare_host())
            }
            Self::Port(pair) => pair.get(which)?.0.contains(&view.port),
            Self::Method(pair) => is(pair.get(which)?, view.request.map(|request| request.method)),
            Self::Path(pair) => {
                let wanted = pair.get(which)?;
                view.request.is_some_and(|request| wanted.contain(request.path.as_bytes()))
            }
            Self::ServerName(pair) => is(pair.get(which)?, view.server_name),
            // Nobody says anything of it: that permits nothing, and restricts all the same.
            Self::Filter(_) if which == Which::NotValues => return None,
            Self::Filter(_) => restricts,
        })
    }

    /// What is asked for, or asked not to be, for people.
    pub(super) fn list(&self, which: Which) -> String {
        fn of<T: fmt::Display>(pair: &Pair<T>, which: Which) -> String {
            pair.get(which).map(ToString::to_string).unwrap_or_default()
        }
        match self {
            Self::Principal(pair)
            | Self::Namespace(pair)
            | Self::TrustDomain(pair)
            | Self::Audience(pair)
            | Self::Claim(_, pair)
            | Self::Header(_, pair)
            | Self::Host(pair)
            | Self::Method(pair)
            | Self::ServerName(pair) => of(pair, which),
            Self::Path(pair) => of(pair, which),
            Self::Account(pair) => of(pair, which),
            Self::SourceIp(pair) | Self::RemoteIp(pair) | Self::DestinationIp(pair) => of(pair, which),
            Self::Subject(pair) => of(pair, which),
            Self::Port(pair) => of(pair, which),
            Self::Filter(_) => "anything".to_owned(),
        }
    }
}

impl Many<IpBlock> {
    fn contain(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| self.0.iter().any(|block| block.contains(address)))
    }
}

impl<T> Many<T> {
    pub(super) fn all(&self) -> &[T] {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Many<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.0)
    }
}

fn is(wanted: &Texts<Glob>, text: Option<&str>) -> bool {
    text.is_some_and(|text| wanted.contain(text.as_bytes()))
}

/// Both must be there: a token that does not say whose it is has no principal.
fn is_user(user: &RequestPrincipal, claims: &Claims) -> bool {
    let is = |name: &str, glob: &Glob| {
        claims.all().get(name).and_then(Value::as_str).is_some_and(|text| glob.matches(text.as_bytes()))
    };
    claims.principal().is_some() && is("iss", &user.issuer) && is("sub", &user.subject)
}

/// Whether a claim that is a text is several, with spaces between.
pub(super) fn is_spaced(path: &[Box<str>]) -> bool {
    matches!(path, [name] if matches!(&**name, "scope" | "permission"))
}

/// A text, or one of a list.
fn has_claim(wanted: &Texts<Glob>, path: &[Box<str>], value: &Value) -> bool {
    match value {
        Value::String(text) if is_spaced(path) => text.split(' ').any(|part| wanted.contain(part.as_bytes())),
        Value::String(text) => wanted.contain(text.as_bytes()),
        Value::Array(values) => values.iter().any(|value| is(wanted, value.as_str())),
        _ => false,
    }
}

fn has_header(
    wanted: &Texts<Glob>,
    key: &HeaderKey,
    request: &RequestView<'_>,
    facts: &Facts<'_>,
    restricts: bool,
) -> bool {
    match key {
        HeaderKey::Method => wanted.contain(request.method.as_bytes()),
        HeaderKey::Scheme => wanted.contain(request.scheme.as_bytes()),
        HeaderKey::Authority => {
            let as_restricted = || wanted.contain(facts.host()) || wanted.contain(facts.bare_host());
            wanted.contain(request.authority.as_bytes()) || restricts && as_restricted()
        }
        HeaderKey::Path => match request.query {
            None => wanted.contain(request.path.as_bytes()),
            Some(query) => wanted.contain(format!("{}?{query}", request.path).as_bytes()),
        },
        HeaderKey::Named(name) => has_lines(wanted, name, request, restricts),
    }
}

/// Envoy compares the lines of a header as one, with commas between; whoever is behind may read the first or the last.
fn has_lines(wanted: &Texts<Glob>, name: &HeaderName, request: &RequestView<'_>, restricts: bool) -> bool {
    let has = |line: &[u8]| wanted.contain(line) || restricts && line.is_empty() && wanted.contain_presence();
    let mut lines = request.headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let Some(first) = lines.next() else { return false };
    let Some(second) = lines.next() else { return has(first) };
    let mut all = vec![first, second];
    all.extend(lines);
    let joined = has(&all.join(&b","[..]));
    if restricts { joined || all.into_iter().any(has) } else { joined && all.into_iter().all(has) }
}
