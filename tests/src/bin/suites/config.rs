//! Documents with a verdict: whether Istio accepts them.

use crate::{judgement::Outcome, suite::read};
use mesh_core::{
    dialect::Setting,
    document::{Fault, Kind},
    source::Batch,
    watch::{Ledger, Status},
};
use serde::Deserialize;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

/// One row of the index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    /// The document, relative to the index; a row without one is about a value alone.
    config: Option<String>,
    kind: Option<String>,
    api_version: Option<String>,
    /// Whether the document is accepted; nothing is said when absent.
    valid: Option<bool>,
}

/// Judges every row, by the kind of its document.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("index.json"))?;
    rows.iter().map(|row| Ok((group(row), row.id.clone(), outcome(folder, row)?))).collect()
}

fn group(row: &Row) -> String {
    match (&row.config, &row.kind) {
        (Some(_), Some(kind)) => {
            let version = row.api_version.as_deref().unwrap_or_default();
            let of_kubernetes = version.starts_with("gateway.networking.k8s.io");
            if of_kubernetes { format!("{kind} (Gateway API)") } else { kind.clone() }
        }
        (Some(_), None) => "of no kind".to_owned(),
        (None, _) => "values".to_owned(),
    }
}

fn outcome(folder: &Path, row: &Row) -> Result<Outcome, String> {
    let Some(config) = &row.config else {
        return Ok(Outcome::unsaid("a value without a document: there is no entry point for it"));
    };
    let path = folder.join(config);
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let Ok(status) = catch_unwind(AssertUnwindSafe(|| take(config, &bytes))) else {
        let expected = row.valid.map_or("any answer", verdict).to_owned();
        return Ok(Outcome::Differs { expected, got: "a panic".to_owned(), fault: None });
    };
    // What is wrong between documents has a code, and refuses none of them.
    let error = status.faults.iter().find(|fault| fault.is_error() && fault.code.is_none());
    let (kind, version) = (row.kind.as_deref(), row.api_version.as_deref());
    if !matches!(Kind::of(version.unwrap_or_default(), kind.unwrap_or_default()), Kind::Known(_)) {
        return Ok(Outcome::unsaid("documents of this kind are not read yet"));
    }
    let is_read = error.is_some() || !status.documents.is_empty();
    match row.valid {
        _ if !is_read => Ok(Outcome::unsaid("the document was passed over")),
        None => Ok(Outcome::Agrees),
        Some(expected) if expected == error.is_none() => Ok(Outcome::Agrees),
        Some(expected) => Ok(Outcome::Differs {
            expected: verdict(expected).to_owned(),
            got: verdict(error.is_none()).to_owned(),
            fault: error.map(Fault::to_string),
        }),
    }
}

fn take(file: &str, bytes: &[u8]) -> Status {
    let batch = Arc::new(Batch::of(file.into(), bytes, "default"));
    Ledger::new(Setting::default()).take(&[batch]).1
}

fn verdict(is_valid: bool) -> &'static str {
    if is_valid { "accepted" } else { "refused" }
}
