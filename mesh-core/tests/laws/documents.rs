//! Documents: whatever a file holds, it is read to a decision or to faults that say where.

use http::HeaderMap;
use mesh_core::{
    dialect::{Setting, translate},
    document::{Fault, Reading, Severity, read},
    model::{Labels, Model},
    source::{Batch, parse},
    table::{Decision, GatewayRole, RequestView, Snapshot, Viewpoint},
    watch::{Ledger, Status},
};
use std::sync::Arc;

/// How many virtual hosts of a table are asked for.
const ASKED: usize = 8;

/// Holds all laws against the bytes of a file.
pub(crate) fn hold(bytes: &[u8]) {
    let file: Arc<str> = "fuzz.yaml".into();
    let (parsed, again) = (parse(bytes, &file), parse(bytes, &file));
    assert!(parsed == again, "what is read twice is equal");
    let batch = Arc::new(Batch::of(Arc::clone(&file), bytes, "default"));
    assert_eq!(batch.is_whole, parsed.fault.is_none());
    let readings = parsed.documents.iter().flat_map(|root| read(root, &file, "default"));
    let mistake = parsed.fault.map(|fault| Reading::Bad { key: None, faults: vec![fault], draft: None });
    assert!(batch.readings.iter().eq(&readings.chain(mistake).collect::<Vec<_>>()), "{:?}", batch.readings);
    let breaks = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    for reading in &batch.readings {
        one(reading, breaks);
    }
    if batch.is_whole && !faults(&batch).any(|fault| fault.severity == Severity::Error) {
        let is_read = |reading: &Reading| !matches!(reading, Reading::Bad { .. });
        assert!(batch.readings.iter().all(is_read), "a file without an error gives documents");
    }

    let mut ledger = Ledger::new(Setting::default());
    let (model, status) = ledger.take(&[Arc::clone(&batch)]);
    for fault in &status.faults {
        within(fault, breaks);
    }
    equal(&(model.clone(), status.clone()), &ledger.take(&[Arc::clone(&batch)]));
    tables(&model);
    if batch.is_whole && !status.faults.iter().any(Fault::is_refusal) {
        let first_half = Batch::of(file, &bytes[..bytes.len() / 2], "default");
        let mut ledger = Ledger::new(Setting::default());
        let _ = ledger.take(&[Arc::new(first_half)]);
        equal(&(model, status), &ledger.take(&[batch]));
    }
}

fn faults(batch: &Batch) -> impl Iterator<Item = &Fault> {
    batch.readings.iter().flat_map(|reading| match reading {
        Reading::Good { faults, .. } | Reading::Bad { faults, .. } => &faults[..],
        Reading::Skipped { .. } => &[],
    })
}

/// What is good means something, or something is wrong with its meaning.
fn one(reading: &Reading, breaks: usize) {
    let is_error = |fault: &Fault| fault.severity == Severity::Error;
    match reading {
        Reading::Good { document, faults } => {
            assert!(!faults.iter().any(is_error), "{faults:?}");
            let (meaning, found) = translate(document, &Setting::default());
            assert_eq!(meaning.is_none(), found.iter().any(is_error), "{found:?}");
            for fault in faults.iter().chain(&found) {
                within(fault, breaks);
            }
        }
        Reading::Bad { faults, .. } => {
            assert!(faults.iter().any(is_error), "{faults:?}");
            for fault in faults {
                within(fault, breaks);
            }
        }
        Reading::Skipped { place, .. } => assert!(place.line() as usize <= breaks + 1, "{place}"),
    }
}

/// The line of a fault is one of the file's, and its text says something, on one line.
fn within(fault: &Fault, breaks: usize) {
    assert!(fault.place.line() as usize <= breaks + 1, "{fault} of {breaks} lines");
    assert!(!fault.reason.is_empty(), "{fault}");
    assert!(!fault.to_string().contains(char::is_control), "{fault:?}");
}

/// A ledger remembers what was there before only as long as something is wrong now.
fn equal(first: &(Model, Status), second: &(Model, Status)) {
    assert!(first.0 == second.0, "models differ: {:?} and {:?}", first.0, second.0);
    assert_eq!(first.1, second.1);
}

/// Every workload can run what documents mean.
fn tables(model: &Model) {
    let labels = Labels::from([("istio".to_owned(), "ingressgateway".to_owned())]);
    for gateway in [GatewayRole::None, GatewayRole::BySelector] {
        let viewpoint = Viewpoint {
            namespace: "default".into(),
            labels: labels.clone(),
            gateway,
            ..Viewpoint::default()
        };
        let table = Snapshot::compile(model, &viewpoint, None);
        let again = Snapshot::compile(model, &viewpoint, Some(&table));
        assert!(table.virtual_hosts().eq(again.virtual_hosts()));
        assert!(table.backends().eq(again.backends()));
        assert_eq!(table.listeners(), again.listeners());
        let ports: Vec<_> = table.listeners().iter().map(|listener| Some(listener.port)).collect();
        let ports = if ports.is_empty() { vec![None] } else { ports };
        for host in table.virtual_hosts().take(ASKED) {
            for listener in ports.iter().take(2) {
                ask(&table, &host.name.replace('*', "a"), *listener);
            }
        }
    }
}

/// Whatever becomes of a request, it can be explained.
fn ask(table: &Snapshot, authority: &str, listener: Option<u16>) {
    let headers = HeaderMap::from_iter([(http::header::COOKIE, http::HeaderValue::from_static("a=b"))]);
    for (path, query) in [("/", None), ("/a/b.html", Some("a=b&c"))] {
        let port = listener.unwrap_or(80);
        let view = RequestView {
            method: "GET",
            scheme: "http",
            authority,
            path,
            query,
            headers: &headers,
            port,
            listener,
            claims: None,
        };
        let explanation = table.explain(&view);
        assert!(!explanation.to_string().is_empty() && !explanation.outcome.is_empty());
        match table.decide(&view, u32::MAX) {
            Decision::Forward(chosen) | Decision::Answer(chosen) => {
                let rule = table.rule(chosen);
                assert_eq!(explanation.rule.map(|rule| rule.name).as_deref(), Some(&*rule.name));
                assert_eq!(explanation.location, rule.redirect_location(&view));
                let _ = rule.rewritten_path(&view);
            }
            Decision::Pass => assert_eq!(explanation.outcome, "passthrough"),
            // Another of several destinations may be there.
            Decision::Refuse(_) => assert!(matches!(explanation.outcome, "refuse" | "forward")),
        }
    }
}
