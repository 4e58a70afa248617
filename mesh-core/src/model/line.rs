//! Lines of documents.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// A line of a document, for explanations.
///
/// What a document means does not change when it moves within its file, and its lines give their new numbers. Lines that
/// move are equal when they always give the same number: when they belong to the same part of a file.
#[derive(Clone, Debug, Default)]
pub struct Line {
    number: u32,
    /// How many lines come before the one of number 0; none when `None`.
    before: Option<Arc<AtomicU32>>,
}

impl Line {
    /// Line `number` after those that come `before` at any time.
    pub(crate) fn moving(before: Arc<AtomicU32>, number: u32) -> Self {
        Self { number, before: Some(before) }
    }

    /// Its number now, counted from 1; 0 when it is unknown, which is the default.
    #[must_use]
    pub fn number(&self) -> u32 {
        let before = self.before.as_ref().map_or(0, |before| before.load(Relaxed));
        before.saturating_add(self.number)
    }
}

impl From<u32> for Line {
    /// The line that has this number, and keeps it.
    fn from(number: u32) -> Self {
        Self { number, before: None }
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|line| line.before.as_ref().map(Arc::as_ptr));
        (self.number, own) == (other.number, others)
    }
}

impl Eq for Line {}
