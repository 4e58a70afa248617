//! Istio's own documents, and what happens to a request that a service or the ingress gateway takes by them.

use crate::{
    documents,
    judgement::{Comparison, Outcome},
    suite::read,
    world::{Call, Member, Reply, World, judge_all},
};
use mesh_core::model::Labels;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// The namespace of everything.
const NAMESPACE: &str = "echo1";

/// The ports of every service.
const PORTS: [(&str, u16); 4] = [("http", 80), ("http2", 85), ("auto-http", 81), ("grpc", 7070)];

/// One row of the index.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    group: String,
    config: String,
    request: Value,
    /// What must hold, one after the other.
    expect: Vec<Value>,
}

/// Judges every row, by its group.
pub(crate) async fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("index.json"))?;
    let mut worlds: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        worlds.entry(&row.config).or_default().push(row);
    }
    let worlds =
        worlds.into_iter().map(|(config, rows)| async move { outcomes(&folder.join(config), &rows).await });
    let mut judged = judge_all(worlds).await?;
    judged.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    Ok(judged.into_iter().map(|(row, outcome)| (row.group.clone(), row.id.clone(), outcome)).collect())
}

/// Judges the rows of one file of documents.
async fn outcomes<'a>(config: &Path, rows: &[&'a Row]) -> Result<Vec<(&'a Row, Outcome)>, String> {
    let text = fs::read_to_string(config).map_err(|error| format!("{}: {error}", config.display()))?;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let mut written = documents::read(config)?;
    let server =
        written.iter().flat_map(|document| documents::list(&document["spec"], "servers")).next().cloned();
    written.extend(["a", "b", "c"].into_iter().flat_map(echo));
    let world = World::start(first.member(), &written).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let outcome = match row.missing(&text) {
            Some(what) => Outcome::unsaid(format!("nothing in the row's documents says {what:?}")),
            None => outcome(row, &world, server.as_ref()).await,
        };
        outcomes.push((*row, outcome.blaming(world.fault())));
    }
    Ok(outcomes)
}

/// A service and its one instance.
pub(crate) fn echo(name: &str) -> [Value; 2] {
    let ports = PORTS.map(|(name, port)| json!({"name": name, "port": port}));
    let metadata = json!({"name": name, "namespace": NAMESPACE});
    let labels = json!({"app": name});
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": labels, "ports": ports}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": {"metadata": {"labels": labels}}}}),
    ]
}

impl Row {
    fn is_at_gateway(&self) -> bool {
        self.request["via"].is_string()
    }

    fn member(&self) -> Member {
        let label = |key: &str, value: &str| Labels::from([(key.to_owned(), value.to_owned())]);
        if self.is_at_gateway() {
            let hosts = vec![documents::text(&self.request, "host").to_owned()];
            return Member::Gateway { labels: label("istio", "ingressgateway"), hosts };
        }
        Member::Service { namespace: NAMESPACE.to_owned(), labels: label("app", "a") }
    }

    /// A header's value that is expected upstream, but that neither the documents nor the request know.
    fn missing(&self, config: &str) -> Option<&str> {
        let headers = self.expect.iter().filter_map(|check| check["upstream_request_header"].as_object());
        let mut values = headers.flat_map(|headers| headers.values()).filter_map(Value::as_str);
        let request = self.request.to_string();
        values.find(|value| !config.contains(value) && !request.contains(value))
    }

    /// The request; a gateway's comes to the port of its first server.
    fn call(&self, server: Option<&Value>) -> Call {
        let request = &self.request;
        let text = |field: &str| documents::text(request, field).to_owned();
        let headers = request["headers"].as_object().into_iter().flatten();
        let headers =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let port = match self.is_at_gateway() {
            true => server.map_or(Value::Null, |server| server["port"]["number"].clone()),
            false => request["port"].clone(),
        };
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(80);
        let is_tls = server.is_some_and(|server| server["port"]["protocol"] == "HTTPS");
        let host = match (self.is_at_gateway(), port) {
            (true, _) => text("host"),
            (false, 80) => text("to_service"),
            (false, port) => format!("{}:{port}", text("to_service")),
        };
        Call {
            method: text("method"),
            path: text("path"),
            headers: headers.collect(),
            is_http2: request["http_version"] == "2",
            port,
            sni: Some(host.clone()).filter(|_| is_tls),
            host,
        }
    }
}

async fn outcome(row: &Row, world: &World, server: Option<&Value>) -> Outcome {
    let call = row.call(server);
    let follows = row.request["follow_redirects"] == true;
    let reply = if follows { world.follow(&call).await } else { world.send(&call).await };
    match reply {
        Ok(reply) => {
            let mut comparison = Comparison::default();
            for check in row.expect.iter().filter_map(Value::as_object) {
                let tolerance = check.get("tolerance_percent").and_then(Value::as_f64).unwrap_or_default();
                for (part, expected) in check.iter().filter(|(part, _)| *part != "tolerance_percent") {
                    match part.as_str() {
                        "distribution_percent" => shares(&mut comparison, expected, tolerance, world, &call),
                        _ => compare(&mut comparison, part, expected, &call, &reply),
                    }
                }
            }
            comparison.outcome()
        }
        Err(reason) => Outcome::Differs {
            expected: format!("{:?}", row.expect),
            got: "no answer".to_owned(),
            fault: Some(reason),
        },
    }
}

