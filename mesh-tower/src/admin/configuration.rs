//! What documents say, and what is wrong in them.

use super::state::State;
use mesh_core::{
    document::Fault,
    table::Dump,
    watch::{DocumentStatus, Standing, Status},
};
use serde::Serialize;

/// Everything that documents have come to, but secrets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configuration {
    workload: String,
    namespace: String,
    labels: mesh_core::model::Labels,
    is_gateway: bool,
    #[serde(flatten)]
    table: Dump,
    documents: Vec<Document>,
    /// Documents of kinds that the mesh does not use.
    passed_over: Vec<PassedOver>,
    faults: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Document {
    kind: String,
    namespace: String,
    name: String,
    /// As `file:line`.
    place: String,
    /// `serving`; `held`: its last good version serves; `closed`: it guards somebody and never was right, so nobody passes;
    /// `shadowed`: another of this name serves.
    standing: &'static str,
}

#[derive(Debug, Serialize)]
struct PassedOver {
    kind: String,
    place: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(flatten)]
    fault: Fault,
    /// Whether the document is refused for it.
    is_refusal: bool,
    /// The line that people read: file, line, field, what is wrong, and what to do.
    message: String,
}

impl Configuration {
    pub(super) fn of(state: &State) -> Self {
        let status = state.status.borrow().clone();
        let workload = state.workload();
        let Status { documents, skipped, faults, .. } = &*status;
        let passed_over = skipped
            .iter()
            .map(|(kind, place)| PassedOver { kind: kind.to_string(), place: place.to_string() });
        Self {
            workload: workload.name.to_string(),
            namespace: workload.namespace.to_string(),
            labels: workload.labels,
            is_gateway: state.is_gateway(),
            table: state.parts.handle.snapshot().dump(),
            documents: documents.iter().map(Document::of).collect(),
            passed_over: passed_over.collect(),
            faults: faults.iter().map(Told::of).collect(),
        }
    }
}

impl Document {
    fn of(DocumentStatus { key, place, standing }: &DocumentStatus) -> Self {
        Self {
            kind: key.kind.to_string(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            place: place.to_string(),
            standing: match standing {
                Standing::Serving => "serving",
                Standing::Held => "held",
                Standing::Closed => "closed",
                Standing::Shadowed => "shadowed",
            },
        }
    }
}

impl Told {
    fn of(fault: &Fault) -> Self {
        Self { is_refusal: fault.is_refusal(), message: fault.to_string(), fault: fault.clone() }
    }
}
