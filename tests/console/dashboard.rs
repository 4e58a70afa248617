//! The dashboard for Grafana asks for what is measured.

use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// Every file of a folder, as one text.
fn all(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    entries.map(|path| if path.is_dir() { all(&path) } else { text(&path) }).collect()
}

#[test]
fn every_metric_of_the_dashboard_is_one_of_ours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("examples/dashboards/mesh-health.json")).expect("a dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let names: BTreeSet<String> = targets
        .flat_map(|target| {
            let expression = target["expr"].as_str().expect("an expression");
            let words = expression.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            words.filter(|word| word.starts_with("mesh_") || word.starts_with("istio_")).map(str::to_owned)
        })
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    let sources = all(&root.join("mesh-tower/src"));
    for name in names {
        let recorded = name.strip_suffix("_bucket").unwrap_or(&name);
        assert!(sources.contains(&format!("\"{recorded}\"")), "{name} is measured nowhere");
    }
}
