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
    assert_eq!(run.err, "3 errors, 1 warning in 4 documents; 2 skipped: Deployment, EnvoyFilter\n");
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
    let run = meshctl(&["analyze", "canary/product.yaml"]);
    assert_eq!((run.out.as_str(), run.code), ("", 0));
    assert_eq!(run.err, "0 errors, 0 warnings in 5 documents\n");
}

#[test]
fn what_is_wrong_between_documents_has_istios_code() {
    let run = meshctl(&["analyze", "canary"]);
    assert!(run.out.starts_with("canary/door.yaml:44: VirtualService/shop: spec.http[2]"), "{}", run.out);
    assert!(run.out.ends_with("[error IST0101]\n"), "{}", run.out);
    assert_eq!((run.err.as_str(), run.code), ("1 error, 0 warnings in 7 documents\n", 1));
}

#[test]
fn skipped_documents_are_listed_when_asked_for() {
    let run = meshctl(&["analyze", "--verbose", "faulty"]);
    let skipped: Vec<_> = run.out.lines().filter(|line| line.ends_with("[skipped]")).collect();
    assert_eq!(
        skipped,
        [
            "faulty/b.yaml:11: Deployment: this kind serves nothing: only the analysis looks at it [skipped]",
            "faulty/b.yaml:16: EnvoyFilter: this kind is recognised, but not used yet [skipped]",
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
fn the_long_help_lists_what_is_looked_for() {
    let help = meshctl(&["analyze", "--help"]).out;
    for code in mesh_core::dialect::CODES {
        assert!(
            help.contains(&format!("{}  {:<7}  {}", code.id, code.severity.to_string(), code.title)),
            "{}",
            code.id
        );
    }
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

#[test]
fn code_review_tools_read_the_same_findings() {
    let run = meshctl(&["analyze", "--output", "sarif", "faulty"]);
    let log = run.json();
    assert_eq!((run.code, &log["version"]), (1, &json!("2.1.0")));
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["version"]), (&json!("meshctl"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(driver["rules"].as_array().map(Vec::len), Some(1));
    assert_eq!(driver["rules"][0]["id"], "mesh");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let levels: Vec<_> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["warning", "error", "error", "error"]);
    assert_eq!(
        results[3],
        json!({
            "ruleId": "mesh",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "unknown field (did you mean route?)"},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": "faulty/b.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 8},
                },
                "logicalLocations": [{
                    "name": "spec.http[0].rout",
                    "fullyQualifiedName": "VirtualService/product: spec.http[0].rout",
                    "kind": "property",
                }],
            }],
        })
    );
    assert_eq!(
        results[1]["locations"][0].get("logicalLocations"),
        None,
        "a file that is no YAML has no object"
    );
}

#[test]
fn sarif_without_findings_has_a_run_with_no_results() {
    let run = meshctl(&["analyze", "--output", "sarif", "canary/product.yaml"]);
    assert_eq!((run.code, &run.json()["runs"][0]["results"]), (0, &json!([])));
}

#[test]
fn sarif_has_no_region_for_a_file_as_a_whole_and_is_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("too large.yaml");
    std::fs::File::create(&path).and_then(|file| file.set_len(1 << 30)).expect("a file");
    let ask = || meshctl(&["analyze", "-o", "sarif", "faulty", path.to_str().expect("text")]);
    let run = ask();
    let log = run.json();
    let results = log["runs"][0]["results"].as_array().expect("results");
    let whole: Vec<_> = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"])
        .filter(|place| place.get("region").is_none())
        .collect();
    assert_eq!(whole.len(), 1, "{log}");
    let uri = whole[0]["artifactLocation"]["uri"].as_str().expect("a URI");
    assert!(uri.starts_with("file:///") && uri.ends_with("/too%20large.yaml"), "{uri}");
    assert_eq!(run.out, ask().out);
}
