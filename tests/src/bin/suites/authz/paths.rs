//! What is made of paths.

use crate::{documents, judgement::Outcome, suite::read};
use http::Uri;
use mesh_core::table::{Snapshot, Viewpoint, normalized};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// One row.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    mode: String,
    request_path: String,
    expect: Value,
}

/// Judges every row.
pub(super) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("path_normalization.json"))?;
    Ok(rows.iter().map(|row| (format!("paths, {}", row.mode), row.id.clone(), row.outcome())).collect())
}

impl Row {
    fn outcome(&self) -> Outcome {
        let config = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": {"pathNormalization": {"normalization": self.mode}}},
        });
        let (model, _) = documents::take(&[config]);
        let how = Snapshot::compile(&model, &Viewpoint::default(), None).path_normalization();
        let Ok(uri) = self.request_path.parse::<Uri>() else {
            return Outcome::of(&self.expected(), &"400".to_owned());
        };
        let got = match normalized(&uri, how) {
            Ok(changed) => changed.unwrap_or(uri).to_string(),
            Err(_) => "400".to_owned(),
        };
        Outcome::of(&self.expected(), &got)
    }

    /// The path, or the status of a refusal.
    fn expected(&self) -> String {
        match self.expect["upstream_path"].as_str() {
            Some(path) => path.to_owned(),
            None => self.expect["status"].to_string(),
        }
    }
}
