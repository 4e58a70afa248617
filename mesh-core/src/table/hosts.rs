//! Host names to whoever is responsible for them.

use crate::model::HostPattern;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::{fmt, str, sync::Arc};

/// Longest host name that DNS knows, in bytes; longer ones are nobody's, except `*`'s.
const LONGEST: usize = 253;

/// Names up to this many bytes lie in the index itself: nearly all do.
const SHORT: usize = 47;

/// Finds who owns a host name: the exact name first, then the longest wildcard, then `*`.
///
/// Owners and names are kept where they are looked up, not a step away in memory: among very many hosts that step is a
/// third of what a decision costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostIndex<T = u32> {
    exact: FxHashMap<SmallVec<[u8; SHORT]>, T>,
    suffixes: FxHashMap<Arc<str>, T>,
    any: Option<T>,
}

/// The owner of a host name, and the pattern that made it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a, T = u32> {
    pub(super) owner: T,
    pub(super) pattern: FoundPattern<'a>,
}

/// A pattern of an index; `Display` writes it as documents do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoundPattern<'a> {
    Exact(&'a [u8]),
    Suffix(&'a str),
    Any,
}

impl<T> Default for HostIndex<T> {
    fn default() -> Self {
        Self { exact: FxHashMap::default(), suffixes: FxHashMap::default(), any: None }
    }
}

impl<T: Copy> HostIndex<T> {
    /// An index with room for so many exact names.
    pub(super) fn with_capacity(names: usize) -> Self {
        Self { exact: FxHashMap::with_capacity_and_hasher(names, FxBuildHasher), ..Self::default() }
    }

    /// Gives a pattern to `owner` unless it has an owner already, and says who owns it now.
    pub(super) fn claim(&mut self, pattern: &HostPattern, owner: T) -> T {
        match pattern {
            HostPattern::Exact(host) => *self.exact.entry(host.as_str().as_bytes().into()).or_insert(owner),
            HostPattern::Suffix(suffix) => *self.suffixes.entry(Arc::clone(suffix)).or_insert(owner),
            HostPattern::Any => *self.any.get_or_insert(owner),
        }
    }

    /// Gives a pattern to `owner`, whoever had it before.
    pub(super) fn assign(&mut self, pattern: &HostPattern, owner: T) {
        match pattern {
            HostPattern::Exact(host) => self.exact.insert(host.as_str().as_bytes().into(), owner),
            HostPattern::Suffix(suffix) => self.suffixes.insert(Arc::clone(suffix), owner),
            HostPattern::Any => self.any.replace(owner),
        };
    }

    /// Who owns a host name, in any letter case, without a port, with or without a trailing dot. Does not allocate.
    pub(super) fn find(&self, host: &str) -> Option<Found<'_, T>> {
        self.find_where(host, |_| true)
    }

    /// The same, passing over owners that are not accepted.
    pub(super) fn find_where(&self, host: &str, accepts: impl Fn(T) -> bool) -> Option<Found<'_, T>> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let specific = match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            _ if host.len() > LONGEST => None,
            true => self.find_mixed(host, &accepts),
            false => self.find_lower(host, &accepts),
        };
        let any = || self.any.filter(|owner| accepts(*owner));
        specific.or_else(|| any().map(|owner| Found { owner, pattern: FoundPattern::Any }))
    }

    /// The owners of the wildcards that a name in lower case meets, the most specific first.
    pub(super) fn wildcards(&self, host: &str) -> impl Iterator<Item = T> {
        let host = if self.suffixes.is_empty() { "" } else { host };
        let dots = host.bytes().enumerate().skip(1).filter(|(_, byte)| *byte == b'.');
        dots.filter_map(|(dot, _)| self.suffixes.get(&host[dot..]).copied()).chain(self.any)
    }

    /// Apart from the usual case, so that only names with upper-case letters pay for the buffer.
    fn find_mixed(&self, host: &str, accepts: &impl Fn(T) -> bool) -> Option<Found<'_, T>> {
        let mut buffer = [0; LONGEST];
        let lowered = buffer.get_mut(..host.len())?;
        lowered.copy_from_slice(host.as_bytes());
        lowered.make_ascii_lowercase();
        self.find_lower(std::str::from_utf8(lowered).ok()?, accepts)
    }

    fn find_lower(&self, host: &str, accepts: &impl Fn(T) -> bool) -> Option<Found<'_, T>> {
        if let Some((name, &owner)) = self.exact.get_key_value(host.as_bytes())
            && accepts(owner)
        {
            return Some(Found { owner, pattern: FoundPattern::Exact(name) });
        }
        if self.suffixes.is_empty() {
            return None;
        }
        // From the left, so that the longest suffix is met first; a wildcard stands for at least one character.
        let mut dots = host.bytes().enumerate().skip(1).filter(|(_, byte)| *byte == b'.');
        dots.find_map(|(dot, _)| {
            let (suffix, &owner) = self.suffixes.get_key_value(&host[dot..])?;
            accepts(owner).then_some(Found { owner, pattern: FoundPattern::Suffix(suffix) })
        })
    }
}

