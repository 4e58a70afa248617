//! Finds the rules that can be for a request, without comparing it with every rule of a long list.
//!
//! Each rule is filed under values of which a request must have one, those that the fewest other rules ask for. A request
//! looks up what it has, and only the rules that are found are compared with it, in their order. Nothing is decided
//! here: rules are left out that cannot be for the request.

use super::{
    facts::Facts,
    keys::{Key, Of, TEXTS, choices, rarest},
    rules::Rule,
};
use crate::{
    model::IpBlock,
    table::index::{Candidates, List, Prefixes},
};
use http::{HeaderName, HeaderValue};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::net::IpAddr;

/// Lists up to this long are compared rule by rule: that is as fast, and needs no memory.
const FEW: usize = 6;

/// Rules by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Files(Option<Box<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    texts: [FxHashMap<Box<str>, List>; TEXTS],
    paths: Prefixes,
    /// By their place in the path.
    segments: Vec<FxHashMap<Box<str>, List>>,
    principals: Prefixes,
    ports: FxHashMap<u16, List>,
    sources: Blocks,
    remotes: Blocks,
    headers: FxHashMap<HeaderName, FxHashMap<Box<[u8]>, List>>,
    /// Rules with nothing to be filed under.
    others: List,
}

/// Rules by networks.
#[derive(Debug, Default)]
struct Blocks {
    /// How many bits the networks share, each once.
    widths: FxHashSet<u8>,
    lists: FxHashMap<IpBlock, List>,
}

impl Files {
    /// Files `rules`, unless they are few.
    pub(super) fn of(rules: &[Rule]) -> Self {
        if rules.len() <= FEW {
            return Self(None);
        }
        let choices: Vec<_> = rules.iter().map(choices).collect();
        let mut shared: FxHashMap<&Key, u32> = FxHashMap::default();
        for key in choices.iter().flatten().flatten() {
            *shared.entry(key).or_default() += 1;
        }
        let mut lists = Lists::default();
        for (number, choices) in (0..).zip(&choices) {
            match rarest(choices, &shared) {
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
        facts.view.request?;
        let mut candidates = Candidates::default();
        candidates.add(&lists.others)?;
        lists.collect_connection(facts, &mut candidates)?;
        lists.collect_user(facts, &mut candidates)?;
        lists.collect_request(facts, &mut candidates)?;
        Some(candidates)
    }
}

impl Lists {
    fn file(&mut self, number: u32, key: &Key) {
        let list = match key {
            Key::Text(of, text) => self.texts[*of as usize].entry(text.clone()).or_default(),
            Key::PathPrefix(prefix) => self.paths.entry(prefix),
            Key::Segment(place, segment) => {
                if self.segments.len() <= *place {
                    self.segments.resize_with(place + 1, FxHashMap::default);
                }
                self.segments[*place].entry(segment.clone()).or_default()
            }
            Key::PrincipalPrefix(prefix) => self.principals.entry(prefix),
            Key::Port(port) => self.ports.entry(*port).or_default(),
            Key::Source(block) => self.sources.entry(*block),
            Key::Remote(block) => self.remotes.entry(*block),
            Key::Header(name, value) => {
                self.headers.entry(name.clone()).or_default().entry(value.as_bytes().into()).or_default()
            }
        };
        // A rule may ask for one value twice.
        if list.last() != Some(&number) {
            list.push(number);
        }
    }

    fn text<'a>(&'a self, of: Of, text: Option<&str>, candidates: &mut Candidates<'a>) -> Option<()> {
        let texts = &self.texts[of as usize];
        if texts.is_empty() {
            return Some(());
        }
        text.and_then(|text| texts.get(text)).map_or(Some(()), |list| candidates.add(list))
    }

    fn collect_connection<'a>(&'a self, facts: &Facts<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        let view = facts.view;
        self.text(Of::Namespace, facts.namespace, candidates)?;
        if let Some(peer) = view.peer {
            self.text(Of::Principal, Some(peer.principal()), candidates)?;
            self.text(Of::Account, Some(peer.path()), candidates)?;
            self.principals.walk(peer.principal(), |list| candidates.add(list))?;
        }
        if let Some(list) = self.ports.get(&view.port) {
            candidates.add(list)?;
        }
        self.sources.collect(view.source, candidates)?;
        self.remotes.collect(view.remote, candidates)
    }

    fn collect_user<'a>(&'a self, facts: &Facts<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        let Some(claims) = facts.view.claims else { return Some(()) };
        for (of, name) in [(Of::Issuer, "iss"), (Of::Subject, "sub")] {
            if !self.texts[of as usize].is_empty() {
                self.text(of, claims.all().get(name).and_then(Value::as_str), candidates)?;
            }
        }
        Some(())
    }

    fn collect_request<'a>(&'a self, facts: &Facts<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        let request = facts.view.request.as_ref()?;
        self.text(Of::Path, Some(request.path), candidates)?;
        self.paths.walk(request.path, |list| candidates.add(list))?;
        for (segments, segment) in self.segments.iter().zip(request.path.split('/')) {
            segments.get(segment).map_or(Some(()), |list| candidates.add(list))?;
        }
        self.text(Of::Method, Some(request.method), candidates)?;
        if !self.texts[Of::Host as usize].is_empty() {
            let (host, bare) = (facts.host(), facts.bare_host());
            self.text(Of::Host, std::str::from_utf8(host).ok(), candidates)?;
            if host != bare {
                self.text(Of::Host, std::str::from_utf8(bare).ok(), candidates)?;
            }
        }
        for (name, values) in &self.headers {
            let mut lines = request.headers.get_all(name).iter().map(HeaderValue::as_bytes);
            match (lines.next(), lines.next()) {
                (Some(line), None) => values.get(line).map_or(Some(()), |list| candidates.add(list))?,
                (None, _) => {}
                // Several lines can be read in several ways.
                (Some(_), Some(_)) => return None,
            }
        }
        Some(())
    }
}

impl Blocks {
    fn entry(&mut self, block: IpBlock) -> &mut List {
        self.widths.insert(block.bits());
        self.lists.entry(block).or_default()
    }

    fn collect<'a>(&'a self, address: Option<IpAddr>, candidates: &mut Candidates<'a>) -> Option<()> {
        let Some(address) = address else { return Some(()) };
        for bits in &self.widths {
            let block = IpBlock::of(address, *bits);
            if let Some(list) = block.and_then(|block| self.lists.get(&block)) {
                candidates.add(list)?;
            }
        }
        Some(())
    }
}
