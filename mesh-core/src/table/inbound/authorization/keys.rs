//! What a rule can be filed under: values of which a request must have one, or the rule is not for it.

use super::{
    rules::Rule,
    test::{Test, Which},
    texts::{Comparison, Texts},
};
use crate::model::{Glob, HeaderKey, IpBlock, PathGlob, RequestPrincipal};
use http::HeaderName;
use rustc_hash::FxHashMap;

/// An attribute of which a text is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Principal,
    Namespace,
    /// The path of the calling workload's identity.
    Account,
    Issuer,
    Subject,
    Path,
    Method,
    /// In lower case.
    Host,
}

/// How many attributes there are of which a text is looked up.
pub(super) const TEXTS: usize = 8;

/// One value that a request may have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The attribute is this text.
    Text(Of, Box<str>),
    /// The path begins with this; never empty.
    PathPrefix(Box<str>),
    /// The principal begins with this; never empty.
    PrincipalPrefix(Box<str>),
    /// The path has this segment at this place.
    Segment(usize, Box<str>),
    /// The port is this.
    Port(u16),
    /// The address at the other end is one of these.
    Source(IpBlock),
    /// The client's address is one of these.
    Remote(IpBlock),
    /// The header has this value, or there are several lines of it.
    Header(HeaderName, Box<str>),
}

/// By what a template is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Template {
    /// By what its paths begin with.
    Beginning,
    /// By a segment that they have at one place.
    Segment,
}

/// Every choice of keys for a rule: one of a choice is met by any request that the rule is for.
pub(super) fn choices(rule: &Rule) -> Vec<Vec<Key>> {
    [Template::Beginning, Template::Segment].into_iter().flat_map(|by| choices_by(rule, by)).collect()
}

fn choices_by(rule: &Rule, by: Template) -> Vec<Vec<Key>> {
    let keys = |test: &Test| keys(test, by);
    let mut choices: Vec<_> = rule.conditions.iter().filter_map(keys).collect();
    for parts in [&rule.sources, &rule.operations] {
        // Of every part its narrowest test: a request that meets the part meets that.
        let narrowest =
            |part: &[Test]| part.iter().filter_map(keys).min_by_key(|keys| (rank(keys), keys.len()));
        let of_parts: Option<Vec<_>> = parts.iter().map(|part| narrowest(part)).collect();
        let all: Vec<Key> = of_parts.into_iter().flatten().flatten().collect();
        if !all.is_empty() {
            choices.push(all);
        }
    }
    choices
}

/// The choice that the fewest others share.
pub(super) fn rarest<'a>(choices: &'a [Vec<Key>], shared: &FxHashMap<&Key, u32>) -> Option<&'a Vec<Key>> {
    choices.iter().min_by_key(|keys| keys.iter().map(|key| u64::from(shared[key])).sum::<u64>())
}

/// What tells most requests apart comes first.
fn rank(keys: &[Key]) -> u8 {
    let of = |key: &Key| match key {
        Key::Text(Of::Method | Of::Namespace | Of::Issuer, _) | Key::Port(_) => 2,
        Key::PathPrefix(_) | Key::PrincipalPrefix(_) | Key::Source(_) | Key::Remote(_) => 1,
        Key::Text(..) | Key::Header(..) | Key::Segment(..) => 0,
    };
    keys.iter().map(of).max().unwrap_or_default()
}

/// The values one of which a test asks for; `None` when it can be met by something else.
fn keys(test: &Test, by: Template) -> Option<Vec<Key>> {
    const VALUES: Which = Which::Values;
    match test {
        Test::Principal(pair) => texts(pair.get(VALUES)?, Of::Principal, Some(Key::PrincipalPrefix)),
        Test::Namespace(pair) => texts(pair.get(VALUES)?, Of::Namespace, None),
        Test::Path(pair) => paths(pair.get(VALUES)?, by),
        Test::Method(pair) => texts(pair.get(VALUES)?, Of::Method, None),
        Test::Host(pair) => texts(pair.get(VALUES)?, Of::Host, None),
        Test::Header(HeaderKey::Named(name), pair) => {
            let values = texts(pair.get(VALUES)?, Of::Method, None)?;
            let key = |key| match key {
                Key::Text(_, value) => Some(Key::Header(name.clone(), value)),
                _ => None,
            };
            values.into_iter().map(key).collect()
        }
        Test::Account(pair) => {
            let path = |account: &crate::model::ServiceAccount| {
                let path = format!("/ns/{}/sa/{}", account.namespace, account.name);
                Key::Text(Of::Account, path.into())
            };
            Some(pair.get(VALUES)?.all().iter().map(path).collect())
        }
        Test::Subject(pair) => pair.get(VALUES)?.all().iter().map(user).collect(),
        Test::Port(pair) => Some(pair.get(VALUES)?.all().iter().copied().map(Key::Port).collect()),
        Test::SourceIp(pair) => Some(pair.get(VALUES)?.all().iter().copied().map(Key::Source).collect()),
        Test::RemoteIp(pair) => Some(pair.get(VALUES)?.all().iter().copied().map(Key::Remote).collect()),
        _ => None,
    }
}

fn paths(paths: &Texts<PathGlob>, by: Template) -> Option<Vec<Key>> {
    let segment = |path: &PathGlob| {
        let (place, segment) = path.segment().filter(|_| by == Template::Segment)?;
        Some(Key::Segment(place, segment.into()))
    };
    let other = |path: &PathGlob| {
        let exact = || path.exact().map(|text| Key::Text(Of::Path, text.into()));
        let beginning = || path.beginning().map(|text| Key::PathPrefix(text.into()));
        segment(path).or_else(exact).or_else(beginning)
    };
    let exact = paths.exact().map(|text| Some(Key::Text(Of::Path, text.into())));
    paths.others().iter().map(other).chain(exact).collect()
}

fn texts<G: Comparison>(texts: &Texts<G>, of: Of, prefix: Option<fn(Box<str>) -> Key>) -> Option<Vec<Key>> {
    let other = |one: &G| match (one.exact(), one.beginning(), prefix) {
        (Some(text), ..) => Some(Key::Text(of, text.into())),
        (None, Some(beginning), Some(prefix)) => Some(prefix(beginning.into())),
        _ => None,
    };
    let exact = texts.exact().map(|text| Some(Key::Text(of, text.into())));
    texts.others().iter().map(other).chain(exact).collect()
}

fn user(user: &RequestPrincipal) -> Option<Key> {
    match (&user.subject, &user.issuer) {
        (Glob::Exact(subject), _) => Some(Key::Text(Of::Subject, subject.clone())),
        (_, Glob::Exact(issuer)) => Some(Key::Text(Of::Issuer, issuer.clone())),
        _ => None,
    }
}
