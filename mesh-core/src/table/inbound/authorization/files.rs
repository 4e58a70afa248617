//! Finds the rules that can be for a request, without comparing it with every rule of a long list.
//!
//! Each rule is filed under values of which a request must have one, those that the fewest other rules ask for. A request
//! looks up what it has, and only the rules that are found are compared with it, in their order. Nothing is decided
//! here: rules are left out that cannot be for the request.

use super::{
    facts::Facts,
    filed::{ByBlock, ByClaim, ByText},
    keys::{Key, Of, Place, choices, rarest},
    rules::{MANY, Rule},
};
use crate::{
    model::{Glob, HeaderKey},
    table::{
        RequestView,
        index::{Candidates, List},
    },
};
use http::{HeaderName, HeaderValue};
use rustc_hash::FxHashMap;
use serde_json::Value;
use smallvec::SmallVec;

/// Lists up to this long are compared rule by rule: that is as fast, and needs no memory.
const FEW: usize = 6;

/// The longest text that is put together without allocating.
const LONGEST: usize = 512;

/// Rules by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Files(Option<Box<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    connection: OfConnection,
    user: OfUser,
    request: OfRequest,
    headers: FxHashMap<HeaderName, ByText>,
    /// Rules with nothing to be filed under.
    others: List,
}

#[derive(Debug, Default)]
struct OfConnection {
    principals: Option<ByText>,
    namespaces: Option<ByText>,
    trust_domains: Option<ByText>,
    accounts: Option<ByText>,
    server_names: Option<ByText>,
    ports: FxHashMap<u16, List>,
    sources: ByBlock,
    remotes: ByBlock,
    destinations: ByBlock,
}

#[derive(Debug, Default)]
struct OfUser {
    issuers: Option<ByText>,
    subjects: Option<ByText>,
    audiences: Option<ByText>,
    claims: ByClaim,
}

#[derive(Debug, Default)]
struct OfRequest {
    paths: Option<ByText>,
    /// By their place in the path.
    segments: Vec<FxHashMap<Box<str>, List>>,
    whole_paths: Option<ByText>,
    methods: Option<ByText>,
    schemes: Option<ByText>,
    hosts: Option<ByText>,
    authorities: Option<ByText>,
}

impl Files {
    /// Files `rules`, unless they are few, or would be found by every fourth request or more, each of them.
    pub(super) fn of(rules: &[Rule]) -> Self {
        if rules.len() <= FEW {
            return Self(None);
        }
        let choices: Vec<_> = rules.iter().map(choices).collect();
        let mut shared: FxHashMap<&Key, u32> = FxHashMap::default();
        for key in choices.iter().flatten().flatten() {
            *shared.entry(key).or_default() += 1;
        }
        let filed: Vec<_> = choices.iter().map(|choices| rarest(choices, &shared)).collect();
        let is_common = |keys: &Vec<Key>| keys.iter().any(|key| shared[key] as usize >= rules.len() / 4);
        if rules.len() > MANY && filed.iter().all(|keys| keys.is_none_or(is_common)) {
            return Self(None);
        }
        let mut lists = Lists::default();
        for (number, keys) in (0..).zip(filed) {
            match keys {
                Some(keys) => keys.iter().for_each(|key| lists.file(number, key)),
                None => lists.others.push(number),
            }
        }
        Self(Some(Box::new(lists)))
    }

    /// The rules that can be for a request; `None` when every one can.
    pub(super) fn candidates<'a>(&'a self, facts: &Facts<'_>) -> Option<Candidates<'a>> {
        let lists = self.0.as_deref()?;
        // Without HTTP rules are passed over in part, and what they are filed under may be what is passed over.
        let request = facts.view.request.as_ref()?;
        let mut candidates = Candidates::default();
        candidates.add(&lists.others)?;
        lists.connection.collect(facts, &mut candidates)?;
        lists.user.collect(facts, &mut candidates)?;
        lists.request.collect(request, facts, &mut candidates)?;
        lists.collect_headers(request, &mut candidates)?;
        Some(candidates)
    }
}

impl Lists {
    fn file(&mut self, number: u32, key: &Key) {
        let list = match key {
            Key::Text(of, glob) => self.entry(of, glob),
            Key::Segment(place, segment) => {
                let segments = &mut self.request.segments;
                if segments.len() <= *place {
                    segments.resize_with(place + 1, FxHashMap::default);
                }
                segments[*place].entry(segment.clone()).or_default()
            }
            Key::Port(port) => self.connection.ports.entry(*port).or_default(),
            Key::Block(Place::Source, block) => self.connection.sources.entry(*block),
            Key::Block(Place::Remote, block) => self.connection.remotes.entry(*block),
            Key::Block(Place::Destination, block) => self.connection.destinations.entry(*block),
        };
        // A rule may ask for one value twice.
        if list.last() != Some(&number) {
            list.push(number);
        }
    }

