//! `Secret`: which keys it has. Their values are secret, and are not kept.

use super::{node::Node, read::Fields};
use std::collections::BTreeSet;

/// What the analysis looks at in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// The keys of `data` and `stringData`. Default: none.
    pub keys: BTreeSet<String>,
}

impl Secret {
    /// Reads the object itself, as a Secret has no `spec`.
    pub(super) fn of(f: &Fields<'_>) -> Self {
        let root = f.here().node;
        let entries = ["data", "stringData"].into_iter().filter_map(|field| root.get(field));
        Self { keys: entries.flat_map(Node::entries).map(|entry| entry.key.to_string()).collect() }
    }
}
