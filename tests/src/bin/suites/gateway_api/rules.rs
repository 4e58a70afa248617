//! The rules of an HTTPRoute.

use super::{
    Cluster, filters,
    order::{Origin, Rank},
};
use crate::documents::{list, namespace, text};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One rule in Istio's words, and its place among others.
pub(super) type Ranked = (Rank, Value);

/// How a path is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewPath {
    /// All of it.
    Full(String),
    /// The prefix that matched.
    Prefix(String),
}

/// What is asked of a path, and what it becomes.
struct PathCase {
    /// The condition.
    uri: Value,
    /// What takes the place of what matched, in the words of a rewrite.
    rewrite: Option<Value>,
    /// The same in the words of a redirect.
    redirect: Option<Value>,
}

/// The rules of an HTTPRoute, each match one of its own; those of a service's port ask for it.
pub(super) fn of(cluster: Cluster<'_>, route: &Value, port: Option<u64>) -> Result<Vec<Ranked>, String> {
    let mut ranked = Vec::new();
    let everything = [json!({})];
    for (number, rule) in list(&route["spec"], "rules").iter().enumerate() {
        let action = action(cluster, rule, namespace(route))?;
        let written = list(rule, "matches");
        let matches = if written.is_empty() { &everything } else { written };
        for (index, asked) in matches.iter().enumerate() {
            let rank = Rank::of(asked, Origin { route, rule: number, number: index });
            for case in path_cases(&asked["path"], action.path.as_ref())? {
                ranked.push((rank.clone(), said(conditions(asked, &case.uri, port)?, &action, case)));
            }
        }
    }
    Ok(ranked)
}

/// What a rule does, but for the path.
struct Action {
    path: Option<NewPath>,
    fields: Map<String, Value>,
}

fn action(cluster: Cluster<'_>, rule: &Value, from: &str) -> Result<Action, String> {
    if !rule["retry"].is_null() {
        return Err("retries have no effect yet".to_owned());
    }
    if !rule["sessionPersistence"].is_null() {
        return Err("a session persistence".to_owned());
    }
    let backends = list(rule, "backendRefs");
    let mut written = list(rule, "filters").to_vec();
    // A lone backend's own filters are the rule's.
    if let [only] = backends {
        written.extend(list(only, "filters").iter().cloned());
    }
    let changes = filters::read(cluster, &written, from)?;
    let mut fields = changes.fields;
    if !fields.contains_key("redirect") {
        let destinations = destinations(cluster, backends, from)?;
        if destinations.is_empty() {
            // Istio, too, answers for backends that do not exist.
            fields.retain(|name, _| name == "headers");
            fields.insert("directResponse".to_owned(), json!({"status": 500}));
            return Ok(Action { path: None, fields });
        }
        fields.insert("route".to_owned(), destinations.into());
    }
    if let Some(timeout) = timeout(&rule["timeouts"])? {
        fields.insert("timeout".to_owned(), timeout.into());
    }
    if rule["name"].is_string() {
        fields.insert("name".to_owned(), rule["name"].clone());
    }
    Ok(Action { path: changes.path, fields })
}

/// Where requests go; nowhere when none of the backends exists.
fn destinations(cluster: Cluster<'_>, backends: &[Value], from: &str) -> Result<Vec<Value>, String> {
    let weight = |backend: &Value| backend["weight"].as_u64().unwrap_or(1);
    let mut destinations = Vec::new();
    let mut missing = 0;
    for backend in backends.iter().filter(|backend| weight(backend) > 0) {
        let Some(host) = cluster.backend(backend, from)? else {
            missing += 1;
            continue;
        };
        let mut destination = json!({"destination": {"host": host}, "weight": weight(backend)});
        if !backend["port"].is_null() {
            destination["destination"]["port"] = json!({"number": backend["port"]});
        }
        if backends.len() > 1 {
            let changes = filters::read(cluster, list(backend, "filters"), from)?;
            if changes.path.is_some() || changes.fields.keys().any(|field| field != "headers") {
                return Err("filters of one of several backends other than header changes".to_owned());
            }
            if let Some(headers) = changes.fields.get("headers") {
                destination["headers"] = headers.clone();
            }
        }
        destinations.push(destination);
    }
    match (missing, destinations.is_empty()) {
        (0, _) | (_, true) => Ok(destinations),
        _ => {
            Err("a share of requests that is answered with 500, as one of several backends is invalid"
                .to_owned())
        }
    }
}

