//! Rules by the texts and the addresses that they ask for, each kind of comparison in its own file.

use super::test::is_spaced;
use crate::{
    model::{Glob, IpBlock},
    table::index::{Candidates, List, Prefixes},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::net::IpAddr;

/// Rules by what they ask of one text.
#[derive(Debug, Default)]
pub(super) struct ByText {
    exact: FxHashMap<Box<[u8]>, List>,
    beginnings: Prefixes,
    /// Written backwards.
    endings: Prefixes,
    /// Those that anything will do for.
    present: List,
}

/// Rules by claims: a tree, as claims are nested.
#[derive(Debug, Default)]
pub(super) struct ByClaim {
    own: ByText,
    /// Whether a text is several, with spaces between.
    is_spaced: bool,
    below: FxHashMap<Box<str>, ByClaim>,
}

/// Rules by networks.
#[derive(Debug, Default)]
pub(super) struct ByBlock {
    /// How many bits the networks share, each once.
    widths: FxHashSet<u8>,
    lists: FxHashMap<IpBlock, List>,
}

impl ByText {
    pub(super) fn entry(&mut self, glob: &Glob) -> &mut List {
        match glob {
            Glob::Present => &mut self.present,
            Glob::Exact(text) => self.exact.entry(text.as_bytes().into()).or_default(),
            Glob::Prefix(text) => self.beginnings.entry(text),
            Glob::Suffix(text) => self.endings.entry_backwards(text),
        }
    }

    /// Adds the rules that a text can meet.
    pub(super) fn collect<'a>(&'a self, text: &[u8], candidates: &mut Candidates<'a>) -> Option<()> {
        candidates.add(&self.present)?;
        if let Some(list) = self.exact.get(text) {
            candidates.add(list)?;
        }
        self.beginnings.walk(text, |list| candidates.add(list))?;
        self.endings.walk_backwards(text, |list| candidates.add(list))
    }

    /// Adds those of an attribute that may not be there.
    pub(super) fn collect_maybe<'a>(
        &'a self,
        text: Option<&str>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        text.map_or(Some(()), |text| self.collect(text.as_bytes(), candidates))
    }
}

impl ByClaim {
    pub(super) fn entry(&mut self, path: &[Box<str>], glob: &Glob) -> &mut List {
        let mut claim = self;
        for name in path {
            claim = claim.below.entry(name.clone()).or_default();
        }
        claim.is_spaced = is_spaced(path);
        claim.own.entry(glob)
    }

    /// Adds the rules that a claim, or one within it, can meet. It is no deeper than rules are.
    fn collect<'a>(&'a self, claim: &Value, candidates: &mut Candidates<'a>) -> Option<()> {
        let mut look_up = |text: &str| self.own.collect(text.as_bytes(), candidates);
        match claim {
            Value::Object(claims) => self.collect_below(claims, candidates),
            Value::String(text) if self.is_spaced => text.split(' ').try_for_each(look_up),
            Value::String(text) => look_up(text),
            Value::Array(values) => values.iter().filter_map(Value::as_str).try_for_each(look_up),
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(()),
        }
    }

    /// The same for all claims of an object; whichever are fewer are looked through: those, or those that rules ask for.
    pub(super) fn collect_below<'a>(
        &'a self,
        claims: &serde_json::Map<String, Value>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        if self.below.len() <= claims.len() {
            let mut asked = self.below.iter().filter_map(|(name, below)| Some((claims.get(&**name)?, below)));
            return asked.try_for_each(|(claim, below)| below.collect(claim, candidates));
        }
        let mut said =
            claims.iter().filter_map(|(name, claim)| Some((claim, self.below.get(name.as_str())?)));
        said.try_for_each(|(claim, below)| below.collect(claim, candidates))
    }
}

impl ByBlock {
    pub(super) fn entry(&mut self, block: IpBlock) -> &mut List {
        self.widths.insert(block.bits());
        self.lists.entry(block).or_default()
    }

    pub(super) fn collect<'a>(
        &'a self,
        address: Option<IpAddr>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
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
