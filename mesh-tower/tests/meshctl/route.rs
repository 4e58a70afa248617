//! `meshctl route`.

use super::meshctl;
use serde_json::json;

const TO_PRODUCT: [&str; 7] =
    ["route", "-f", "canary", "--to", "http://product/product/1", "--from", "hands-on/product-composite"];

fn route(more: &[&str]) -> super::Run {
    meshctl(&[&TO_PRODUCT[..], more].concat())
}

fn at_door(url: &str, more: &[&str]) -> super::Run {
    meshctl(&[&["route", "-f", "canary", "--to", url, "--gateway", "hands-on/door"], more].concat())
}

#[test]
fn people_read_the_decision_and_its_reasons() {
    let run = route(&[]);
    assert_eq!(
        run.out,
        "\
Forwarded to product.hands-on.svc.cluster.local:80 subset old (100 %).
outcome            forward
virtual host       product.hands-on.svc.cluster.local (by product)
virtual services   hands-on/product
passed over        rule 1 testers (line 35): header x-group is absent, exact \"test\" is asked for
matched            rule 2 everybody (line 42)
target             product.hands-on.svc.cluster.local:80 subset old (100 %)
  endpoints        10.0.0.1:8080
delay              3s for 10 %
"
    );
    assert_eq!((run.err.as_str(), run.code), ("", 0));
}

#[test]
fn people_read_what_happens_to_the_request_on_its_way() {
    let run = at_door("https://shop.example.com/product/1?x=y", &[]);
    let lines: Vec<_> = run.out.lines().collect();
    let target = |subset: &str| format!("product.hands-on.svc.cluster.local:80 subset {subset}");
    assert_eq!(lines[0], format!("Forwarded to {} (75 %), {} (25 %).", target("old"), target("new")));
    assert_eq!(
        lines[6..],
        [
            "  endpoints        10.0.0.1:8080",
            "  request header   remove x-secret",
            "  request header   set x-door: front",
            "  response header  add x-served-by: shop",
            &format!("target             {} (25 %)", target("new")),
            "  endpoints        10.0.0.2:8080",
            "  request header   remove x-secret",
            "  request header   set x-door: front",
            "  response header  add x-served-by: shop",
            "rewritten path     /1?x=y",
            "authority          product.internal",
        ]
    );
    let last = |run: super::Run| run.out.lines().last().map(str::to_owned);
    assert_eq!(last(route(&["-H", "X-group: test"])).as_deref(), Some("timeout            2000 ms"));
    let flaky = at_door("https://shop.example.com/flaky", &[]);
    assert_eq!(last(flaky).as_deref(), Some("abort              gRPC status 14 for 50 %"));
    let moved = at_door("https://shop.example.com/old/x", &[]);
    assert_eq!(last(moved).as_deref(), Some("location           https://shop.example.com/new/"));
}

#[test]
fn the_decision_is_coloured_for_those_who_want_it() {
    let first_line = |path: &str, force: &[(&str, &str)]| {
        let url = format!("https://shop.example.com/{path}");
        let mut command =
            super::command(&["route", "-f", "canary", "--to", &url, "--gateway", "hands-on/door"]);
        let run = super::ended(command.envs(force.iter().copied()).output().expect("meshctl runs"));
        run.out.lines().next().map(str::to_owned).expect("a line")
    };
    assert!(!first_line("broken", &[]).contains('\u{1b}'), "a pipe is no terminal");
    let force = [("CLICOLOR_FORCE", "1")];
    for (path, colour) in [("broken", "\u{1b}[31m"), ("teapot", "\u{1b}[32m")] {
        let line = first_line(path, &force);
        assert!(line.contains(colour) && line.ends_with("\u{1b}[0m"), "{line:?}");
    }
}

#[test]
fn tools_read_the_same_decision() {
    let run = route(&["-H", "X-group: test", "--output", "json"]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.json(),
        json!({
            "virtualHost": "product.hands-on.svc.cluster.local",
            "matchedDomain": "product",
            "virtualServices": ["hands-on/product"],
            "rule": {"number": 1, "name": "testers", "line": 35},
            "passedOver": [],
            "outcome": "forward",
            "summary": "Forwarded to product.hands-on.svc.cluster.local:80 subset new (100 %).",
            "targets": [{
                "host": "product.hands-on.svc.cluster.local",
                "subset": "new",
                "port": 80,
                "weight": 100,
                "percent": 100.0,
                "endpoints": ["10.0.0.2:8080"],
            }],
            "timeoutMs": 2000,
        })
    );
}