    fn entry(&mut self, of: &Of, glob: &Glob) -> &mut List {
        let Self { connection, user, request, headers, .. } = self;
        let texts = match of {
            Of::Claim(path) => return user.claims.entry(path, glob),
            Of::Header(HeaderKey::Named(name)) => {
                return headers.entry(name.clone()).or_default().entry(glob);
            }
            Of::Principal => &mut connection.principals,
            Of::Namespace => &mut connection.namespaces,
            Of::TrustDomain => &mut connection.trust_domains,
            Of::Account => &mut connection.accounts,
            Of::ServerName => &mut connection.server_names,
            Of::Issuer => &mut user.issuers,
            Of::Subject => &mut user.subjects,
            Of::Audience => &mut user.audiences,
            Of::Path => &mut request.paths,
            Of::Header(HeaderKey::Path) => &mut request.whole_paths,
            Of::Method | Of::Header(HeaderKey::Method) => &mut request.methods,
            Of::Header(HeaderKey::Scheme) => &mut request.schemes,
            Of::Host => &mut request.hosts,
            Of::Header(HeaderKey::Authority) => &mut request.authorities,
        };
        texts.get_or_insert_default().entry(glob)
    }

    /// Whichever are fewer are looked through: the headers that rules ask for, or those of the request.
    fn collect_headers<'a>(
        &'a self,
        request: &RequestView<'_>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        if self.headers.len() <= request.headers.keys_len() {
            let mut asked = self.headers.iter();
            return asked.try_for_each(|(name, values)| collect_lines(values, name, request, candidates));
        }
        let mut said = request.headers.keys().filter_map(|name| Some((name, self.headers.get(name)?)));
        said.try_for_each(|(name, values)| collect_lines(values, name, request, candidates))
    }
}

/// Several lines of one header are compared each for itself, and as one with commas between.
fn collect_lines<'a>(
    values: &'a ByText,
    name: &HeaderName,
    request: &RequestView<'_>,
    candidates: &mut Candidates<'a>,
) -> Option<()> {
    let mut lines = request.headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let Some(first) = lines.next() else { return Some(()) };
    values.collect(first, candidates)?;
    let mut joined: SmallVec<[u8; LONGEST]> = SmallVec::new();
    for line in lines {
        if joined.is_empty() {
            joined.extend_from_slice(first);
        }
        joined.push(b',');
        joined.extend_from_slice(line);
        values.collect(line, candidates)?;
    }
    if joined.is_empty() { Some(()) } else { values.collect(&joined, candidates) }
}

/// Adds the rules that a text can meet, if any rules are about it.
fn look_up<'a>(texts: Option<&'a ByText>, text: Option<&str>, candidates: &mut Candidates<'a>) -> Option<()> {
    texts.map_or(Some(()), |texts| texts.collect_maybe(text, candidates))
}

impl OfConnection {
    fn collect<'a>(&'a self, facts: &Facts<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        let view = facts.view;
        if let Some(peer) = view.peer {
            look_up(self.principals.as_ref(), Some(peer.principal()), candidates)?;
            look_up(self.trust_domains.as_ref(), Some(peer.trust_domain()), candidates)?;
            look_up(self.accounts.as_ref(), Some(peer.path()), candidates)?;
        }
        look_up(self.namespaces.as_ref(), facts.namespace, candidates)?;
        look_up(self.server_names.as_ref(), view.server_name, candidates)?;
        if let Some(list) = self.ports.get(&view.port) {
            candidates.add(list)?;
        }
        self.sources.collect(view.source, candidates)?;
        self.remotes.collect(view.remote, candidates)?;
        self.destinations.collect(view.destination, candidates)
    }
}

impl OfUser {
    fn collect<'a>(&'a self, facts: &Facts<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        let Some(claims) = facts.view.claims else { return Some(()) };
        let said = |name: &str| claims.all().get(name).and_then(Value::as_str);
        if let Some(issuers) = &self.issuers {
            issuers.collect_maybe(said("iss"), candidates)?;
        }
        if let Some(subjects) = &self.subjects {
            subjects.collect_maybe(said("sub"), candidates)?;
        }
        if let Some(audiences) = &self.audiences {
            claims.audiences().try_for_each(|audience| audiences.collect(audience.as_bytes(), candidates))?;
        }
        self.claims.collect_below(claims.all(), candidates)
    }
}

impl OfRequest {
    fn collect<'a>(
        &'a self,
        request: &RequestView<'_>,
        facts: &Facts<'_>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        look_up(self.paths.as_ref(), Some(request.path), candidates)?;
        for (segments, segment) in self.segments.iter().zip(request.path.split('/')) {
            segments.get(segment).map_or(Some(()), |list| candidates.add(list))?;
        }
        look_up(self.methods.as_ref(), Some(request.method), candidates)?;
        look_up(self.schemes.as_ref(), Some(request.scheme), candidates)?;
        if let Some(paths) = &self.whole_paths {
            paths.collect(&whole_path(request), candidates)?;
        }
        if let Some(authorities) = &self.authorities {
            authorities.collect(request.authority.as_bytes(), candidates)?;
        }
        // A host can be read in several ways.
        for texts in self.hosts.iter().chain(&self.authorities) {
            texts.collect(facts.host(), candidates)?;
            if facts.host() != facts.bare_host() {
                texts.collect(facts.bare_host(), candidates)?;
            }
        }
        Some(())
    }
}

/// The path with its query.
fn whole_path(request: &RequestView<'_>) -> SmallVec<[u8; LONGEST]> {
    let mut path = SmallVec::from_slice(request.path.as_bytes());
    if let Some(query) = request.query {
        path.push(b'?');
        path.extend_from_slice(query.as_bytes());
    }
    path
}
