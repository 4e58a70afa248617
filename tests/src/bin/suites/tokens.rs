//! Requests with tokens to a workload, or to a gateway, and what Istio answers.

use crate::{
    documents,
    judgement::{Comparison, Outcome},
    routing::echo,
    suite::read,
    world::{Call, Member, World, judge_all},
};
use ::tests::upstream::Upstream;
use http::Response;
use mesh_core::model::Labels;
use mesh_tower::Body;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// One row of the index.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    test: String,
    /// The documents, if there are any.
    policies: Option<String>,
    request: Value,
    expect: Expected,
    /// `in-mesh` or `gateway`.
    via: String,
}

#[derive(Debug, Deserialize)]
struct Expected {
    status: u16,
    #[serde(default)]
    upstream_headers: BTreeMap<String, String>,
}

/// Judges every row, by its test.
pub(crate) async fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("jwt_index.json"))?;
    let keys = fs::read_to_string(folder.join("jwks.json")).map_err(|error| error.to_string())?;
    let server = Upstream::serving(move |_| {
        let keys = keys.clone();
        async { Ok(Response::new(Body::from(keys))) }
    })
    .await;
    let mut worlds: BTreeMap<(Option<&str>, &str), Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        worlds.entry((row.policies.as_deref(), &row.via)).or_default().push(row);
    }
    let address = format!("http://{}/keys", server.address);
    let worlds = worlds.into_iter().map(|((policies, _), rows)| {
        let (policies, address) = (policies.map(|policies| folder.join(policies)), address.clone());
        async move { outcomes(policies, &address, &rows).await }
    });
    let mut judged = judge_all(worlds).await?;
    judged.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    Ok(judged.into_iter().map(|(row, outcome)| (row.test.clone(), row.id.clone(), outcome)).collect())
}

/// Judges the rows of one file of documents, whose keys are at an address.
async fn outcomes<'a>(
    policies: Option<PathBuf>,
    address: &str,
    rows: &[&'a Row],
) -> Result<Vec<(&'a Row, Outcome)>, String> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let mut written = match policies {
        Some(policies) => with_address(&policies, address)?,
        None => Vec::new(),
    };
    written.extend(echo("b"));
    let world = World::start(first.member(), &written).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        outcomes.push((*row, outcome(row, &world).await.blaming(world.fault())));
    }
    Ok(outcomes)
}

/// The documents of a file that has a place for the address of the keys.
fn with_address(file: &Path, address: &str) -> Result<Vec<Value>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let copy = NamedTempFile::with_suffix(".yaml").map_err(|error| wrong(&error))?;
    fs::write(copy.path(), text.replace("JWKS_URI", address)).map_err(|error| wrong(&error))?;
    documents::read(copy.path())
}

impl Row {
    fn member(&self) -> Member {
        let label = |key: &str, value: &str| Labels::from([(key.to_owned(), value.to_owned())]);
        match self.via.as_str() {
            "gateway" => Member::Gateway { labels: label("istio", "ingressgateway"), hosts: Vec::new() },
            _ => Member::Workload { namespace: "echo1".to_owned(), labels: label("app", "b") },
        }
    }

    fn call(&self) -> Call {
        let text = |field: &str| documents::text(&self.request, field).to_owned();
        let headers = self.request["headers"].as_object().into_iter().flatten();
        let value = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Call {
            method: text("method"),
            host: documents::or(&text("host"), "b.echo1").to_owned(),
            path: text("path"),
            headers: headers.map(|(name, text)| (name.clone(), value(text))).collect(),
            port: 80,
            ..Call::default()
        }
    }
}

async fn outcome(row: &Row, world: &World) -> Outcome {
    let reply = match world.send(&row.call()).await {
        Ok(reply) => reply,
        Err(reason) => {
            let expected = format!("{:?}", row.expect);
            return Outcome::Differs { expected, got: "no answer".to_owned(), fault: Some(reason) };
        }
    };
    let mut comparison = Comparison::default();
    comparison.part("status", &row.expect.status, &reply.status);
    for (name, value) in &row.expect.upstream_headers {
        let got = reply.seen.as_ref().and_then(|seen| seen.header(name));
        comparison.part(name, &Some(value.clone()).filter(|value| !value.is_empty()), &got);
    }
    comparison.outcome()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn what_is_not_as_expected_differs() {
        let row = |status: u16, header: Value| -> Row {
            let expect = json!({"status": status, "upstream_headers": header});
            let request = json!({"method": "GET", "path": "/a", "headers": {"x-a": "b"}});
            let row = json!({"id": "a", "test": "b", "via": "in-mesh", "request": request, "expect": expect});
            serde_json::from_value(row).unwrap()
        };
        let right = row(200, json!({"X-A": "b", "X-B": ""}));
        let wrong = [row(401, json!({})), row(200, json!({"X-A": ""})), row(200, json!({"X-B": "c"}))];
        let rows: Vec<&Row> = [&right].into_iter().chain(&wrong).collect();
        let outcomes = outcomes(None, "", &rows).await.unwrap();
        assert_eq!(outcomes[0].1, Outcome::Agrees);
        for (row, outcome) in &outcomes[1..] {
            assert!(matches!(outcome, Outcome::Differs { .. }), "{row:?}: {outcome:?}");
        }
    }
}
