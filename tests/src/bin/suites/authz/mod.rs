//! Who may ask what, by Istio's own policies; and what is made of paths before any policy sees them.

mod door;
mod paths;

use crate::{
    documents,
    judgement::{Comparison, Outcome},
    suite::read,
};
use door::{Answer, Caller, Door};
use mesh_core::{
    model::Labels,
    table::{GatewayRole, Viewpoint},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::Path};

/// One row of the index.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    test: String,
    /// The documents, relative to the suite.
    policies: String,
    target: Target,
    source_workload: Caller,
    port: String,
    request: Value,
    expect: Value,
}

/// The workload that is asked.
#[derive(Debug, Deserialize)]
struct Target {
    workload: String,
    namespace: String,
    labels: Labels,
    #[serde(default)]
    ports: BTreeMap<String, Ports>,
}

/// A port of a service, and the one of the workload behind it.
#[derive(Debug, Deserialize)]
struct Ports {
    service: u16,
    workload: u16,
}

/// Judges every row of both tables: of policies, and of paths.
pub(crate) async fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("index.json"))?;
    let tokens: Map<String, Value> = read(&folder.join("tokens.json"))?;
    let mut judged = Vec::new();
    for row in &rows {
        judged.push((row.test.clone(), row.id.clone(), row.outcome(folder, &tokens).await?));
    }
    judged.extend(paths::judge(folder)?);
    Ok(judged)
}

impl Row {
    async fn outcome(&self, folder: &Path, tokens: &Map<String, Value>) -> Result<Outcome, String> {
        let written = documents::read(&folder.join(&self.policies))?;
        let door = Door::open(&written, &self.viewpoint(), self.target_port());
        let claims = self.request["token_name"].as_str().map(|name| &tokens[name]["payload"]);
        let answer = match self.port.as_str() {
            "tcp" => door.connect(&self.source_workload),
            port => door.ask(&self.source_workload, &self.request, claims, port == "grpc").await?,
        };
        Ok(self.compare(&answer).blaming(door.fault()))
    }

    fn viewpoint(&self) -> Viewpoint {
        let is_gateway = self.target.workload.ends_with("gateway");
        let gateway = if is_gateway { GatewayRole::BySelector } else { GatewayRole::None };
        Viewpoint {
            namespace: self.target.namespace.clone(),
            labels: self.target.labels.clone(),
            gateway,
            ..Viewpoint::default()
        }
    }

    /// The port that policies see: at a gateway the listener's.
    fn target_port(&self) -> u16 {
        let ports = self.target.ports.get(&self.port);
        let is_gateway = self.target.workload.ends_with("gateway");
        let secured = if self.source_workload.mtls { 443 } else { 80 };
        ports.map_or(secured, |ports| if is_gateway { ports.service } else { ports.workload })
    }

    fn compare(&self, answer: &Answer) -> Outcome {
        let mut comparison = Comparison::default();
        comparison.part("decision", documents::text(&self.expect, "decision"), answer.decision());
        if let Some(status) = self.expect["http"]["status"].as_u64() {
            comparison.part("status", &status, &u64::from(answer.status));
        }
        if let Some(body) = self.expect["http"]["body"].as_str() {
            comparison.part("body", body, &answer.body);
        }
        if let Some(status) = self.expect["grpc_status"].as_u64() {
            comparison.part("grpc-status", &Some(status.to_string()), &answer.grpc_status);
        }
        comparison.outcome()
    }
}
