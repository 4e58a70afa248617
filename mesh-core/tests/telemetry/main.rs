//! Telemetry documents: from what is written to what holds for one workload.

mod access_logs;
mod documents;
mod expressions;
mod mesh;
mod metrics;
mod tracing;

use mesh_core::{
    dialect::Setting,
    document::Severity,
    model::{Labels, Model},
    source::Batch,
    table::{Snapshot, Telemetry, Viewpoint},
    watch::{Ledger, Status},
};
use std::sync::Arc;

/// What documents of namespace `shop` mean, and how they stand.
fn taken(documents: &[String]) -> (Model, Status) {
    let batch = Arc::new(Batch::of("shop.yaml".into(), documents.join("---\n").as_bytes(), "shop"));
    Ledger::new(Setting::default()).take(&[batch])
}

/// The errors and the warnings about documents, each as path and reason.
fn faults(documents: &[String]) -> (Vec<String>, Vec<String>) {
    let (_, status) = taken(documents);
    let of = |severity| {
        let faults = status.faults.iter().filter(move |fault| fault.severity == severity);
        faults.map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>()
    };
    (of(Severity::Error), of(Severity::Warning))
}

/// The Telemetry `namespace/name`, with the fields of its spec.
fn document(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    format!(
        "{{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {{{spec}}}}}\n"
    )
}

/// A MeshConfig, as one flow mapping.
fn config(mesh: &str) -> String {
    let metadata = "metadata: {name: istio, namespace: istio-system}";
    format!("apiVersion: v1\nkind: ConfigMap\n{metadata}\ndata:\n  mesh: |-\n    {{{mesh}}}\n")
}

/// What documents mean, none of which is refused.
fn model(documents: &[String]) -> Model {
    let (model, status) = taken(documents);
    let refused: Vec<_> = status.faults.iter().filter(|fault| fault.is_refusal()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    model
}

/// A workload of namespace `shop` whose label `app` is `cart`.
fn cart() -> Viewpoint {
    let labels = Labels::from([("app".to_owned(), "cart".to_owned())]);
    Viewpoint { namespace: "shop".to_owned(), labels, ..Viewpoint::default() }
}

/// What documents say for [`cart`].
fn telemetry(documents: &[String]) -> Telemetry {
    Telemetry::of(&model(documents), &cart())
}

#[test]
fn what_equals_the_table_before_is_shared_with_it() {
    let logs = "accessLogging: [{providers: [{name: envoy}], filter: {expression: response.code >= 500}}]";
    let before = Snapshot::compile(&model(&[document("shop/a", logs)]), &cart(), None);
    let same = Snapshot::compile(&model(&[document("shop/a", logs)]), &cart(), Some(&before));
    assert!(Arc::ptr_eq(before.telemetry(), same.telemetry()));
    let other = document("shop/a", &logs.replace("500", "400"));
    let other = Snapshot::compile(&model(&[other]), &cart(), Some(&same));
    assert!(!Arc::ptr_eq(same.telemetry(), other.telemetry()));
    assert_eq!(Snapshot::empty().telemetry().client.access_logs, []);
}

#[test]
fn of_each_width_the_oldest_document_counts_and_the_narrower_says_the_last_word() {
    let sampled = |name: &str, selector: &str, percent: u8| {
        document(name, &format!("{selector} tracing: [{{randomSamplingPercentage: {percent}}}]"))
    };
    let selecting = "selector: {matchLabels: {app: cart}},";
    let all = [
        sampled("istio-system/mesh", "", 10),
        sampled("istio-system/younger", "", 11),
        sampled("istio-system/carts", selecting, 12),
        sampled("other/all", "", 20),
        sampled("shop/all", "", 30),
        sampled("shop/younger", "", 31),
        sampled("shop/carts", selecting, 40),
        sampled("shop/carts-too", selecting, 41),
        sampled("shop/others", "selector: {matchLabels: {app: mail}},", 50),
    ];
    let percent = |documents: &[String]| telemetry(documents).server.tracing.sampling.percent();
    for (documents, expected) in
        [(&all[..], 40.0), (&all[..6], 30.0), (&all[..4], 10.0), (&all[3..4], 1.0), (&all[7..], 41.0)]
    {
        assert!((percent(documents) - expected).abs() < 1e-9, "{documents:?}");
    }
}
