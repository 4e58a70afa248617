//! Small tables: host names, and comparisons with texts, paths and headers. Comparisons are judged as conditions of
//! rules that the mesh reads, and virtual hosts as those of a gateway.

use crate::spiffe;
use crate::{
    documents::{self, list, text},
    judgement::Outcome,
    rbac,
    suite::{read, tables},
};
use http::{HeaderName, HeaderValue, Request};
use mesh_core::{
    document::Fault,
    model::HostPattern,
    table::{Decision, GatewayRole, RequestView, Snapshot, Viewpoint},
};
use serde_json::{Value, json};
use std::path::Path;

/// The host of every request.
const HOST: &str = "a.example";

/// Judges every row of every table, by table.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let mut rows = Vec::new();
    for file in &tables(folder)? {
        let table = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let judged = read::<Vec<Value>>(file)?;
        rows.extend(
            judged.iter().map(|row| (table.to_owned(), text(row, "id").to_owned(), outcome(table, row))),
        );
    }
    Ok(rows)
}

fn outcome(table: &str, row: &Value) -> Outcome {
    match table {
        "istio_host_names" => host_names(row),
        "grpc_string_matcher_protos" => string_matcher(row),
        "grpc_path_matchers" => path_matcher(row),
        "grpc_header_matchers" => header_matcher(row),
        "grpc_vhost_matching" => virtual_host(row),
        "grpc_rbac_construct" => rbac::construct(row),
        "grpc_rbac_engine" => rbac::engine(row),
        "istio_spiffe" => spiffe::of_istio(row),
        "spiffe_ids" => spiffe::id(row),
        _ => Outcome::unsaid("cannot be said: no judge yet"),
    }
}

fn host_names(row: &Value) -> Outcome {
    let id = text(row, "id");
    if id.contains("/TestMoreSpecific/") {
        return Outcome::unsaid("hosts that have none in common are not ordered");
    }
    let is_subset = id.contains("/TestNameSubsetOf/");
    let (Some(a), Some(b), Some(out)) = (row["a"].as_str(), row["b"].as_str(), row["out"].as_bool()) else {
        return Outcome::unsaid("what is expected did not get into the row");
    };
    let (Ok(a_is), Ok(b_is)) = (HostPattern::parse(a), HostPattern::parse(b)) else {
        return Outcome::unsaid("not a host name: it would be refused when read");
    };
    if [a, b].iter().any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase())) {
        return Outcome::unsaid("host names are in lower case once they are read");
    }
    let got = if is_subset { b_is.covers(&a_is) } else { a_is.narrower(&b_is).is_some() };
    Outcome::of(&out, &got)
}

fn string_matcher(row: &Value) -> Outcome {
    let Some(valid) = row["valid"].as_bool() else { return Outcome::unsaid("no verdict") };
    let matcher = &row["matcher"];
    if ["suffix", "contains"].iter().any(|kind| !matcher[kind].is_null()) {
        return Outcome::unsaid("a comparison that Istio's documents do not have");
    }
    let comparison = match matcher["safeRegex"]["regex"].as_str() {
        Some(regex) => json!({"regex": regex}),
        None if matcher.is_null() => Value::Null,
        None => json!({"exact": matcher["exact"], "prefix": matcher["prefix"]}),
    };
    // Of paths alone the letter case can be ignored.
    let conditions = match matcher["ignoreCase"] == true {
        true => json!({"uri": comparison, "ignoreUriCase": true}),
        false => json!({"headers": {"x-any": comparison}}),
    };
    Outcome::of(&valid, &matches(&conditions, &RequestView::outbound(&request())).is_ok())
}

fn path_matcher(row: &Value) -> Outcome {
    let (Some(path), Some(want)) = (row["path"].as_str(), row["want"].as_bool()) else {
        return Outcome::unsaid("not a comparison of a path");
    };
    let uri = json!({"exact": row["fullPath"], "prefix": row["prefix"], "regex": row["regexPath"]});
    let conditions = json!({"uri": uri, "ignoreUriCase": row["caseInsensitive"]});
    // As it is written: a path need not start with a slash here.
    said(want, matches(&conditions, &RequestView { path, ..RequestView::outbound(&request()) }))
}

fn header_matcher(row: &Value) -> Outcome {
    let (Some(key), Some(want)) = (row["key"].as_str(), row["want"].as_bool()) else {
        return Outcome::unsaid("not a comparison of a header");
    };
    if ["start", "suffix"].iter().any(|kind| !row[kind].is_null()) {
        return Outcome::unsaid("a comparison that Istio's documents do not have");
    }
    let present = row["present"].as_bool();
    let is_inverted = (row["invert"] == true) != (present == Some(false));
    if is_inverted && present.is_none() && row["md"][key].is_null() {
        return Outcome::unsaid(
            "what is unwanted of an absent header: it is none to gRPC, and empty to Istio",
        );
    }
    if list(&row["md"], key).len() > 1 && present.is_none() {
        return Outcome::unsaid(
            "lines of one header: gRPC joins them, Envoy and Istio compare each for itself",
        );
    }
    let comparison = match present {
        Some(_) => json!({}),
        None => json!({"exact": row["exact"], "prefix": row["prefix"], "regex": row["regexStr"]}),
    };
    let field = if is_inverted { "withoutHeaders" } else { "headers" };
    let mut request = request();
    for value in list(&row["md"], key).iter().filter_map(Value::as_str) {
        let pair = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(value));
        let (Ok(name), Ok(value)) = pair else { return Outcome::unsaid("not a header") };
        request.headers_mut().append(name, value);
    }
    said(want, matches(&json!({field: {key: comparison}}), &RequestView::outbound(&request)))
}

