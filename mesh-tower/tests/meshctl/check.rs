//! `meshctl check`.

use super::meshctl;
use serde_json::json;
use std::{fmt::Write, fs};

fn check(table: &str) -> super::Run {
    meshctl(&["check", table])
}

#[test]
fn cases_that_are_decided_as_expected_say_nothing() {
    for (table, cases) in
        [("tables/canary.yaml", 10), ("tables/closed.yaml", 2), ("tables/resilient.yaml", 5)]
    {
        let run = check(table);
        assert_eq!((run.out.as_str(), run.code), ("", 0), "{table}");
        assert_eq!(run.err, format!("{cases} cases: {cases} as expected, 0 not\n"));
    }
}

#[test]
fn a_failure_is_one_line_and_several_parts_follow_below() {
    let run = check("tables/wrong.yaml");
    let lines: Vec<_> = run.out.lines().collect();
    let one = "product.hands-on.svc.cluster.local:80 subset new weight 100";
    assert_eq!(
        lines[..17],
        [
            "tables/wrong.yaml:7: another subset: expected backend.subset new, decided old",
            &format!(
                "tables/wrong.yaml:10: many parts: expected outcome redirect, decided forward to {one}; \
                 15 parts differ:"
            ),
            &format!("    outcome: expected redirect, decided forward to {one}"),
            "    route: expected everybody, decided testers",
            &format!("    status: expected 404, decided forward to {one}"),
            "    backend.host: expected product, decided product.hands-on.svc.cluster.local",
            "    backend.subset: expected old, decided new",
            "    backend.port: expected 8080, decided 80",
            &format!(
                "    split: expected subset old weight 50, subset new weight 50, decided forward to {one}"
            ),
            &format!("    redirect: expected http://elsewhere/, decided forward to {one}"),
            "    rewrite.path: expected /x, decided /",
            "    rewrite.authority: expected x, decided product",
            "    requestHeaders.set.x-a: expected 1, decided unchanged",
            "    timeout: expected 3s, decided 2s",
            "    fault.delay: expected 1s, decided none",
            "    fault.abort: expected 500, decided none",
            "    fault.abort.percentage: expected 10 %, decided none",
        ]
    );
    assert_eq!(run.err, "7 cases: 1 as expected, 6 not\n");
    assert_eq!(run.code, 1);
}

#[test]
fn a_weight_of_nothing_and_changes_of_headers_are_compared() {
    let run = check("tables/wrong.yaml");
    let both = "forward to product.hands-on.svc.cluster.local:80 subset old weight 75, \
                product.hands-on.svc.cluster.local:80 subset new weight 25";
    for line in [
        "    retries.attempts: expected 3, decided as the mesh says",
        "    mirror: expected host product 5 %, decided none",
        "    cors: expected granted, decided silent",
        &format!("    backend: expected subset old, decided {both}"),
        &format!("    split: expected subset old weight 75, subset new weight 0, decided {both}"),
        "    requestHeaders.set.x-door: expected back, decided set to front",
        "    requestHeaders.add.x-door: expected front, decided set to front",
        "    requestHeaders.remove.x-kept: expected removed, decided unchanged",
        "    backend: expected subset old, decided respond 418",
        "tables/wrong.yaml:35: a refusal: expected status 404, decided refuse 503 (No such destination: \
         no DestinationRule that applies names a subset newest of product.hands-on.svc.cluster.local)",
    ] {
        assert!(run.out.lines().any(|written| written == line), "{line}\nis not in\n{}", run.out);
    }
}

#[test]
fn tools_read_the_same_failures() {
    let run = meshctl(&["check", "--output", "json", "tables/wrong.yaml", "tables/lost.yaml"]);
    let found = run.json();
    assert_eq!(run.code, 2);
    assert_eq!(found["cases"], 7);
    assert_eq!(
        found["failures"][0],
        json!({
            "file": "tables/wrong.yaml",
            "line": 7,
            "name": "another subset",
            "differences": [{"part": "backend.subset", "expected": "new", "decided": "old"}],
        })
    );
    assert_eq!(found["faults"][0]["path"], "documents[1]");
}

#[test]
fn a_broken_table_is_told_of_with_lines_and_field_paths() {
    let run = check("tables/broken.yaml");
    let faults: Vec<_> = run.err.lines().collect();
    assert_eq!((run.out.as_str(), run.code), ("", 2));
    assert_eq!(
        faults[..4],
        [
            "error: tables/broken.yaml:2: case: unknown field (did you mean cases?)",
            "error: tables/broken.yaml:5: cases[0].request: url is missing \
             (write one, such as http://product/path)",
            "error: tables/broken.yaml:7: cases[1].request.url: \"product/1\" is no URL of a request: \
             it must start with http:// or https:// (such as http://product/path)",
            "error: tables/broken.yaml:7: cases[1].request.method: invalid HTTP method",
        ]
    );
    for place in [
        "8: cases[1].expect: expects nothing",
        "10: cases[2].expect.staus: unknown field",
        "12: cases[3].expect.status: 4 is no status",
        "12: cases[3].expect.fault.abort.percentage: 101 is no percentage",
        "13: cases[4]: request is missing",
        "14: cases[5]: expect is missing",
    ] {
        assert!(run.err.contains(&format!("error: tables/broken.yaml:{place}")), "{place}: {}", run.err);
    }
    assert_eq!(faults.last(), Some(&"0 cases: 0 as expected, 0 not; 14 faults in tables that were not run"));
}

