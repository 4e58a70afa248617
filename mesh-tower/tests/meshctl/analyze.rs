//! `meshctl analyze`.

use super::meshctl;
use serde_json::json;

#[test]
fn every_fault_has_a_line_in_the_order_of_files_and_lines() {
    let run = meshctl(&["analyze", "faulty"]);
    let lines: Vec<_> = run.out.lines().collect();
    assert_eq!(
        lines,
        [
            "faulty/a.yaml:8: Service/product: is also written at faulty/a.yaml:1, which is used instead \
             (remove one of the two) [warning]",
            "faulty/a.yaml:15: invalid YAML: expected a value (write one, or put the text in quotes) [error]",
            "faulty/b.yaml:7: VirtualService/product: spec.http[0].timeout: invalid duration \"soon\" \
             (write a number and a unit: 100ms, 2s, 1m30s) [error]",
            "faulty/b.yaml:8: VirtualService/product: spec.http[0].rout: unknown field \
             (did you mean route?) [error]",
        ]
    );
    assert_eq!(run.err, "3 errors, 1 warning in 4 documents; 2 skipped: Deployment, Telemetry\n");
    assert_eq!(run.code, 1);
}

#[test]
fn warnings_alone_are_no_failure() {
    let run = meshctl(&["analyze", "warned.yaml"]);
    assert!(run.out.ends_with("(remove one of the two) [warning]\n"), "{}", run.out);
    assert_eq!(run.err, "0 errors, 1 warning in 2 documents\n");
    assert_eq!(run.code, 0);
}

#[test]
fn faultless_documents_give_no_line() {
    let run = meshctl(&["analyze", "canary"]);
    assert_eq!((run.out.as_str(), run.code), ("", 0));
    assert_eq!(run.err, "0 errors, 0 warnings in 7 documents\n");
}

#[test]
fn skipped_documents_are_listed_when_asked_for() {
    let run = meshctl(&["analyze", "--verbose", "faulty"]);
    let skipped: Vec<_> = run.out.lines().filter(|line| line.ends_with("[skipped]")).collect();
    assert_eq!(
        skipped,
        [
            "faulty/b.yaml:11: Deployment: the mesh has no use for this kind [skipped]",
            "faulty/b.yaml:16: Telemetry: this kind is recognised, but not used yet [skipped]",
        ]
    );
}

#[test]
fn tools_read_the_same_findings() {
    let run = meshctl(&["analyze", "--output", "json", "faulty"]);
    let found = run.json();
    assert_eq!(run.code, 1);
    assert_eq!(found["documents"], 4);
    assert_eq!(found["faults"].as_array().map(Vec::len), Some(4));
    assert_eq!(
        found["faults"][3],
        json!({
            "severity": "error",
            "file": "faulty/b.yaml",
            "line": 8,
            "object": "VirtualService/product",
            "path": "spec.http[0].rout",
            "reason": "unknown field",
            "remedy": "did you mean route?",
        })
    );
    assert_eq!(found["skipped"][0], json!({"kind": "Deployment", "file": "faulty/b.yaml", "line": 11}));
}

#[test]
fn documents_that_name_no_namespace_are_in_the_one_asked_for() {
    // The product of hands-on is written out; so the two are one and the same only in that namespace.
    let both = ["analyze", "canary/product.yaml", "warned.yaml"];
    let shadowed =
        |run: super::Run| run.out.lines().filter(|line| line.contains("canary/product.yaml:2")).count();
    assert_eq!(shadowed(meshctl(&both)), 0);
    assert_eq!(shadowed(meshctl(&[&both[..], &["--namespace", "hands-on"]].concat())), 2);
}

#[test]
fn what_cannot_be_read_is_a_mistake_of_the_command_line() {
    for path in ["nowhere", "warned.yaml/below"] {
        let run = meshctl(&["analyze", "canary", path]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.starts_with(&format!("error: {path}: ")), "{}", run.err);
    }
    assert_eq!(meshctl(&["analyze"]).code, 2);
    assert_eq!(meshctl(&["analyze", "canary", "--output", "xml"]).code, 2);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = super::command(&["analyze", "faulty"]);
        let output = command.envs(variables.iter().copied()).output().expect("meshctl runs");
        super::ended(output).out.contains("\u{1b}[")
    };
    assert!(!coloured(&[]), "a pipe is no terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}
