//! What of a list is still there in the list that follows it.

use rustc_hash::FxHashMap;
use std::{collections::VecDeque, hash::Hash};

/// For each of `now`, the one of `before` that has the same key; each of `before` is given once.
///
/// Equal ones keep their order. It is quick where most are in the order in which they were: of these only the first and
/// the last that are not are looked up.
pub(crate) fn pairs<'b, N, B, K: Eq + Hash>(
    now: &[N],
    before: &'b [B],
    key: impl Fn(&N) -> K,
    key_before: impl Fn(&B) -> K,
) -> Vec<Option<&'b B>> {
    let is_same = |(now, before): &(&N, &B)| key(now) == key_before(before);
    let start = now.iter().zip(before).take_while(is_same).count();
    let (rest, rest_before) = (&now[start..], &before[start..]);
    let end = rest.iter().rev().zip(rest_before.iter().rev()).take_while(is_same).count();
    let (middle, last) = rest_before.split_at(rest_before.len() - end);
    let mut by_key: FxHashMap<K, VecDeque<&B>> = FxHashMap::default();
    for former in middle {
        by_key.entry(key_before(former)).or_default().push_back(former);
    }
    let moved = rest[..rest.len() - end].iter().map(|now| by_key.get_mut(&key(now))?.pop_front());
    let mut pairs: Vec<_> = before[..start].iter().map(Some).collect();
    pairs.reserve(rest.len());
    pairs.extend(moved);
    pairs.extend(last.iter().map(Some));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(now: &str, before: &str) -> Vec<Option<usize>> {
        let before: Vec<_> = before.bytes().enumerate().collect();
        let pairs = pairs(now.as_bytes(), &before, |now| *now, |(_, before)| *before);
        pairs.into_iter().map(|former| former.map(|(place, _)| *place)).collect()
    }

    #[test]
    fn each_of_the_former_is_found_once_wherever_it_is() {
        assert_eq!(places("", "ab"), []);
        assert_eq!(places("ab", ""), [None, None]);
        assert_eq!(places("abc", "abc"), [Some(0), Some(1), Some(2)]);
        assert_eq!(places("axc", "abc"), [Some(0), None, Some(2)]);
        assert_eq!(places("xabc", "abc"), [None, Some(0), Some(1), Some(2)]);
        assert_eq!(places("ac", "abc"), [Some(0), Some(2)]);
        assert_eq!(places("acbd", "abcd"), [Some(0), Some(2), Some(1), Some(3)]);
        assert_eq!(places("cba", "abc"), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn equal_ones_are_as_many_as_they_were() {
        assert_eq!(places("aa", "a"), [Some(0), None]);
        assert_eq!(places("a", "aa"), [Some(0)]);
        assert_eq!(places("baab", "aaa"), [None, Some(0), Some(1), None]);
        assert_eq!(places("aba", "aab"), [Some(0), Some(2), Some(1)]);
    }
}
