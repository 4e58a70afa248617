use super::{service, take, to};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    watch::{Ledger, Standing},
};
use std::sync::Arc;

#[test]
fn an_error_between_documents_keeps_none_of_them_from_serving() {
    let status = take(&[service("web", &[80]), to("host: cart")].join("---\n"));
    assert!(status.faults[0].is_error());
    assert_eq!(status.documents.len(), 2);
}

#[test]
fn what_is_held_is_looked_at_as_it_was_when_it_was_good() {
    let mut ledger = Ledger::new(Setting::default());
    let batch = |text: String| Arc::new(Batch::of("mesh.yaml".into(), text.as_bytes(), "shop"));
    let mut codes = |rules: String| {
        let (_, status) = ledger.take(&[batch([service("web", &[80]), rules].join("---\n"))]);
        let codes = status.faults.iter().map(|fault| fault.code).collect::<Vec<_>>();
        (codes, status.documents[1].standing)
    };
    assert_eq!(codes(to("host: cart")), (vec![Some("IST0101")], Standing::Serving));
    let wrong = to("host: web").replace("[{route", "[{timeout: soon, route");
    assert_eq!(codes(wrong), (vec![None, Some("IST0101")], Standing::Held));
    assert_eq!(codes(to("host: web")), (vec![], Standing::Serving));
}

#[test]
fn what_another_document_shadows_is_not_looked_at() {
    let batch = |file: &str, text: String| Arc::new(Batch::of(file.into(), text.as_bytes(), "shop"));
    let batches = [
        batch("a.yaml", [service("web", &[80]), to("host: web")].join("---\n")),
        batch("b.yaml", to("host: cart")),
    ];
    let (_, status) = Ledger::new(Setting::default()).take(&batches);
    assert_eq!(status.faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [None]);
}
