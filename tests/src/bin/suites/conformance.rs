//! Requests through the Gateway API's documents, which are said in Istio's words first.

use crate::{
    documents,
    gateway_api::{GATEWAY_LABEL, convert},
    judgement::{Comparison, Outcome},
    suite::read,
    world::{Call, Member, Reply, World, judge_all},
};
use http::Uri;
use mesh_core::model::Labels;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// One row of the index.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    test: String,
    kind: String,
    applies_to: String,
    manifests: Vec<String>,
    base_manifests: String,
    #[serde(default)]
    gateway: Value,
    #[serde(default)]
    client: Value,
    request: Value,
    expect: Value,
    /// What of the row could not be taken from the suite.
    #[serde(default)]
    extraction: String,
}

/// Judges every row, by the test it is of.
pub(crate) async fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("index.json"))?;
    let mut worlds: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    let mut judged = Vec::new();
    for row in &rows {
        match unsaid(row) {
            Some(reason) => judged.push((row, Outcome::unsaid(reason))),
            None => worlds.entry(row.world()).or_default().push(row),
        }
    }
    let worlds = worlds.into_values().map(|rows| async move { outcomes(folder, &rows).await });
    judged.extend(judge_all(worlds).await?);
    judged.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    Ok(judged.into_iter().map(|(row, outcome)| (row.test.clone(), row.id.clone(), outcome)).collect())
}

/// Why nothing can be said about a row, whatever its documents are.
fn unsaid(row: &Row) -> Option<String> {
    let expects = |field: &str| !row.expect[field].is_null();
    let reason = match row.kind.as_str() {
        "grpc" => "GRPCRoutes are not read yet",
        "http-retry" => "retries have no effect yet",
        _ if row.test.starts_with("MeshGRPC") => "GRPCRoutes are not read yet",
        _ if row.applies_to.contains("ListenerSet") => "Istio has no document like a ListenerSet",
        _ if row.applies_to.contains("TLSRoute") => "TLS that ends at the backend is not routed yet",
        _ if expects("mirrored_to") => "the upstreams of these rows do not tell copies from requests",
        _ if row.expect["status"] == serde_json::json!([421]) => {
            "no document of Istio's asks for 421 where a connection is for another host"
        }
        _ if !row.extraction.is_empty() => return Some(format!("the row is not whole: {}", row.extraction)),
        _ => return None,
    };
    Some(reason.to_owned())
}

impl Row {
    /// What tells its world from others: rows of the same world share it.
    fn world(&self) -> String {
        format!("{} {} {}", self.manifests.join(" "), self.gateway["gateway"], self.client)
    }

    fn gateway_name(&self) -> Option<&str> {
        let name = self.gateway["gateway"].as_str()?;
        Some(name.rsplit_once('/').map_or(name, |(_, name)| name))
    }

    fn member(&self, rows: &[&Self]) -> Result<Member, String> {
        if let Some(name) = self.gateway_name() {
            let labels = Labels::from([(GATEWAY_LABEL.to_owned(), name.to_owned())]);
            let hosts = rows.iter().filter_map(|row| row.request["sni"].as_str()).map(str::to_owned);
            return Ok(Member::Gateway { labels, hosts: hosts.collect() });
        }
        let namespace = documents::text(&self.client, "namespace").to_owned();
        let pairs = documents::text(&self.client, "app").split(',').filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        if namespace.is_empty() { Err(self.id.clone()) } else { Ok(Member::Service { namespace, labels }) }
    }

