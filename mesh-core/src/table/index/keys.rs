//! What a rule can be filed under: conditions that a request either meets with one value, or not at all.

use crate::{
    model::{HeaderMatch, PathMatch, Pattern, QueryMatch, TextMatch},
    table::{matcher::Condition, snapshot::Rule},
};
use http::{HeaderName, header::HOST};
use std::borrow::Cow;

/// One condition of a rule, by which it can be found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    /// The path is this.
    Path(&'a str),
    /// The path begins with this; never empty.
    Prefix(Cow<'a, str>),
    /// The header is this.
    Header(&'a HeaderName, &'a str),
    /// The query parameter is this.
    Query(&'a str, &'a str),
}

/// Every condition of a rule by which it can be found.
pub(super) fn keys(rule: &Rule) -> Vec<Key<'_>> {
    rule.conditions.iter().filter_map(key).collect()
}

fn key(condition: &Condition) -> Option<Key<'_>> {
    match condition {
        Condition::Path(path) => path_key(path),
        Condition::Header(header) => header_key(header),
        Condition::Query(query) => query_key(query),
        _ => None,
    }
}

fn path_key(path: &PathMatch) -> Option<Key<'_>> {
    match &path.text {
        // Letter case ignored, there is more than one value.
        _ if path.ignore_case => None,
        TextMatch::Exact(text) => Some(Key::Path(text)),
        TextMatch::Prefix(text) if !path.is_everything() => Some(Key::Prefix(Cow::Borrowed(text))),
        TextMatch::Regex(pattern) => literal_beginning(pattern).map(|text| Key::Prefix(Cow::Owned(text))),
        TextMatch::Prefix(_) | TextMatch::Present => None,
    }
}

fn header_key(header: &HeaderMatch) -> Option<Key<'_>> {
    match &header.value {
        // The host is not always a header.
        TextMatch::Exact(value) if header.name != HOST => Some(Key::Header(&header.name, value)),
        _ => None,
    }
}

fn query_key(query: &QueryMatch) -> Option<Key<'_>> {
    match &query.value {
        TextMatch::Exact(value) => Some(Key::Query(&query.name, value)),
        _ => None,
    }
}

/// What every text that matches a pattern begins with; `None` when they have nothing in common.
fn literal_beginning(pattern: &Pattern) -> Option<String> {
    let hir = regex_syntax::parse(pattern.as_str()).ok()?;
    let beginnings = regex_syntax::hir::literal::Extractor::new().extract(&hir);
    let common = beginnings.longest_common_prefix().filter(|common| !common.is_empty())?;
    // A character may be cut in two: what differs is its second half.
    std::str::from_utf8(common).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_filed_under_what_all_its_texts_begin_with() {
        for (pattern, expected) in [
            ("/api/v1/[0-9]+", Some("/api/v1/")),
            ("/api/(a|b)/c", Some("/api/")),
            ("/api", Some("/api")),
            ("/(shop|ship)/.*", Some("/sh")),
            (".*", None),
            ("(?i)/api", Some("/")),
            ("/a|/b", Some("/")),
            ("a|b", None),
            ("(/a)?b", None),
            ("x*y", None),
            ("^/api/.*$", Some("/api/")),
        ] {
            let pattern = Pattern::parse(pattern).expect("a pattern");
            assert_eq!(literal_beginning(&pattern).as_deref(), expected, "{}", pattern.as_str());
        }
    }
}
