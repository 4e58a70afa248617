//! Changes of headers.

use super::secret::mark;
use http::{HeaderMap, HeaderName, HeaderValue, header::HOST};

/// One change of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Deletes every value.
    Remove(HeaderName),
    /// Overwrites, or adds when absent.
    Set(HeaderName, HeaderValue),
    /// Appends another value.
    Add(HeaderName, HeaderValue),
}

/// Changes of headers, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderEdits(Box<[Edit]>);

impl HeaderEdits {
    /// The changes of one level: removals first, then all that is set, then all that is added, each by name.
    #[must_use]
    pub fn new(mut edits: Vec<Edit>) -> Self {
        edits.sort_by(|a, b| a.order().cmp(&b.order()));
        for edit in &mut edits {
            if let Edit::Set(name, value) | Edit::Add(name, value) = edit {
                mark(name, value);
            }
        }
        Self(edits.into())
    }

    /// These changes, and after them those of another level.
    #[must_use]
    pub fn then(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    /// These changes and another level's as one: where both set a header the other wins, but for the Host.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let sets_host = |edit: &&Edit| matches!(edit, Edit::Set(name, _) if *name == HOST);
        let has_host = self.0.iter().any(|edit| sets_host(&edit));
        let others = other.0.iter().filter(|edit| !(has_host && sets_host(edit)));
        Self::new(self.0.iter().chain(others).cloned().collect())
    }

    /// Makes the changes.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for edit in &self.0 {
            match edit {
                Edit::Remove(name) => drop(headers.remove(name)),
                Edit::Set(name, value) => drop(headers.insert(name, value.clone())),
                Edit::Add(name, value) => drop(headers.append(name, value.clone())),
            }
        }
    }

    /// The changes, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Edit {
    fn order(&self) -> (u8, &str) {
        match self {
            Self::Remove(name) => (0, name.as_str()),
            Self::Set(name, _) => (1, name.as_str()),
            Self::Add(name, _) => (2, name.as_str()),
        }
    }
}
