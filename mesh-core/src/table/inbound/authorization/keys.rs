//! What a rule can be filed under: values of which a request must have one, or the rule is not for it.

use super::{
    rules::Rule,
    test::{Test, Which},
    texts::Texts,
};
use crate::model::{Glob, HeaderKey, IpBlock, PathGlob, RequestPrincipal, ServiceAccount};
use rustc_hash::FxHashMap;

/// An attribute of which a text is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Principal,
    Namespace,
    TrustDomain,
    /// The path of the calling workload's identity.
    Account,
    Issuer,
    Subject,
    Audience,
    /// A claim, by the names that lead to it.
    Claim(Box<[Box<str>]>),
    Header(HeaderKey),
    Path,
    Method,
    /// In lower case.
    Host,
    ServerName,
}

/// An attribute of which an address is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Source,
    Remote,
    Destination,
}

/// One value that a request may have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A text of the attribute is one of these.
    Text(Of, Glob),
    /// The path has this segment at this place.
    Segment(usize, Box<str>),
    /// The port is this.
    Port(u16),
    /// The address is one of these.
    Block(Place, IpBlock),
}

/// By what is filed what tells several things of a request at once. Each way is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Templates by what paths begin with, end users by their issuer.
    Beginning,
    /// Templates by a segment that paths have at one place, end users by their subject.
    Middle,
    /// Templates by what paths end in.
    Ending,
}

/// Every choice of keys for a rule: one of a choice is met by any request that the rule is for.
pub(super) fn choices(rule: &Rule) -> Vec<Vec<Key>> {
    let mut all: Vec<Vec<Key>> = Vec::new();
    for choice in [By::Beginning, By::Middle, By::Ending].into_iter().flat_map(|by| choices_by(rule, by)) {
        if !all.contains(&choice) {
            all.push(choice);
        }
    }
    all
}

fn choices_by(rule: &Rule, by: By) -> Vec<Vec<Key>> {
    let keys = |test: &Test| keys(test, by);
    let mut choices: Vec<_> = rule.conditions.iter().filter_map(keys).collect();
    for parts in [&rule.sources, &rule.operations] {
        choices.extend(of_parts(parts, keys));
    }
    choices
}

/// The choices of parts one of which is met. Where there is one alone, each of its tests is a choice.
fn of_parts(parts: &[Box<[Test]>], keys: impl Fn(&Test) -> Option<Vec<Key>>) -> Vec<Vec<Key>> {
    if let [part] = parts {
        return part.iter().filter_map(keys).collect();
    }
    // Of every part its narrowest test: a request that meets the part meets that.
    let narrowest = |part: &[Test]| part.iter().filter_map(&keys).min_by_key(|keys| (rank(keys), keys.len()));
    let of_all: Option<Vec<_>> = parts.iter().map(|part| narrowest(part)).collect();
    let all: Vec<Key> = of_all.into_iter().flatten().flatten().collect();
    if all.is_empty() { Vec::new() } else { vec![all] }
}

/// The choice that the fewest others share.
pub(super) fn rarest<'a>(choices: &'a [Vec<Key>], shared: &FxHashMap<&Key, u32>) -> Option<&'a Vec<Key>> {
    choices.iter().min_by_key(|keys| keys.iter().map(|key| u64::from(shared[key])).sum::<u64>())
}

/// What tells most requests apart comes first.
fn rank(keys: &[Key]) -> u8 {
    let of = |key: &Key| match key {
        Key::Text(_, Glob::Present) => 3,
        Key::Text(Of::Method | Of::Namespace | Of::TrustDomain | Of::Issuer | Of::Audience, _)
        | Key::Port(_) => 2,
        Key::Text(_, Glob::Prefix(_) | Glob::Suffix(_)) | Key::Block(..) => 1,
        Key::Text(_, Glob::Exact(_)) | Key::Segment(..) => 0,
    };
    keys.iter().map(of).max().unwrap_or_default()
}