#[test]
fn a_short_name_is_of_the_callers_namespace() {
    let elsewhere = ["route", "-f", "canary", "--to", "http://product/"];
    assert!(meshctl(&elsewhere).out.contains("outcome            passthrough\n"));
    for more in [["--from", "hands-on"], ["--namespace", "hands-on"]] {
        let run = meshctl(&[&elsewhere[..], &more].concat());
        assert!(run.out.contains("outcome            forward\n"), "{}", run.out);
    }
}

#[test]
fn rules_look_at_the_callers_labels_and_method() {
    let to = ["route", "-f", "labels.yaml", "--to", "http://stock.example.com/"];
    let outcome = |more: &[&str]| meshctl(&[&to[..], more, &["-o", "json"]].concat()).json();
    assert_eq!(outcome(&["--label", "version=v2", "-X", "POST"])["status"], 201);
    assert_eq!(outcome(&["--label", "version=v2"])["status"], 404);
    // For others the rules are as good as not there.
    assert_eq!(outcome(&["--label", "version=v1", "-X", "POST"])["outcome"], "passthrough");
}

#[test]
fn a_request_comes_in_at_the_gateways_port_of_its_scheme() {
    let run = at_door("https://shop.example.com/product/1?x=y", &["-o", "json"]);
    let decided = run.json();
    assert_eq!(decided["rewrittenPath"], "/1?x=y");
    assert_eq!(decided["targets"][1]["percent"], 25.0);
    for url in ["http://shop.example.com:81/product/1", "https://shop.example.com:8443/product/1"] {
        assert_eq!(at_door(url, &["-o", "json"]).json()["status"], 404, "{url}");
    }
}

#[test]
fn a_gateway_for_https_alone_sends_plain_text_there() {
    let run = at_door("http://SHOP.example.com/product/1?x=y", &["-o", "json"]);
    let decided = run.json();
    assert_eq!((&decided["outcome"], &decided["status"]), (&json!("redirect"), &json!(301)));
    assert_eq!(decided["location"], "https://shop.example.com/product/1?x=y");
}

#[test]
fn a_host_header_takes_the_place_of_the_urls_host() {
    let run = at_door("https://localhost/teapot", &["-H", "Host: shop.example.com", "-o", "json"]);
    assert_eq!(run.json()["status"], 418);
    assert_eq!(at_door("https://localhost/teapot", &["-o", "json"]).json()["status"], 404);
}

#[test]
fn a_refusal_is_a_decision() {
    let run = at_door("https://shop.example.com/broken", &[]);
    assert!(run.out.contains("outcome            refuse 503 NC\n"), "{}", run.out);
    assert_eq!((run.err.as_str(), run.code), ("", 0));
}

#[test]
fn a_gateway_that_no_document_describes_is_told_of() {
    let run = meshctl(&["route", "-f", "canary", "--to", "http://a/", "--gateway", "hands-on/window"]);
    assert_eq!(run.err, "warning: no document is Gateway hands-on/window (known: hands-on/door)\n");
    assert_eq!(run.code, 0);
}

#[test]
fn wrong_documents_are_told_of_and_the_rest_is_used() {
    let run = meshctl(&["route", "-f", "faulty", "canary/product.yaml", "--to", "http://product.hands-on/"]);
    assert!(run.out.contains("outcome            forward\n"), "{}", run.out);
    assert_eq!(run.code, 0);
    let warnings: Vec<_> = run.err.lines().collect();
    assert_eq!(warnings.len(), 3, "{}", run.err);
    assert_eq!(
        warnings[0],
        "warning: faulty/a.yaml:15: invalid YAML: expected a value (write one, or put the text in quotes)"
    );
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for (wrong, reason) in [
        (&["--to", "product/1"][..], "it must start with http:// or https://"),
        (&["--to", "http://a/", "-H", "X-group"], "\"X-group\" is no header"),
        (&["--to", "http://a/", "-X", "GE T"], "invalid HTTP method"),
        (&["--to", "http://a/", "--label", "version"], "\"version\" is no label"),
        (&["--to", "http://a/", "--gateway", "a/b/c"], "\"a/b/c\" is no name of a gateway"),
        (&["--to", "http://a/", "--from", "/cart"], "\"/cart\" names no namespace"),
        (&["--to", "http://a/", "-f", "nowhere"], "nowhere: no such file or folder"),
        (&[], "--to <URL>"),
    ] {
        let run = meshctl(&[&["route", "-f", "canary"], wrong].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong:?}");
        assert!(run.err.contains(reason), "{}", run.err);
    }
}
