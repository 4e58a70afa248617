//! What W3C's own tests of trace context send, and what the next hop must see.

use crate::{
    documents::{list, text},
    judgement::{Comparison, Outcome},
    suite::{read, tables},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_tower::trace::{Incoming, SpanId, TraceContext, TraceFormats, TraceId};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// Judges every row, by the test that it is from.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let mut rows = Vec::new();
    for file in tables(folder)? {
        let table: Vec<Value> = read(&file)?;
        rows.extend(table.iter().map(|row| {
            (
                text(row, "test").to_owned(),
                text(row, "id").to_owned(),
                outcome(row).unwrap_or_else(|| Outcome::unsaid("not headers, or a check that is not known")),
            )
        }));
    }
    Ok(rows)
}

/// What is found about one row; `None` when it cannot be read.
fn outcome(row: &Value) -> Option<Outcome> {
    let sent = headers(row)?;
    // A test may make several calls of one request.
    let calls = row["callbacks"].as_u64().unwrap_or(1);
    let seen: Vec<HeaderMap> = (0..calls).map(|_| next(&sent)).collect();
    let mut comparison = Comparison::default();
    for headers in &seen {
        let Some(context) = Incoming::read(headers).context else {
            comparison.check("traceparent", false, "a valid one", headers);
            continue;
        };
        continuation(row, &context, &mut comparison);
        let state = members(headers);
        for assertion in list(row, "asserts") {
            check(assertion, &context, &state, &mut comparison)?;
        }
        by_name(row, &state, &mut comparison);
    }
    let spans: std::collections::BTreeSet<_> =
        seen.iter().filter_map(|headers| Some(Incoming::read(headers).context?.span.number())).collect();
    comparison.part("spans", &seen.len(), &spans.len());
    Some(comparison.outcome())
}

/// The request's headers as a server hands them on: without the space around their values. `None` when one is no header.
fn headers(row: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in list(row, "request_headers") {
        let name = HeaderName::from_bytes(line[0].as_str()?.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(line[1].as_str()?).ok()?);
    }
    Some(headers)
}

/// The headers of a call that the request causes.
fn next(sent: &HeaderMap) -> HeaderMap {
    let mut headers = sent.clone();
    let incoming = Incoming::read(sent);
    let span = SpanId::random(|| fastrand::u32(..));
    let context = match incoming.context {
        Some(context) => context.child(span),
        None => TraceContext::begin(TraceId::random(|| fastrand::u32(..)), span, true),
    };
    incoming.replace(&context, TraceFormats::W3C, &mut headers);
    headers
}

/// Whether the trace that came goes on, as far as the row says.
fn continuation(row: &Value, context: &TraceContext, comparison: &mut Comparison) {
    let got = context.trace.to_string();
    if let Some(trace) = text(row, "expect_trace_id").strip_prefix("continues ") {
        comparison.part("trace", trace, got.as_str());
    } else if text(row, "expect_trace_id") == "new trace id" {
        let sent = list(row, "request_headers").iter().filter_map(|line| line[1].as_str());
        let is_new = sent.clone().all(|sent| !sent.contains(&got));
        comparison.check("trace", is_new, "a new one", &got);
    }
}

/// One assertion of the test; `None` when it is of a kind that is not known.
fn check(
    assertion: &Value,
    context: &TraceContext,
    state: &BTreeMap<String, String>,
    comparison: &mut Comparison,
) -> Option<()> {
    let part = |number: usize| assertion[number].as_str().unwrap_or_default();
    let trace = context.trace.to_string();
    let parent = context.span.to_string();
    let (name, expected) = (part(1), part(2));
    let got = match name {
        "traceparent.trace_id.hex()" => Some(trace.as_str()),
        "traceparent.parent_id.hex()" => Some(parent.as_str()),
        _ => key(name).and_then(|key| state.get(key)).map(String::as_str),
    };
    match part(0) {
        // The test compared what it had recorded itself, or looked for a member that is not to be there: see `by_name`.
        "assertEqual" if !name.starts_with("trace") => {}
        "assertRaises" => {}
        "assertEqual" => comparison.part(name, &Some(expected), &got),
        "assertNotEqual" => comparison.check(name, got != Some(expected), "another one", &got),
        "assertIn" => comparison.check("tracestate", state.contains_key(name), name, state),
        "assert_bit_set" => comparison.check(name, context.is_random, "the random flag", context),
        _ => return None,
    }
    Some(())
}

/// The key that is looked up in `tracestate['key']`.
fn key(name: &str) -> Option<&str> {
    name.strip_prefix("tracestate['")?.strip_suffix("']")
}

/// What the tests check of `tracestate` in a way that could not be recorded.
fn by_name(row: &Value, state: &BTreeMap<String, String>, comparison: &mut Comparison) {
    let test = text(row, "test");
    let asserts = list(row, "asserts");
    let is_refused = asserts.iter().any(|assertion| assertion[0] == "assertRaises");
    if is_refused || test == "test_tracestate_included_traceparent_missing" {
        // Where one member is invalid, or too many, all of them go.
        comparison.check("tracestate", state.is_empty(), "none", state);
    }
    if test == "test_tracestate_duplicated_keys" {
        let seen = state.get("foo").map(String::as_str);
        comparison.check("foo", matches!(seen, Some("1" | "2")), "1 or 2", &seen);
    }
    if test == "test_tracestate_multiple_headers_different_keys" {
        let expected = [("bar", "2"), ("baz", "3"), ("congo", "2"), ("foo", "1"), ("rojo", "1")];
        let got: Vec<_> = state.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        comparison.part("tracestate", &expected[..], &got[..]);
    }
}

/// The members of `tracestate`.
fn members(headers: &HeaderMap) -> BTreeMap<String, String> {
    let values = headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok());
    let members = values.flat_map(|value| value.split(',')).map(|member| member.trim_matches([' ', '\t']));
    let pairs = members.filter_map(|member| member.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_next_hop_sees_is_compared() {
        let row = |trace: &str, value: &str| {
            let sent = [
                ["traceparent", "00-12345678901234567890123456789012-1234567890123456-00"],
                ["tracestate", "foo=1"],
            ];
            let asserts = [
                ["assertEqual", "tracestate['foo']", value],
                ["assertEqual", "traceparent.trace_id.hex()", trace],
            ];
            json!({"test": "a", "id": "b", "request_headers": sent, "asserts": asserts})
        };
        let trace = "12345678901234567890123456789012";
        assert_eq!(outcome(&row(trace, "1")), Some(Outcome::Agrees));
        assert!(matches!(outcome(&row(trace, "2")), Some(Outcome::Differs { .. })));
        assert!(matches!(outcome(&row("1", "1")), Some(Outcome::Differs { .. })));
    }

    #[test]
    fn a_state_that_is_to_go_is_looked_for() {
        let row = |state: &str| {
            let sent = [
                ["traceparent", "00-12345678901234567890123456789012-1234567890123456-00"],
                ["tracestate", state],
            ];
            json!({"request_headers": sent, "asserts": [["assertRaises", "KeyError", "a function"]]})
        };
        assert_eq!(outcome(&row("foo =1")), Some(Outcome::Agrees));
        assert!(matches!(outcome(&row("foo=1")), Some(Outcome::Differs { .. })));
    }
}
