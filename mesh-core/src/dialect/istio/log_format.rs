//! Texts with command operators, such as `%REQ(X)%`, which stand for facts about a request.

use super::Site;
use crate::document::Path;
use serde_json::Value;

/// Warns of operators that do not end; what the others mean is for whoever writes the log to know.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, text: &str) {
    // Every second part stands between percent signs; an empty one is a percent sign itself.
    let parts: Vec<&str> = text.split('%').collect();
    let remedy = "write %% for a percent sign; until then it is Istio's usual one";
    if parts.len().is_multiple_of(2) {
        site.check.warn(at, format!("unbalanced % in {text:?}"), remedy);
    } else if let Some(open) = parts.iter().skip(1).step_by(2).find(|part| is_open(part)) {
        site.check.warn(at, format!("%{open}% lacks a )"), remedy);
    }
}

/// The same for every text within an object.
pub(super) fn check_object(site: Site<'_>, at: &Path<'_>, object: &serde_json::Map<String, Value>) {
    for (key, value) in object {
        let at = at.key(key);
        match value {
            Value::String(text) => check(site, &at, text),
            Value::Object(inner) => check_object(site, &at, inner),
            _ => {}
        }
    }
}

fn is_open(operator: &str) -> bool {
    operator.contains('(') && !operator.contains(')')
}