/// The values one of which a test asks for; `None` when it can be met by something else.
fn keys(test: &Test, by: By) -> Option<Vec<Key>> {
    const VALUES: Which = Which::Values;
    match test {
        Test::Principal(pair) => texts(pair.get(VALUES)?, &Of::Principal),
        Test::Namespace(pair) => texts(pair.get(VALUES)?, &Of::Namespace),
        Test::TrustDomain(pair) => texts(pair.get(VALUES)?, &Of::TrustDomain),
        Test::Audience(pair) => texts(pair.get(VALUES)?, &Of::Audience),
        Test::Claim(path, pair) => texts(pair.get(VALUES)?, &Of::Claim(path.as_slice().into())),
        Test::Header(key, pair) => texts(pair.get(VALUES)?, &Of::Header(key.clone())),
        Test::Method(pair) => texts(pair.get(VALUES)?, &Of::Method),
        Test::Host(pair) => texts(pair.get(VALUES)?, &Of::Host),
        Test::ServerName(pair) => texts(pair.get(VALUES)?, &Of::ServerName),
        Test::Path(pair) => paths(pair.get(VALUES)?, by),
        Test::Account(pair) => Some(pair.get(VALUES)?.all().iter().map(account).collect()),
        Test::Subject(pair) => Some(pair.get(VALUES)?.all().iter().map(|one| user(one, by)).collect()),
        Test::Port(pair) => Some(pair.get(VALUES)?.all().iter().copied().map(Key::Port).collect()),
        Test::SourceIp(pair) => Some(blocks(Place::Source, pair.get(VALUES)?.all())),
        Test::RemoteIp(pair) => Some(blocks(Place::Remote, pair.get(VALUES)?.all())),
        Test::DestinationIp(pair) => Some(blocks(Place::Destination, pair.get(VALUES)?.all())),
        Test::Filter(_) => None,
    }
}

fn texts(texts: &Texts<Glob>, of: &Of) -> Option<Vec<Key>> {
    let exact = texts.exact().map(|text| Key::Text(of.clone(), Glob::Exact(text.into())));
    let others = texts.others().iter().map(|glob| Key::Text(of.clone(), glob.clone()));
    Some(exact.chain(others).collect())
}

fn paths(paths: &Texts<PathGlob>, by: By) -> Option<Vec<Key>> {
    let text = |glob| Some(Key::Text(Of::Path, glob));
    let other = |path: &PathGlob| {
        let template = match path {
            PathGlob::Glob(glob) => return text(glob.clone()),
            PathGlob::Template(template) => template,
        };
        let beginning = Some(template.beginning()).filter(|beginning| !beginning.is_empty());
        let ending = Some(template.ending()).filter(|ending| !ending.is_empty());
        let segment = template.segment().filter(|_| by == By::Middle);
        match (segment, beginning, ending) {
            (Some((place, segment)), ..) => Some(Key::Segment(place, segment.into())),
            (None, beginning, Some(ending)) if by == By::Ending || beginning.is_none() => {
                text(Glob::Suffix(ending.into()))
            }
            (None, beginning, _) => text(Glob::Prefix(beginning?.into())),
        }
    };
    let exact = paths.exact().map(|path| text(Glob::Exact(path.into())));
    paths.others().iter().map(other).chain(exact).collect()
}

fn account(account: &ServiceAccount) -> Key {
    let path = format!("/ns/{}/sa/{}", account.namespace, account.name);
    Key::Text(Of::Account, Glob::Exact(path.into()))
}

/// Both an issuer and a subject are asked for.
fn user(user: &RequestPrincipal, by: By) -> Key {
    let (issuer, subject) = (&user.issuer, &user.subject);
    let is_issuer = *subject == Glob::Present || by == By::Beginning && *issuer != Glob::Present;
    match is_issuer {
        true => Key::Text(Of::Issuer, issuer.clone()),
        false => Key::Text(Of::Subject, subject.clone()),
    }
}

fn blocks(place: Place, blocks: &[IpBlock]) -> Vec<Key> {
    blocks.iter().map(|block| Key::Block(place, *block)).collect()
}
