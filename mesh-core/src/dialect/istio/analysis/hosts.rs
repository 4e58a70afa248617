//! Host patterns in an index, so that documents are not compared with one another.

use crate::model::HostPattern;
use std::collections::HashMap;

/// What belongs to host patterns.
pub(super) struct HostIndex<T>(HashMap<Box<str>, Vec<T>>);

impl<T> Default for HostIndex<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> HostIndex<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.values().flatten()
    }

    pub(super) fn add(&mut self, pattern: &HostPattern, value: T) {
        match self.0.get_mut(text(pattern)) {
            Some(values) => values.push(value),
            None => drop(self.0.insert(text(pattern).into(), vec![value])),
        }
    }

    /// What belongs to this very pattern.
    pub(super) fn same(&self, pattern: &HostPattern) -> &[T] {
        self.0.get(text(pattern)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What belongs to this very pattern, then to those that cover it, from the narrowest.
    pub(super) fn covering(&self, pattern: &HostPattern) -> impl Iterator<Item = &T> {
        let text = text(pattern);
        let first = [text].into_iter();
        let wider = text.match_indices('.').filter(|(at, _)| *at > 0).map(|(at, _)| &text[at..]);
        let any = Some("").filter(|_| !text.is_empty());
        first.chain(wider).chain(any).filter_map(|text| self.0.get(text)).flatten()
    }
}

/// `a.b` for the host itself, `.b` for those below it, and nothing for all: a part of the text is the wider pattern.
fn text(pattern: &HostPattern) -> &str {
    match pattern {
        HostPattern::Exact(host) => host.as_str(),
        HostPattern::Suffix(suffix) => suffix,
        HostPattern::Any => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_covered_by_itself_and_by_the_wildcards_above_it() {
        let mut index = HostIndex::default();
        let patterns = ["*", "*.c", "*.b.c", "a.b.c", "b.c", "x.b.c"];
        let parse = |text: &str| HostPattern::parse(text).unwrap();
        patterns.iter().for_each(|text| index.add(&parse(text), *text));
        let covering = |text: &str| index.covering(&parse(text)).copied().collect::<Vec<_>>();
        assert_eq!(covering("a.b.c"), ["a.b.c", "*.b.c", "*.c", "*"]);
        assert_eq!(covering("*.b.c"), ["*.b.c", "*.c", "*"]);
        assert_eq!(covering("b.c"), ["b.c", "*.c", "*"]);
        assert_eq!(covering("*"), ["*"]);
    }
}