    fn call(&self) -> Call {
        let request = &self.request;
        let text = |field: &str| documents::text(request, field).to_owned();
        let headers = request["headers"].as_object().into_iter().flatten();
        let headers =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        Call {
            method: documents::or(&text("method"), "GET").to_owned(),
            host: documents::or(&text("host"), "gateway.example").to_owned(),
            path: text("path"),
            headers: headers.collect(),
            is_http2: text("protocol") == "H2",
            port: self.gateway["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(80),
            sni: request["sni"].as_str().map(str::to_owned),
        }
    }
}

/// Judges the rows of one world.
async fn outcomes<'a>(folder: &Path, rows: &[&'a Row]) -> Result<Vec<(&'a Row, Outcome)>, String> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let mut written = documents::read(&folder.join(&first.base_manifests))?;
    for manifest in &first.manifests {
        written.extend(documents::read(&folder.join(manifest))?);
    }
    let converted = match convert(&written) {
        Ok(converted) => converted,
        Err(what) => {
            let outcome = Outcome::unsaid(format!("a VirtualService cannot say it: {what}"));
            return Ok(rows.iter().map(|row| (*row, outcome.clone())).collect());
        }
    };
    let world = World::start(first.member(rows)?, &converted).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let call = row.call();
        let outcome = match world.send(&call).await {
            Ok(reply) => compared(&row.expect, &call, &reply, &world),
            Err(reason) => Outcome::Differs {
                expected: row.expect.to_string(),
                got: "no answer".to_owned(),
                fault: Some(reason),
            },
        };
        outcomes.push((*row, outcome.blaming(world.fault())));
    }
    Ok(outcomes)
}

/// Compares an answer with what is expected.
fn compared(expect: &Value, call: &Call, reply: &Reply, world: &World) -> Outcome {
    let mut comparison = Comparison::default();
    let statuses = &expect["status"];
    let is_one = statuses.as_array().is_some_and(|list| list.iter().any(|status| *status == reply.status));
    comparison.check("status", is_one, statuses, &reply.status);
    backend(&mut comparison, expect, reply);
    if expect["redirect"].is_object() {
        redirect(&mut comparison, &expect["redirect"], call, reply);
    }
    for (name, value) in expect["response_headers"].as_object().into_iter().flatten() {
        comparison.part(name, &value.as_str().map(str::to_owned), &reply.header(name));
    }
    for name in documents::list(expect, "response_absent_headers").iter().filter_map(Value::as_str) {
        comparison.part(name, &None, &reply.header(name));
    }
    if let Some(shares) = expect["distribution"].as_object() {
        let tolerance = expect["distribution_tolerance"].as_f64().unwrap_or_default();
        let got = world.shares(call, 500).unwrap_or_default();
        for (name, share) in shares {
            let (expected, got) =
                (share.as_f64().unwrap_or_default(), got.get(name).copied().unwrap_or_default());
            comparison.check(name, (expected - got).abs() <= tolerance, &expected, &got);
        }
    }
    comparison.outcome()
}

/// Compares who answered, and what reached it.
fn backend(comparison: &mut Comparison, expect: &Value, reply: &Reply) {
    let request = &expect["backend_request"];
    if expect["backend"].is_null() && request.is_null() {
        return;
    }
    let Some(seen) = &reply.seen else {
        return comparison.check("backend", false, &expect["backend"], "none answered");
    };
    let prefix = documents::text(expect, "backend");
    comparison.check("backend", seen.pod.starts_with(prefix), prefix, &seen.pod);
    for (name, expected, got) in [
        ("namespace", &expect["namespace"], &seen.namespace),
        ("host", &request["host"], &seen.host),
        ("path", &request["path"], &seen.path),
        ("method", &request["method"], &seen.method),
    ] {
        if let Some(expected) = expected.as_str().filter(|expected| !expected.is_empty()) {
            comparison.part(name, expected, got);
        }
    }
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        comparison.part(name, &value.as_str().map(str::to_owned), &seen.header(name));
    }
    for name in documents::list(request, "absent_headers").iter().filter_map(Value::as_str) {
        comparison.part(name, &None, &seen.header(name));
    }
}

