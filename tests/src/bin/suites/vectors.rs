//! Small tables: host names, and comparisons with texts, paths and headers.

use crate::{
    judgement::Outcome,
    suite::{read, tables},
};
use mesh_core::model::{HostPattern, PathMatch, Pattern, TextMatch};
use serde_json::Value;
use std::path::Path;

/// Judges every row of every table, by table.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let mut rows = Vec::new();
    for file in &tables(folder)? {
        let table = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let judged = read::<Vec<Value>>(file)?;
        rows.extend(judged.iter().map(|row| (table.to_owned(), id(row), outcome(table, row))));
    }
    Ok(rows)
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap_or_default().to_owned()
}

fn outcome(table: &str, row: &Value) -> Outcome {
    match table {
        "istio_host_names" => host_names(row),
        "grpc_string_matcher_protos" => string_matcher(row),
        "grpc_path_matchers" => path_matcher(row),
        "grpc_header_matchers" => header_matcher(row),
        _ => Outcome::unsaid("cannot be said: no judge yet"),
    }
}

fn host_names(row: &Value) -> Outcome {
    let id = id(row);
    let is_subset = id.contains("/TestNameSubsetOf/");
    let (Some(a), Some(b), Some(out)) = (row["a"].as_str(), row["b"].as_str(), row["out"].as_bool()) else {
        return Outcome::unsaid("lists of hosts are not compared as such");
    };
    if !is_subset && !id.contains("/TestNameMatches/") {
        return Outcome::unsaid("hosts are not ordered as such");
    }
    let (Ok(a_is), Ok(b_is)) = (HostPattern::parse(a), HostPattern::parse(b)) else {
        return Outcome::unsaid("not a host name: it would be refused when read");
    };
    if [a, b].iter().any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase())) {
        return Outcome::unsaid("host names are in lower case once they are read");
    }
    let got = if is_subset { b_is.covers(&a_is) } else { b_is.covers(&a_is) || a_is.covers(&b_is) };
    Outcome::of(&out, &got)
}

/// A comparison, if it is one of those that routes have; or why it cannot be made.
fn comparison(exact: &Value, prefix: &Value, regex: &Value) -> Option<Result<TextMatch, String>> {
    if let Some(exact) = exact.as_str() {
        return Some(Ok(TextMatch::Exact(exact.into())));
    }
    if let Some(prefix) = prefix.as_str() {
        return Some(Ok(TextMatch::Prefix(prefix.into())));
    }
    let pattern = Pattern::parse(regex.as_str()?);
    Some(pattern.map(TextMatch::Regex).map_err(|reason| reason.to_string()))
}

fn string_matcher(row: &Value) -> Outcome {
    let matcher = &row["matcher"];
    let regex = matcher["safe_regex"]["regex"].as_str().or(matcher["safeRegex"]["regex"].as_str());
    match (regex, row["valid"].as_bool()) {
        (Some(regex), Some(valid)) => Outcome::of(&valid, &Pattern::parse(regex).is_ok()),
        _ => Outcome::unsaid("checked where a document is read, not by the comparison"),
    }
}

fn path_matcher(row: &Value) -> Outcome {
    let (Some(path), Some(want)) = (row["path"].as_str(), row["want"].as_bool()) else {
        return Outcome::unsaid("not a comparison of a path");
    };
    let ignore_case = row["caseInsensitive"].as_bool().unwrap_or_default();
    match comparison(&row["fullPath"], &row["prefix"], &row["regexPath"]) {
        Some(Ok(text)) => Outcome::of(&want, &PathMatch { text, ignore_case }.matches(path)),
        Some(Err(reason)) => Outcome::unsaid(reason),
        None => Outcome::unsaid("a comparison that routes do not have"),
    }
}

fn header_matcher(row: &Value) -> Outcome {
    let (Some(key), Some(want)) = (row["key"].as_str(), row["want"].as_bool()) else {
        return Outcome::unsaid("not a comparison of a header");
    };
    if row["invert"].as_bool().unwrap_or_default() {
        return Outcome::unsaid("inverted comparisons are withoutHeaders, which an absent header satisfies");
    }
    let text = match comparison(&row["exact"], &row["prefix"], &row["regexStr"]) {
        Some(Ok(text)) => text,
        Some(Err(reason)) => return Outcome::unsaid(reason),
        None if row["present"].as_bool() == Some(true) => TextMatch::Present,
        None => return Outcome::unsaid("a comparison that routes do not have"),
    };
    let values: Vec<&str> =
        row["md"][key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Outcome::of(&want, &(!values.is_empty() && text.matches(&values.join(","))))
}
