use super::{gateway, rules, service, take, to};
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

#[test]
fn what_is_refused_is_there_all_the_same() {
    let codes = |documents: &[&str]| {
        let batch = Arc::new(Batch::of("mesh.yaml".into(), documents.join("---\n").as_bytes(), "shop"));
        let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
        status.faults.iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let door = gateway("door", "istio: ingress", 80, "shop.test");
    let unnamed = door.replace("name: http,", "name: \"\",");
    let at_door = |host: &str| {
        rules("web", &format!("hosts: [{host}], gateways: [door], http: [{{redirect: {{uri: /}}}}]"))
    };
    assert_eq!(codes(&[&unnamed, &at_door("shop.test")]), [None], "who names it is not wrong");
    assert_eq!(
        codes(&[&unnamed, &at_door("cart.test")]),
        [None, Some("IST0132")],
        "and all is told in one pass"
    );
    // Of one object there is one, and it is the one that serves.
    let refused = at_door("shop.test")
        .replace("gateways: [door]", "gateways: [mesh, door]")
        .replace("uri: /", "uri: a, redirectCode: 1");
    let serving = refused.replace("redirectCode: 1", "redirectCode: 301");
    assert_eq!(codes(&[&door, &serving, &refused]), [None]);
}
