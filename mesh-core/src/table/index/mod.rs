//! Finds the first rule that matches, without comparing the request with every rule of a long list.
//!
//! Each rule is filed under the one of its conditions that the fewest others share: a path, the beginning of a path, a
//! header's value or a query parameter's. A request looks up what it could meet, and only those rules are compared with
//! it, in their order. The index decides nothing: it leaves out rules that cannot match, so that the first match among
//! the rest is the first match of all.

mod keys;
mod prefixes;

use super::{matcher, request::RequestView, snapshot::Rule};
use http::HeaderName;
use keys::{Key, keys};
pub(super) use prefixes::Prefixes;
use rustc_hash::FxHashMap;

/// Lists up to this long are compared rule by rule: that is as fast, and needs no memory.
const FEW: usize = 6;

/// How many lists of candidates are merged; a request that meets more of them is compared with every rule.
const MOST_LISTS: usize = 32;

/// Numbers of rules, in ascending order.
pub(super) type List = Vec<u32>;

/// The rules of one virtual host, filed by what they ask for.
#[derive(Debug, Default)]
pub(super) struct RuleIndex(Option<Box<Files>>);

#[derive(Debug, Default)]
struct Files {
    paths: FxHashMap<Box<str>, List>,
    prefixes: Prefixes,
    headers: FxHashMap<HeaderName, FxHashMap<Box<str>, List>>,
    queries: FxHashMap<Box<str>, FxHashMap<Box<str>, List>>,
    /// Rules with nothing to be filed under.
    others: List,
}

impl RuleIndex {
    /// Files `rules`, unless they are few.
    pub(super) fn new(rules: &[Rule]) -> Self {
        if are_few(rules) {
            return Self(None);
        }
        let keys: Vec<Vec<Key<'_>>> = rules.iter().map(keys).collect();
        let mut shared: FxHashMap<&Key<'_>, u32> = FxHashMap::default();
        for key in keys.iter().flatten() {
            *shared.entry(key).or_default() += 1;
        }
        let mut files = Files::default();
        for (number, keys) in (0..).zip(&keys) {
            files.file(number, keys.iter().min_by_key(|key| shared[*key]));
        }
        Self(Some(Box::new(files)))
    }

    /// The first of `rules`, which are those that were filed, that is for the request. Does not allocate, unless a
    /// header that is asked for has several lines.
    pub(super) fn first_match(&self, rules: &[Rule], request: &RequestView<'_>) -> Option<u32> {
        let mut candidates = Candidates::default();
        match &self.0 {
            Some(files) if files.collect(request, &mut candidates).is_some() => {
                candidates.find(|number| rules[*number as usize].mismatch(request).is_none())
            }
            _ => first_of(rules, request),
        }
    }
}

/// Whether there are so few rules that nothing is filed: [`first_of`] finds what [`RuleIndex::first_match`] finds.
pub(super) fn are_few(rules: &[Rule]) -> bool {
    rules.len() <= FEW
}

/// The first of `rules` that is for the request, found by asking one after the other.
pub(super) fn first_of(rules: &[Rule], request: &RequestView<'_>) -> Option<u32> {
    let found = (0..).zip(rules).find(|(_, rule)| rule.mismatch(request).is_none());
    found.map(|(number, _)| number)
}

impl Files {
    fn file(&mut self, number: u32, key: Option<&Key<'_>>) {
        let list = match key {
            Some(Key::Path(path)) => self.paths.entry((*path).into()).or_default(),
            Some(Key::Prefix(prefix)) => self.prefixes.entry(prefix),
            Some(Key::Header(name, value)) => {
                self.headers.entry((*name).clone()).or_default().entry((*value).into()).or_default()
            }
            Some(Key::Query(name, value)) => {
                self.queries.entry((*name).into()).or_default().entry((*value).into()).or_default()
            }
            None => &mut self.others,
        };
        list.push(number);
    }

    /// Collects every list in which a rule for the request can be; `None` when there are too many.
    fn collect<'a>(&'a self, request: &RequestView<'_>, candidates: &mut Candidates<'a>) -> Option<()> {
        candidates.add(&self.others)?;
        if let Some(list) = self.paths.get(request.path) {
            candidates.add(list)?;
        }
        self.prefixes.walk(request.path.as_bytes(), |list| candidates.add(list))?;
        self.collect_headers(request, candidates)?;
        self.collect_queries(request, candidates)
    }

    fn collect_headers<'a>(
        &'a self,
        request: &RequestView<'_>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        let mut add = |name: &HeaderName, values: &'a FxHashMap<Box<str>, List>| {
            let mut lists = matcher::header_texts(name, request).filter_map(|text| values.get(text));
            lists.try_for_each(|list| candidates.add(list))
        };
        // Whichever are fewer: the headers that rules ask for, or those of the request.
        if self.headers.len() <= request.headers.keys_len() {
            for (name, values) in &self.headers {
                add(name, values)?;
            }
            return Some(());
        }
        for name in request.headers.keys() {
            if let Some(values) = self.headers.get(name) {
                add(name, values)?;
            }
        }
        Some(())
    }

    fn collect_queries<'a>(
        &'a self,
        request: &RequestView<'_>,
        candidates: &mut Candidates<'a>,
    ) -> Option<()> {
        if self.queries.is_empty() {
            return Some(());
        }
        // A repeated parameter adds a list that its first value does not deserve; comparing sorts that out.
        for (name, value) in matcher::parameters(request) {
            if let Some(list) = self.queries.get(name).and_then(|values| values.get(value)) {
                candidates.add(list)?;
            }
        }
        Some(())
    }
}

/// Lists of candidates, read as one list in ascending order.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    lists: [&'a [u32]; MOST_LISTS],
    count: usize,
}

impl<'a> Candidates<'a> {
    /// Takes a list; `None` when there are too many.
    pub(super) fn add(&mut self, list: &'a [u32]) -> Option<()> {
        if !list.is_empty() {
            *self.lists.get_mut(self.count)? = list;
            self.count += 1;
        }
        Some(())
    }

    /// The first candidate, by number, that `is_match`.
    pub(super) fn find(mut self, is_match: impl Fn(&u32) -> bool) -> Option<u32> {
        loop {
            let lists = &mut self.lists[..self.count];
            let next = lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
            let (&number, rest) = next.split_first()?;
            *next = rest;
            if is_match(&number) {
                return Some(number);
            }
        }
    }
}