/// Compares one part of an answer; an empty header is one that is absent.
fn compare(comparison: &mut Comparison, part: &str, expected: &Value, call: &Call, reply: &Reply) {
    let (text, seen) = (expected.as_str().unwrap_or_default(), reply.seen.as_ref());
    match part {
        "status" => comparison.part(part, expected, &json!(reply.status)),
        "upstream_host" => comparison.part(part, &Some(text), &seen.map(|seen| seen.host.as_str())),
        "upstream_path" => comparison.part(part, &Some(text), &seen.map(|seen| seen.path.as_str())),
        "upstream_protocol" => comparison.part(part, &Some(text), &seen.map(|seen| seen.version.as_str())),
        "upstream_request_header" | "response_header" => {
            for (name, value) in expected.as_object().into_iter().flatten() {
                let expected = value.as_str().map(|value| value.replace("{{.Hostname}}", &call.host));
                let got = match part {
                    "response_header" => reply.header(name),
                    _ => seen.and_then(|seen| seen.header(name)),
                };
                comparison.part(name, &expected.filter(|value| !value.is_empty()), &got);
            }
        }
        other => comparison.check(other, false, expected, "nothing: the suite's judge does not know it"),
    }
}

fn shares(comparison: &mut Comparison, expected: &Value, tolerance: f64, world: &World, call: &Call) {
    let got = world.shares(call, 1000).unwrap_or_default();
    for (name, share) in expected.as_object().into_iter().flatten() {
        let expected = share.as_f64().unwrap_or_default();
        let got = got.get(name).copied().unwrap_or_default() * 100.0;
        comparison.check(name, (expected - got).abs() <= tolerance, &expected, &got);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(request: Value, expect: Value) -> Row {
        let row = json!({"id": "a", "group": "b", "config": "c", "request": request, "expect": expect});
        serde_json::from_value(row).unwrap()
    }

    async fn judged(row: &Row) -> Outcome {
        let rules = json!([
            {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
            {"match": [{"uri": {"exact": "/split"}}], "route": [
                {"destination": {"host": "a"}, "weight": 80}, {"destination": {"host": "c"}, "weight": 20}]},
            {"route": [{"destination": {"host": "b"}}], "headers": {"response": {"set": {"x-by": "mesh"}}}},
        ]);
        let mut written = vec![json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": "b", "namespace": NAMESPACE}, "spec": {"hosts": ["b"], "http": rules},
        })];
        written.extend(["a", "b", "c"].into_iter().flat_map(echo));
        let world = World::start(row.member(), &written).await.unwrap();
        assert_eq!(world.fault(), None);
        outcome(row, &world, None).await
    }

    fn get(path: &str) -> Value {
        json!({"method": "GET", "path": path, "to_service": "b.echo1", "port": 80})
    }

    #[tokio::test]
    async fn every_part_of_an_answer_is_compared() {
        for (right, wrong) in [
            (json!({"status": 200}), json!({"status": 404})),
            (json!({"upstream_host": "b.echo1"}), json!({"upstream_host": "b"})),
            (json!({"upstream_path": "/a"}), json!({"upstream_path": "/"})),
            (json!({"upstream_protocol": "HTTP/1.1"}), json!({"upstream_protocol": "HTTP/2.0"})),
            (
                json!({"upstream_request_header": {"X-A": ""}}),
                json!({"upstream_request_header": {"X-A": "1"}}),
            ),
            (json!({"response_header": {"X-By": "mesh"}}), json!({"response_header": {"X-By": ""}})),
            (json!({"response_header": {"Location": ""}}), json!({"what_nobody_knows": 1})),
        ] {
            assert_eq!(judged(&row(get("/a"), json!([right]))).await, Outcome::Agrees, "{right}");
            let outcome = judged(&row(get("/a"), json!([wrong]))).await;
            assert!(matches!(outcome, Outcome::Differs { .. }), "{wrong}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn redirects_are_followed_when_the_row_says_so() {
        let mut request = get("/old?a=b");
        let moved =
            row(request.clone(), json!([{"response_header": {"Location": "http://{{.Hostname}}/new?a=b"}}]));
        assert_eq!(judged(&moved).await, Outcome::Agrees);
        request["follow_redirects"] = true.into();
        assert_eq!(judged(&row(request, json!([{"upstream_path": "/new?a=b"}]))).await, Outcome::Agrees);
    }

    #[tokio::test]
    async fn shares_are_compared_within_their_tolerance() {
        let shares = |a: u32| {
            row(get("/split"), json!([{"distribution_percent": {"a": a, "c": 20}, "tolerance_percent": 5}]))
        };
        assert_eq!(judged(&shares(77)).await, Outcome::Agrees);
        assert!(matches!(judged(&shares(60)).await, Outcome::Differs { .. }));
    }

    #[test]
    fn a_row_that_lacks_what_it_expects_is_told() {
        let row = row(get("/"), json!([{"upstream_request_header": {"X-A": "value"}}]));
        assert_eq!(row.missing("nothing"), Some("value"));
        assert_eq!(row.missing("set: {x-a: value}"), None);
    }
}