#[test]
fn documents_that_do_not_exist_are_told_of_where_the_table_names_them() {
    let run = check("tables/lost.yaml");
    assert!(
        run.err.starts_with(
            "error: tables/lost.yaml:3: documents[1]: tables/../nowhere: no such file or folder"
        ),
        "{}",
        run.err
    );
    assert_eq!(run.code, 2);
    assert_eq!(check("tables/nowhere.yaml").code, 2);
    assert_eq!(meshctl(&["check"]).code, 2);
}

#[test]
fn many_cases_fail_in_the_order_in_which_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/meshctl/fixtures/canary");
    let mut table = format!("documents: [{documents}]\ncases:\n");
    for case in 0..500 {
        let status = if case % 100 == 7 { 200 } else { 404 };
        let request = "request: {url: \"https://shop.example.com/\", gateway: hands-on/door}";
        writeln!(table, "- {{name: case {case}, {request}, expect: {{status: {status}}}}}").unwrap();
    }
    let path = folder.path().join("table.yaml");
    fs::write(&path, table).unwrap();
    let run = meshctl(&["check", "--output", "json", path.to_str().unwrap()]);
    let found = run.json();
    let failures = found["failures"].as_array().unwrap();
    let lines: Vec<_> = failures.iter().filter_map(|failure| failure["line"].as_u64()).collect();
    assert_eq!(lines, [10, 110, 210, 310, 410]);
    assert_eq!(run.err, "500 cases: 495 as expected, 5 not\n");
}

#[test]
fn wrong_documents_are_told_of_and_the_rest_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/meshctl/fixtures/faulty");
    let path = folder.path().join("table.yaml");
    let case = "{request: {url: \"http://product/\"}, expect: {backend: {port: 80}}}";
    fs::write(&path, format!("documents: [{documents}]\ncases: [{case}]\n")).unwrap();
    let run = check(path.to_str().unwrap());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.err.contains("b.yaml:8: VirtualService/product: spec.http[0].rout: unknown field"),
        "{}",
        run.err
    );
}

#[test]
fn build_servers_read_every_case_as_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/meshctl/fixtures/canary");
    let table = format!(
        "documents: [{documents}]\nnamespace: hands-on\ncases:\n\
         - {{name: right, request: {{url: \"http://product/\"}}, expect: {{route: everybody}}}}\n\
         - name: \"<a> & 'b' \\\"c\\\"\\td\\ne\\rf\\0g\\eh\\x7fi ]]> \u{e9}\"\n  \
           request: {{url: \"http://product/\"}}\n  expect: {{route: \"x\\b<y>\", timeout: 1s}}\n"
    );
    std::fs::write(folder.path().join("table.yaml"), table).unwrap();
    let mut command = super::command(&["check", "--output", "junit", "table.yaml"]);
    let run = super::ended(command.current_dir(folder.path()).output().unwrap());
    assert_eq!(
        run.out,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="meshctl check" tests="2" failures="1" errors="0">
  <testsuite name="table.yaml" tests="2" failures="1" errors="0">
    <testcase name="right" classname="table.yaml"/>
    <testcase name="&lt;a&gt; &amp; 'b' &quot;c&quot;&#9;d&#10;e&#13;f\u{0}g\u{1b}hi ]]&gt; é" classname="table.yaml">
      <failure message="route: expected x\u{8}&lt;y&gt;, decided everybody; 2 parts differ" type="difference">
table.yaml:5: route: expected x\u{8}&lt;y&gt;, decided everybody
table.yaml:5: timeout: expected 1s, decided none
</failure>
    </testcase>
  </testsuite>
</testsuites>
"#
        .replace("hi ]]", "h\u{7f}i ]]")
    );
    assert_eq!((run.err.as_str(), run.code), ("2 cases: 1 as expected, 1 not\n", 1));
}

#[test]
fn build_servers_are_told_of_tables_that_were_not_run() {
    let run =
        meshctl(&["check", "-o", "junit", "tables/closed.yaml", "tables/lost.yaml", "tables/broken.yaml"]);
    assert_eq!(run.code, 2);
    let lines: Vec<_> = run.out.lines().collect();
    for line in [
        r#"<testsuites name="meshctl check" tests="17" failures="0" errors="15">"#,
        r#"  <testsuite name="tables/closed.yaml" tests="2" failures="0" errors="0">"#,
        r#"    <testcase name="case 1" classname="tables/closed.yaml"/>"#,
        r#"  <testsuite name="tables/lost.yaml" tests="1" failures="0" errors="1">"#,
        r#"    <testcase name="documents[1]" classname="tables/lost.yaml">"#,
        r#"  <testsuite name="tables/broken.yaml" tests="14" failures="0" errors="14">"#,
        r#"      <error message="unknown field" type="fault">tables/broken.yaml:2: case: unknown field (did you mean cases?)</error>"#,
    ] {
        assert!(lines.contains(&line), "{line}\nis not in\n{}", run.out);
    }
}

#[test]
fn the_help_names_every_format() {
    for (command, formats) in [
        ("analyze", &["text", "json", "sarif"][..]),
        ("check", &["text", "json", "junit"]),
        ("route", &["text", "json"]),
    ] {
        let help = meshctl(&[command, "--help"]);
        for format in formats {
            assert!(help.out.contains(&format!("- {format}:")), "{command} {format}: {}", help.out);
        }
    }
    let help = meshctl(&["--help"]).out;
    assert!(help.contains("--output sarif") && help.contains("--output junit"), "{help}");
    assert_eq!(meshctl(&["analyze", "canary", "-o", "junit"]).code, 2);
    assert_eq!(meshctl(&["check", "tables/canary.yaml", "-o", "sarif"]).code, 2);
}
