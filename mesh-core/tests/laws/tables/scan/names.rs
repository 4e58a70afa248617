//! Hosts and patterns as text, namespaces and labels.

use mesh_core::model::{Export, Labels};

/// What is more specific is higher: a name, then the longest wildcard.
pub(super) fn rank(pattern: &str) -> (bool, usize) {
    (!pattern.starts_with('*'), pattern.len())
}

pub(super) fn means(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

/// Whether every host of a pattern is one of another's.
pub(super) fn is_within(pattern: &str, other: &str) -> bool {
    pattern == other || other == "*" || (pattern != "*" && means(other, pattern))
}

pub(super) fn sees(export: &Export, namespace: &str) -> bool {
    match export {
        Export::Everywhere | Export::Unsaid => true,
        Export::To(namespaces) => namespaces.iter().any(|to| **to == *namespace),
    }
}

pub(super) fn has_labels(labels: &Labels, asked: &Labels) -> bool {
    asked.iter().all(|(key, value)| labels.get(key).is_some_and(|own| own == value))
}
