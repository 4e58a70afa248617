//! Which rule comes first.

use serde_json::Value;
use std::cmp::Reverse;

/// What decides between two rules that match; the smaller comes first.
///
/// In the Gateway API's order: an exact path, the longest prefix, a method, the most headers, the most query
/// parameters, the oldest route, its name, and the order in which rules are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    path: (u8, Reverse<usize>),
    method: Reverse<bool>,
    headers: Reverse<usize>,
    queries: Reverse<usize>,
    created: String,
    route: String,
    rule: usize,
    number: usize,
}

/// Where a rule is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// Its HTTPRoute.
    pub(super) route: &'a Value,
    /// Its number there.
    pub(super) rule: usize,
    /// The number of the match in the rule.
    pub(super) number: usize,
}

impl Rank {
    /// The rank of a match.
    pub(super) fn of(written: &Value, origin: Origin<'_>) -> Self {
        let count = |field: &str| Reverse(written[field].as_array().map_or(0, Vec::len));
        let metadata = &origin.route["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default();
        let value = written["path"]["value"].as_str().unwrap_or("/");
        let length = Reverse(value.trim_end_matches('/').len());
        let path = match written["path"]["type"].as_str() {
            Some("Exact") => (0, length),
            Some("RegularExpression") => (1, length),
            _ => (2, length),
        };
        Self {
            path,
            method: Reverse(written["method"].is_string()),
            headers: count("headers"),
            queries: count("queryParams"),
            created: text("creationTimestamp").to_owned(),
            route: format!("{}/{}", text("namespace"), text("name")),
            rule: origin.rule,
            number: origin.number,
        }
    }
}