/// The time for a request: with one attempt, that of the attempt is that of the request.
fn timeout(timeouts: &Value) -> Result<Option<String>, String> {
    let written = ["request", "backendRequest"].map(|field| text(timeouts, field));
    let mut shortest: Option<(Duration, &str)> = None;
    for text in written.into_iter().filter(|text| !text.is_empty()) {
        let lasting =
            mesh_core::document::parse_duration(text).ok_or_else(|| format!("a timeout of {text:?}"))?;
        let is_shorter = shortest.is_none_or(|(shortest, _)| lasting < shortest);
        if !lasting.is_zero() && is_shorter {
            shortest = Some((lasting, text));
        }
    }
    Ok(shortest.map(|(_, text)| text.to_owned()))
}

/// The conditions that together say what a match says of a path. A prefix is one of whole segments, which Istio's is
/// not: it is the path itself, or what starts with it and a slash.
fn path_cases(path: &Value, new: Option<&NewPath>) -> Result<Vec<PathCase>, String> {
    let value = path["value"].as_str().unwrap_or("/");
    let case = |uri: Value, prefix: Option<&str>| PathCase {
        uri,
        rewrite: new.map(|new| rewrite(new, prefix)),
        redirect: new.map(|new| redirect(new, prefix)),
    };
    let kind = path["type"].as_str().unwrap_or("PathPrefix");
    if kind != "PathPrefix" && matches!(new, Some(NewPath::Prefix(_))) {
        return Err("a prefix that is replaced where none is matched".to_owned());
    }
    match kind {
        "Exact" => Ok(vec![case(json!({"exact": value}), None)]),
        "RegularExpression" => Ok(vec![case(json!({"regex": value}), None)]),
        "PathPrefix" => {
            let bare = value.trim_end_matches('/');
            let below = case(json!({"prefix": format!("{bare}/")}), Some("/"));
            if bare.is_empty() {
                return Ok(vec![below]);
            }
            Ok(vec![case(json!({"exact": bare}), None), below])
        }
        other => Err(format!("paths of type {other}")),
    }
}

/// A replacement of the path in the words of a rewrite; `end` is what the matched prefix ends in.
fn rewrite(new: &NewPath, end: Option<&str>) -> Value {
    match (new, end) {
        (NewPath::Full(path), _) => json!({"uriRegexRewrite": {"match": "^/.*$", "rewrite": path}}),
        (NewPath::Prefix(prefix), end) => json!({"uri": replaced(prefix, end)}),
    }
}

fn redirect(new: &NewPath, end: Option<&str>) -> Value {
    match (new, end) {
        (NewPath::Full(path), _) => json!({"uri": path}),
        (NewPath::Prefix(prefix), None) => json!({"uri": replaced(prefix, None)}),
        (NewPath::Prefix(prefix), end) => json!({"prefixRewrite": replaced(prefix, end)}),
    }
}

fn replaced(prefix: &str, end: Option<&str>) -> String {
    match (prefix.trim_end_matches('/'), end) {
        ("", _) => "/".to_owned(),
        (bare, end) => format!("{bare}{}", end.unwrap_or_default()),
    }
}

fn conditions(asked: &Value, uri: &Value, port: Option<u64>) -> Result<Value, String> {
    let mut conditions = json!({"uri": uri});
    if let Some(method) = asked["method"].as_str() {
        conditions["method"] = json!({"exact": method});
    }
    for (from, to) in [("headers", "headers"), ("queryParams", "queryParams")] {
        // Of a name that is written several times the first counts.
        for item in list(asked, from).iter().rev() {
            let kind = match item["type"].as_str() {
                None | Some("Exact") => "exact",
                Some("RegularExpression") => "regex",
                Some(other) => return Err(format!("{from} of type {other}")),
            };
            conditions[to][text(item, "name")] = json!({kind: item["value"]});
        }
    }
    if let Some(port) = port {
        conditions["port"] = port.into();
    }
    Ok(conditions)
}

fn said(conditions: Value, action: &Action, case: PathCase) -> Value {
    let mut said = Value::Object(action.fields.clone());
    let is_redirect = said["redirect"].is_object();
    let (field, path) = if is_redirect { ("redirect", case.redirect) } else { ("rewrite", case.rewrite) };
    for (name, value) in path.as_ref().and_then(Value::as_object).into_iter().flatten() {
        said[field][name] = value.clone();
    }
    said["match"] = json!([conditions]);
    said
}
