//! Documents as people write them, old and new: each is read, and what has no effect yet is a warning.

use mesh_core::{
    document::{Body, Document, Reading, Severity},
    source::Batch,
};
use std::{fs, path::Path, sync::Arc};

fn read(file: &str) -> Batch {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/right").join(file);
    Batch::of(file.into(), &fs::read(path).expect("a fixture"), "hands-on")
}

/// The documents of a file, all of which must be good, and their warnings.
fn good(file: &str) -> (Vec<Document>, Vec<String>) {
    let batch = read(file);
    assert!(batch.is_whole);
    let mut warnings = Vec::new();
    let document = |reading| match reading {
        Reading::Good { document, faults } => {
            assert!(faults.iter().all(|fault| fault.severity == Severity::Warning));
            warnings.extend(faults.iter().map(|fault| format!("{}: {}", fault.place.line(), fault.path)));
            Arc::unwrap_or_clone(document)
        }
        wrong => panic!("{wrong:?}"),
    };
    (batch.readings.into_iter().map(document).collect(), warnings)
}

#[test]
fn the_dialect_of_2019_is_read_without_a_word() {
    let (documents, warnings) = good("routing.yaml");
    assert_eq!(documents.len(), 3);
    assert!(warnings.is_empty(), "{warnings:?}");
    let Body::VirtualService(catalog) = &documents[0].body else { panic!("a VirtualService") };
    let [test, rest] = &catalog.http[..] else { panic!("two rules") };
    assert_eq!(test.route[0].destination.as_ref().unwrap().port, None);
    assert_eq!(rest.route.iter().map(|route| route.weight).collect::<Vec<_>>(), [90, 10]);
    let abort = rest.fault.as_ref().unwrap().abort.as_ref().unwrap();
    assert_eq!((abort.http_status, abort.percentage.map(|percent| percent.0)), (Some(500), Some(20.0)));
    assert_eq!(documents[0].metadata.namespace, "hands-on");
    assert_eq!(documents[1].place.line(), 39);
}

#[test]
fn the_dialect_of_today_is_read() {
    let (documents, _) = good("today.yaml");
    let keys: Vec<_> = documents.iter().map(|document| document.key().to_string()).collect();
    let expected = [
        "VirtualService/catalog",
        "DestinationRule/catalog",
        "ServiceEntry/payments",
        "WorkloadEntry/machine",
    ];
    assert_eq!(keys, expected);
    assert_eq!(documents[0].metadata.namespace, "shop");
    let Body::VirtualService(catalog) = &documents[0].body else { panic!("a VirtualService") };
    assert_eq!(catalog.http[0].timeout, Some(std::time::Duration::from_millis(1500)));
    assert_eq!(catalog.http[1].redirect.as_ref().unwrap().redirect_code, Some(308));
}

#[test]
fn telemetry_is_read() {
    let (documents, warnings) = good("telemetry.yaml");
    let keys: Vec<_> = documents.iter().map(|document| document.key().to_string()).collect();
    assert_eq!(keys, ["Telemetry/mesh", "Telemetry/cart", "ProxyConfig/cart"]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let Body::Telemetry(mesh) = &documents[0].body else { panic!("a Telemetry") };
    assert_eq!(mesh.tracing[0].random_sampling_percentage, Some(10.0));
    let tags: Vec<_> = mesh.tracing[0].custom_tags.iter().flatten().map(|(name, _)| name.as_str()).collect();
    assert_eq!(tags, ["environment", "tenant"]);
    let Body::Telemetry(cart) = &documents[1].body else { panic!("a Telemetry") };
    let filter = cart.access_logging[0].filter.as_ref().unwrap();
    assert_eq!(filter.expression, "response.code >= 400");
}

#[test]
fn gateways_and_old_policies_are_read() {
    let (documents, _) = good("edge.yml");
    let keys: Vec<_> = documents.iter().map(|document| document.key()).collect();
    let names: Vec<_> = keys.iter().map(|key| (key.to_string(), &*key.namespace)).collect();
    let expected = [("Gateway/edge", "hands-on"), ("Policy/tokens", "hands-on"), ("MeshPolicy/default", "")];
    assert_eq!(names, expected.map(|(name, namespace)| (name.to_owned(), namespace)));
}

#[test]
fn a_list_in_json_is_as_good_as_its_items() {
    let (documents, warnings) = good("services.json");
    assert_eq!(documents.iter().map(|document| document.place.line()).collect::<Vec<_>>(), [5, 10]);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_kinds_of_others_are_passed_over() {
    for (file, count) in [("others.yaml", 9), ("kustomization.yml", 1)] {
        let readings = read(file).readings;
        assert_eq!(readings.len(), count);
        assert!(readings.iter().all(|reading| matches!(reading, Reading::Skipped { .. })), "{readings:?}");
    }
}
