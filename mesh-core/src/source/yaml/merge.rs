//! Merge keys: `<<: *defaults` puts another mapping's entries in, where they are not written already.

use super::Mistake;
use crate::document::{Entry, Node, Value};
use smol_str::SmolStr;
use std::collections::HashSet;

/// Adds to `entries` what they lack of the merged mappings, which come in the order of their precedence.
pub(super) fn merge(entries: &mut Vec<Entry>, merged: Vec<Node>) -> Result<(), Mistake> {
    if merged.is_empty() {
        return Ok(());
    }
    let mut written: HashSet<SmolStr> = entries.iter().map(|entry| entry.key.clone()).collect();
    for node in merged {
        let mappings = match node.value {
            Value::List(mappings) => mappings,
            _ => vec![node],
        };
        for mapping in mappings {
            let Value::Map(more) = mapping.value else {
                let found = mapping.describe();
                let reason = format!("<< merges a mapping or a list of mappings, found {found}");
                return Err(Mistake::new(mapping.line as usize, reason));
            };
            entries.extend(more.into_iter().filter(|entry| written.insert(entry.key.clone())));
        }
    }
    Ok(())
}