/// Whose virtual host a request is for: prefixes of hosts are left out where something else is expected to win.
fn virtual_host(row: &Value) -> Outcome {
    let host = text(row, "host");
    let of = |virtual_host: &Value| -> Vec<String> {
        let domains = list(virtual_host, "Domains").iter().filter_map(Value::as_str);
        domains.filter(|domain| HostPattern::parse(domain).is_ok()).map(str::to_owned).collect()
    };
    if !of(&row["want"])
        .iter()
        .any(|domain| HostPattern::parse(domain).is_ok_and(|domain| domain.matches(host)))
    {
        return Outcome::unsaid("Istio's hosts have no wildcard at their end, nor digits alone at their top");
    }
    let server = json!({"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]});
    let mut written = vec![document("Gateway", "door", &json!({"servers": [server]}))];
    for (number, virtual_host) in list(row, "vHosts").iter().enumerate() {
        let rule = json!({"directResponse": {"status": 200}});
        let spec = json!({"gateways": ["door"], "hosts": of(virtual_host), "http": [rule]});
        if spec["hosts"] != json!([]) {
            written.push(document("VirtualService", &number.to_string(), &spec));
        }
    }
    let viewpoint =
        Viewpoint { namespace: "default".into(), gateway: GatewayRole::BySelector, ..Viewpoint::default() };
    let snapshot = Snapshot::compile(&documents::take(&written).0, &viewpoint, None);
    let mut request = Request::new(());
    if let Ok(host) = HeaderValue::from_str(host) {
        request.headers_mut().insert(http::header::HOST, host);
    }
    let explanation = snapshot.explain(&RequestView::at_gateway(&request, 80, false));
    let wanted = list(row, "vHosts").iter().position(|virtual_host| *virtual_host == row["want"]);
    let wanted = wanted.map(|number| format!("default/{number}"));
    Outcome::of(&wanted, &explanation.virtual_services.first().cloned())
}

fn request() -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = format!("http://{HOST}/").parse().unwrap_or_default();
    request
}

fn document(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn said(want: bool, got: Result<bool, String>) -> Outcome {
    got.map_or_else(Outcome::unsaid, |got| Outcome::of(&want, &got))
}

/// Whether a request meets the conditions of a rule; or why they are refused.
fn matches(conditions: &Value, request: &RequestView<'_>) -> Result<bool, String> {
    let mut conditions = conditions.clone();
    without_nulls(&mut conditions);
    let rule = json!({"match": [conditions], "directResponse": {"status": 200}});
    let written = document("VirtualService", "rules", &json!({"hosts": [HOST], "http": [rule]}));
    let (model, status) = documents::take(&[written]);
    if let Some(fault) = status.faults.iter().find(|fault| fault.is_refusal()) {
        return Err(Fault::to_string(fault));
    }
    let snapshot = Snapshot::compile(&model, &Viewpoint::default(), None);
    Ok(matches!(snapshot.decide(request, 0), Decision::Answer(_)))
}

/// Takes out what a row leaves open within its comparisons; a comparison that is `null` as a whole stays.
fn without_nulls(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    for comparison in fields.values_mut() {
        for inner in comparison.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
            if let Some(inner) = inner.as_object_mut() {
                inner.retain(|_, value| !value.is_null());
            }
        }
        if let Some(kinds) = comparison.as_object_mut().filter(|kinds| kinds.contains_key("exact")) {
            kinds.retain(|_, value| !value.is_null());
        }
    }
    fields.retain(|name, value| name != "ignoreUriCase" || !value.is_null());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_that_is_met_differs_from_one_that_is_not() {
        let row = |want: bool| json!({"id": "a", "key": "x", "exact": "1", "md": {"x": ["1"]}, "want": want});
        assert_eq!(header_matcher(&row(true)), Outcome::Agrees);
        assert!(matches!(header_matcher(&row(false)), Outcome::Differs { .. }));
        let row = |want: bool| json!({"id": "a", "prefix": "/a", "path": "/A", "caseInsensitive": want, "want": true});
        assert_eq!(path_matcher(&row(true)), Outcome::Agrees);
        assert!(matches!(path_matcher(&row(false)), Outcome::Differs { .. }));
    }

    #[test]
    fn an_unwanted_header_is_looked_for() {
        let row = |md: Value, want: bool| json!({"id": "a", "key": "x", "exact": "1", "md": md, "invert": true, "want": want});
        assert_eq!(header_matcher(&row(json!({"x": ["2"]}), true)), Outcome::Agrees);
        assert_eq!(header_matcher(&row(json!({"x": ["1"]}), false)), Outcome::Agrees);
        assert!(matches!(header_matcher(&row(json!({}), true)), Outcome::Unsaid { .. }));
    }

    #[test]
    fn a_refused_comparison_is_not_valid() {
        let valid =
            |matcher: Value, valid: bool| string_matcher(&json!({"matcher": matcher, "valid": valid}));
        assert_eq!(valid(json!({"prefix": ""}), false), Outcome::Agrees);
        assert_eq!(valid(Value::Null, false), Outcome::Agrees);
        assert!(matches!(valid(json!({"prefix": "a"}), false), Outcome::Differs { .. }));
    }

    #[test]
    fn the_virtual_host_of_a_host_is_told_by_its_place() {
        let row = |want: &str| {
            let hosts = [json!({"Domains": ["*.b.com"]}), json!({"Domains": ["a.b.com"]})];
            json!({"host": "a.b.com", "vHosts": hosts, "want": {"Domains": [want]}})
        };
        assert_eq!(virtual_host(&row("a.b.com")), Outcome::Agrees);
        assert!(matches!(virtual_host(&row("*.b.com")), Outcome::Differs { .. }));
    }
}
