//! Leaves out many rules at once: those that need what many others need, too, and a request lacks.
//!
//! Where rules overlap, or only say what must not be, no value is rare enough to file them under. What many of them need is
//! compared once for all, and a bit for each rule says whether it needs that.

use super::{
    facts::Facts,
    test::{Stance, Test},
    trust::Domains,
};
use crate::model::{AuthorizationRule, Clause};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// The most rules that have bits, so that those of a request need no memory: 4,096.
const MOST_RULES: usize = 64 * WORDS;
const WORDS: usize = 64;
/// What fewer rules need than these is not compared for all.
const LEAST_SHARED: usize = 4;
/// The most that is compared for all.
const MOST_SHARED: usize = 32;

/// What many rules need.
#[derive(Debug, Default)]
pub(super) struct Masks {
    words: usize,
    shared: Vec<(Test, Box<[u64]>)>,
    /// The rules that need nothing else.
    whole: Box<[u64]>,
}

/// The rules that a request may still be for.
pub(super) struct Alive<'a> {
    bits: [u64; WORDS],
    words: usize,
    whole: &'a [u64],
}

/// What each request must meet that a rule is for.
pub(super) struct Needs {
    /// Piece by piece.
    pieces: Vec<Clause>,
    /// Whether there is nothing else: no choice between sources, or between operations.
    is_all: bool,
}

impl Needs {
    pub(super) fn of(rule: &AuthorizationRule) -> Self {
        let only = |parts: &[Vec<Clause>]| if let [part] = parts { part.clone() } else { Vec::new() };
        let tests = rule.conditions.iter().cloned().chain(only(&rule.sources)).chain(only(&rule.operations));
        let pieces = tests.flat_map(|clause| clause.pieces()).collect();
        Self { pieces, is_all: rule.sources.len() <= 1 && rule.operations.len() <= 1 }
    }
}

impl Masks {
    /// What of the needs of rules, in their order, many of them share.
    pub(super) fn of(needs: &[Needs], domains: &Domains) -> Self {
        if needs.len() > MOST_RULES {
            return Self::default();
        }
        let mut by_text: FxHashMap<String, (&Clause, Vec<usize>)> = FxHashMap::default();
        for (number, own) in needs.iter().enumerate() {
            for clause in &own.pieces {
                let (_, rules) = by_text.entry(format!("{clause:?}")).or_insert((clause, Vec::new()));
                rules.push(number);
            }
        }
        let least = LEAST_SHARED.max(needs.len() / MOST_SHARED);
        let mut shared: Vec<_> = by_text.into_values().filter(|(_, rules)| rules.len() >= least).collect();
        // Of those that as many need the one that comes first: what is looked at does not depend on chance.
        shared.sort_by_key(|(_, rules)| (Reverse(rules.len()), rules.first().copied()));
        shared.truncate(MOST_SHARED);
        let words = needs.len().div_ceil(64);
        let mut told = vec![0; needs.len()];
        shared.iter().flat_map(|(_, rules)| rules).for_each(|rule| told[*rule] += 1);
        let mut whole = vec![0; words].into_boxed_slice();
        for (rule, needs) in needs.iter().enumerate() {
            let is_whole = needs.is_all && told[rule] == needs.pieces.len();
            whole[rule / 64] |= u64::from(is_whole) << (rule % 64);
        }
        let mask = |(clause, rules): (&Clause, Vec<usize>)| {
            let mut bits = vec![0; words].into_boxed_slice();
            rules.iter().for_each(|rule| bits[rule / 64] |= 1 << (rule % 64));
            (Test::of(clause, domains), bits)
        };
        Self { words, shared: shared.into_iter().map(mask).collect(), whole }
    }

    /// The rules that a request lacks nothing for that many of them need; `None` where they need nothing in common.
    pub(super) fn alive(&self, facts: &Facts<'_>, stance: Stance) -> Option<Alive<'_>> {
        if self.shared.is_empty() {
            return None;
        }
        let mut alive = Alive { bits: [u64::MAX; WORDS], words: self.words, whole: &self.whole };
        for (_, needing) in self.shared.iter().filter(|(test, _)| test.failure(facts, stance).is_some()) {
            alive.bits.iter_mut().zip(needing).for_each(|(alive, needing)| *alive &= !needing);
        }
        Some(alive)
    }
}

impl Alive<'_> {
    /// Whether a rule that is one of them needs nothing that is not known to be met.
    pub(super) fn is_whole(&self, rule: u32) -> bool {
        self.whole[rule as usize / 64] >> (rule % 64) & 1 == 1
    }

    /// Whether a rule is one of them.
    pub(super) fn has(&self, rule: u32) -> bool {
        self.bits[rule as usize / 64] >> (rule % 64) & 1 == 1
    }

    /// Those below `count`, in their order.
    pub(super) fn below(&self, count: u32) -> impl Iterator<Item = u32> {
        let of_word = |(index, word): (u32, &u64)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        };
        (0..).zip(&self.bits[..self.words]).flat_map(of_word).take_while(move |rule| *rule < count)
    }
}
