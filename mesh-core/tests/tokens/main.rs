//! Tokens of requests, from documents to what holds at a workload.

mod claims;
mod documents;
mod policies;
mod rules;

use mesh_core::{
    dialect::Setting,
    document::Severity,
    model::{Labels, Model},
    source::Batch,
    table::{Snapshot, Viewpoint},
    watch::{Ledger, Status},
};
use std::sync::Arc;

/// What documents of namespace `shop` mean, and how they stand.
fn taken(text: &str) -> (Model, Status) {
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    Ledger::new(Setting::default()).take(&[batch])
}

/// The errors and the warnings about documents, each as path and reason.
fn faults(text: &str) -> (Vec<String>, Vec<String>) {
    let (_, status) = taken(text);
    let of = |severity| {
        let faults = status.faults.iter().filter(move |fault| fault.severity == severity);
        faults.map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>()
    };
    (of(Severity::Error), of(Severity::Warning))
}

/// What holds for a workload of a namespace, with one label `app`. None of the documents is refused.
fn table(text: &str, namespace: &str, app: &str) -> Snapshot {
    let (model, status) = taken(text);
    let refused: Vec<_> = status.faults.iter().filter(|fault| fault.is_refusal()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let labels = Labels::from([("app".to_owned(), app.to_owned())]);
    let viewpoint = Viewpoint { namespace: namespace.to_owned(), labels, ..Viewpoint::default() };
    Snapshot::compile(&model, &viewpoint, None)
}