/// Compares where a redirect leads: what is not named is as in the request, or usual for the scheme.
fn redirect(comparison: &mut Comparison, expect: &Value, call: &Call, reply: &Reply) {
    let location = reply.header("location").unwrap_or_default();
    let uri: Uri = location.parse().unwrap_or_default();
    let own_scheme = if call.sni.is_some() { "https" } else { "http" };
    let scheme = documents::or(documents::text(expect, "scheme"), own_scheme);
    let usual = if scheme == "https" { 443 } else { 80 };
    let port: u16 = documents::text(expect, "port").parse().unwrap_or(usual);
    comparison.part("scheme", scheme, uri.scheme_str().unwrap_or(own_scheme));
    comparison.part("port", &port, &uri.port_u16().unwrap_or(usual));
    comparison.part("path", documents::or(documents::text(expect, "path"), &call.path), uri.path());
    if let Some(host) = expect["host"].as_str() {
        comparison.part("host", host, uri.host().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(request: Value, expect: Value) -> Row {
        let row = json!({
            "id": "a", "test": "b", "kind": "http", "applies_to": "HTTPRoute", "manifests": [],
            "base_manifests": "", "gateway": {"gateway": "default/door", "port": 80},
            "request": request, "expect": expect,
        });
        serde_json::from_value(row).unwrap()
    }

    fn documents() -> Vec<Value> {
        let service = json!({"name": "cart", "namespace": "default"});
        let labels = json!({"app": "cart"});
        let rules = json!([
            {"matches": [{"path": {"type": "Exact", "value": "/away"}}],
             "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "example.org"}}]},
            {"backendRefs": [{"name": "cart", "port": 80}]},
        ]);
        vec![
            json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "door"},
                   "spec": {"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}}),
            json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "all"},
                   "spec": {"parentRefs": [{"name": "door"}], "rules": rules}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": service,
                   "spec": {"selector": labels, "ports": [{"port": 80}]}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": service,
                   "spec": {"template": {"metadata": {"labels": labels}}}}),
        ]
    }

    async fn judged(request: Value, expect: Value) -> Outcome {
        let row = row(request, expect);
        let documents = convert(&documents()).unwrap();
        let world = World::start(row.member(&[&row]).unwrap(), &documents).await.unwrap();
        assert_eq!(world.fault(), None);
        compared(&row.expect, &row.call(), &world.send(&row.call()).await.unwrap(), &world)
    }

    #[tokio::test]
    async fn what_reaches_the_backend_is_compared() {
        let request = json!({"path": "/a?b=c", "host": "shop.example", "headers": {"X-A": "1"}});
        let seen = json!({"path": "/a?b=c", "host": "shop.example", "method": "GET", "headers": {"X-A": "1"}, "absent_headers": ["X-B"]});
        let expect =
            json!({"status": [404, 200], "backend": "cart", "namespace": "default", "backend_request": seen});
        assert_eq!(judged(request.clone(), expect.clone()).await, Outcome::Agrees);
        for (part, wrong) in [
            ("/status", json!([404])),
            ("/backend", json!("other")),
            ("/namespace", json!("other")),
            ("/backend_request/path", json!("/a")),
            ("/backend_request/host", json!("other.example")),
            ("/backend_request/method", json!("POST")),
            ("/backend_request/headers", json!({"X-A": "2"})),
            ("/backend_request/absent_headers", json!(["x-a"])),
        ] {
            let mut expect = expect.clone();
            *expect.pointer_mut(part).unwrap() = wrong;
            let outcome = judged(request.clone(), expect).await;
            assert!(matches!(outcome, Outcome::Differs { .. }), "{part}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn where_a_redirect_leads_is_compared() {
        let redirect = |redirect: Value| {
            judged(json!({"path": "/away"}), json!({"status": [302], "redirect": redirect}))
        };
        assert_eq!(redirect(json!({"host": "example.org"})).await, Outcome::Agrees);
        for wrong in [
            json!({"host": "example.com"}),
            json!({"host": "example.org", "scheme": "https"}),
            json!({"host": "example.org", "port": "8080"}),
            json!({"host": "example.org", "path": "/"}),
        ] {
            assert!(matches!(redirect(wrong.clone()).await, Outcome::Differs { .. }), "{wrong}");
        }
    }

    #[test]
    fn rows_of_what_istio_does_not_say_are_left_out() {
        assert_eq!(unsaid(&row(json!({}), json!({"status": [200]}))), None);
        assert!(unsaid(&row(json!({}), json!({"status": [421]}))).is_some());
        assert!(unsaid(&row(json!({}), json!({"mirrored_to": []}))).is_some());
        let whole = Row { kind: "grpc".to_owned(), ..row(json!({}), json!({})) };
        assert!(unsaid(&whole).is_some());
    }
}
