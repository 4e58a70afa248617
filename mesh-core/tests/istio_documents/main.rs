//! What Istio asks of its documents: what is wrong is refused with one clear line, and what is right and has
//! no effect yet says so once.

mod authorization;
mod connections;
mod entries;
mod old_policies;
mod policies;
mod routes;
mod sidecars;

use mesh_core::{
    dialect::Setting,
    document::Severity,
    source::Batch,
    watch::{Ledger, Standing},
};
use std::sync::Arc;

/// The errors and the warnings about one document of namespace `shop`, each as path and reason, without its remedy.
fn faults(kind: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    let group = if kind == "PeerAuthentication" { "security" } else { "networking" };
    let text =
        format!("{{apiVersion: {group}.istio.io/v1, kind: {kind}, metadata: {{name: x}}, spec: {spec}}}");
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
    let serves = status.documents.iter().any(|document| document.standing == Standing::Serving);
    let of = |severity| {
        let faults = status.faults.iter().filter(move |fault| fault.severity == severity);
        faults.map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>()
    };
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    assert_ne!(errors.is_empty(), !serves, "an error and serving exclude one another: {text}: {errors:?}");
    (errors, warnings)
}

/// Checks that a document is refused for exactly one reason.
#[track_caller]
fn is_refused(kind: &str, spec: &str, expected: &str) {
    assert_eq!(faults(kind, spec).0, [expected], "{spec}");
}

/// Checks that a document serves, with exactly these warnings.
#[track_caller]
fn is_accepted(kind: &str, spec: &str, warnings: &[&str]) {
    let (errors, found) = faults(kind, spec);
    assert_eq!(
        (errors.as_slice(), found),
        ([].as_slice(), warnings.iter().map(ToString::to_string).collect()),
        "{spec}"
    );
}

/// The warning about a field that is read and checked, and not acted upon.
fn later(path: &str) -> String {
    format!("{path}: is accepted, but has no effect yet")
}
