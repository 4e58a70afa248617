//! Many texts that one is compared with.

use crate::model::{Glob, PathGlob};
use rustc_hash::FxHashSet;
use std::fmt;

/// Lists up to this long are compared text by text.
const FEW: usize = 8;

/// How many texts are told in an explanation.
const MOST_TOLD: usize = 5;

/// Texts, of which those that are many and written in full are looked up.
#[derive(Debug)]
pub(super) struct Texts<G> {
    exact: FxHashSet<Box<[u8]>>,
    others: Box<[G]>,
}

/// A comparison that may be with one text alone.
pub(super) trait Comparison: fmt::Display {
    /// The one text.
    fn exact(&self) -> Option<&str>;

    /// Whether a text is one of those meant.
    fn is_met(&self, text: &[u8]) -> bool;
}

impl Comparison for Glob {
    fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            _ => None,
        }
    }

    fn is_met(&self, text: &[u8]) -> bool {
        self.matches(text)
    }
}

impl Comparison for PathGlob {
    fn exact(&self) -> Option<&str> {
        match self {
            Self::Glob(glob) => glob.exact(),
            Self::Template(_) => None,
        }
    }

    fn is_met(&self, text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|path| self.matches(path))
    }
}

impl<G: Comparison> Texts<G> {
    /// These; `None` when there are none.
    pub(super) fn of(written: Vec<G>) -> Option<Self> {
        if written.is_empty() {
            return None;
        }
        if written.iter().filter(|one| one.exact().is_some()).count() <= FEW {
            return Some(Self { exact: FxHashSet::default(), others: written.into() });
        }
        let exact = written.iter().filter_map(Comparison::exact).map(|text| text.as_bytes().into()).collect();
        let others = written.into_iter().filter(|one| one.exact().is_none()).collect();
        Some(Self { exact, others })
    }

    /// Whether a text is one of these.
    pub(super) fn contain(&self, text: &[u8]) -> bool {
        (!self.exact.is_empty() && self.exact.contains(text))
            || self.others.iter().any(|one| one.is_met(text))
    }
}

impl<G> Texts<G> {
    /// Those that are written in full and looked up.
    pub(super) fn exact(&self) -> impl Iterator<Item = &str> {
        self.exact.iter().filter_map(|text| std::str::from_utf8(text).ok())
    }

    /// The others.
    pub(super) fn others(&self) -> &[G] {
        &self.others
    }
}

impl Texts<Glob> {
    /// Whether anything that is there will do.
    pub(super) fn contain_presence(&self) -> bool {
        self.others.contains(&Glob::Present)
    }
}

impl<G: Comparison> fmt::Display for Texts<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.exact.iter().map(|text| String::from_utf8_lossy(text).into_owned());
        let mut texts: Vec<String> = exact.collect();
        texts.sort();
        texts.splice(..0, self.others.iter().map(ToString::to_string));
        list(f, &texts)
    }
}

/// The first of them, and how many there are besides.
pub(super) fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    for (index, one) in all.iter().take(MOST_TOLD).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{one}")?;
    }
    match all.len().saturating_sub(MOST_TOLD) {
        0 => Ok(()),
        more => write!(f, " or one of {more} more"),
    }
}