impl fmt::Display for FoundPattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => f.write_str(str::from_utf8(host).unwrap_or_default()),
            Self::Suffix(suffix) => write!(f, "*{suffix}"),
            Self::Any => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(patterns: &[&str]) -> HostIndex {
        let mut index = HostIndex::default();
        for (owner, pattern) in (0..).zip(patterns) {
            index.claim(&HostPattern::parse(pattern).expect("a pattern"), owner);
        }
        index
    }

    fn found(index: &HostIndex, host: &str) -> Option<(u32, String)> {
        index.find(host).map(|found| (found.owner, found.pattern.to_string()))
    }

    #[test]
    fn the_exact_name_beats_the_longest_wildcard_which_beats_any() {
        let index = index(&["*", "*.com", "*.shop.com", "a.shop.com"]);
        for (host, owner, pattern) in [
            ("a.shop.com", 3, "a.shop.com"),
            ("b.shop.com", 2, "*.shop.com"),
            ("a.b.shop.com", 2, "*.shop.com"),
            ("shop.com", 1, "*.com"),
            ("com", 0, "*"),
            (".com", 0, "*"),
            ("", 0, "*"),
        ] {
            assert_eq!(found(&index, host), Some((owner, pattern.to_owned())), "{host}");
        }
    }

    #[test]
    fn letter_case_and_a_trailing_dot_do_not_matter() {
        let index = index(&["a.shop.com", "*.net"]);
        for host in ["A.Shop.COM", "a.shop.com.", "A.SHOP.com."] {
            assert_eq!(found(&index, host), Some((0, "a.shop.com".to_owned())), "{host}");
        }
        assert_eq!(found(&index, "Some.NET"), Some((1, "*.net".to_owned())));
        for host in ["a.shop.com..", "b.shop.com", "", ".", "é.shop.com"] {
            assert_eq!(found(&index, host), None, "{host}");
        }
    }

    #[test]
    fn a_host_longer_than_dns_allows_is_met_by_any_alone() {
        let long = format!("{}.com", "a".repeat(LONGEST - 3));
        assert_eq!(found(&index(&["*.com"]), &long), None);
        assert_eq!(found(&index(&["*.com"]), &long[1..]), Some((0, "*.com".to_owned())));
        assert_eq!(found(&index(&["*.com", "*"]), &long), Some((1, "*".to_owned())));
    }

    #[test]
    fn the_first_to_claim_a_pattern_owns_it() {
        let mut index = index(&["a.com"]);
        assert_eq!(index.claim(&HostPattern::parse("a.com").unwrap(), 7), 0);
        assert_eq!(found(&index, "a.com"), Some((0, "a.com".to_owned())));
    }
}
