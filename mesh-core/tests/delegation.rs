//! VirtualServices that hand over to others.

use http::Request;
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::{Decision, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use std::sync::Arc;

/// A root that hands over, and a delegate, by their `http`.
fn table(root: &str, delegate: &str) -> Snapshot {
    table_of(&format!("{}---\n{}", rules("root", "  hosts: [a.com]\n", root), rules("leaf", "", delegate)))
}

fn rules(name: &str, hosts: &str, http: &str) -> String {
    let meta = format!("metadata: {{name: {name}}}");
    format!("apiVersion: networking.istio.io/v1\nkind: VirtualService\n{meta}\nspec:\n{hosts}  http:\n{http}")
}

fn table_of(text: &str) -> Snapshot {
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.faults.iter().all(|fault| !fault.is_error()), "{:?}", status.faults);
    Snapshot::compile(&model, &Viewpoint { namespace: "shop".into(), ..Viewpoint::default() }, None)
}

/// The body of the direct response that a request gets, which tells the rule; the status of a refusal.
fn answer(table: &Snapshot, path: &str, headers: &[(&str, &str)]) -> String {
    let request = Request::get(format!("http://a.com{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(()).expect("a request");
    match table.decide(&RequestView::outbound(&request), 0) {
        Decision::Answer(chosen) => match &table.rule(chosen).route.action {
            mesh_core::model::Action::Respond(direct) => String::from_utf8_lossy(&direct.body).into_owned(),
            other => panic!("not a direct response: {other:?}"),
        },
        other => format!("{other:?}"),
    }
}

/// Rules of which nothing is left are as good as not there.
const NO_RULES: &str = "Pass";

#[test]
fn a_delegate_decides_what_is_handed_over_and_nothing_else() {
    let table = table(
        "  - match: [{uri: {prefix: /a}}]\n    delegate: {name: leaf}\n  - directResponse: {status: 200, body: {string: root}}\n",
        "  - match: [{uri: {prefix: /a/b}}]\n    directResponse: {status: 200, body: {string: deep}}\n\
         \x20 - directResponse: {status: 200, body: {string: leaf}}\n",
    );
    assert_eq!(answer(&table, "/a/b", &[]), "deep");
    assert_eq!(answer(&table, "/a/c", &[]), "leaf");
    assert_eq!(answer(&table, "/c", &[]), "root");
}

#[test]
fn own_rules_keep_their_places_around_what_is_handed_over() {
    let table = table(
        "  - match: [{uri: {exact: /a/first}}]\n    directResponse: {status: 200, body: {string: first}}\n\
         \x20 - match: [{uri: {prefix: /a}}]\n    delegate: {name: leaf}\n\
         \x20 - match: [{uri: {prefix: /a}}]\n    directResponse: {status: 200, body: {string: last}}\n",
        "  - match: [{uri: {prefix: /a/}, headers: {x-group: {exact: test}}}]\n    directResponse: {status: 200, body: {string: leaf}}\n",
    );
    assert_eq!(answer(&table, "/a/first", &[("x-group", "test")]), "first");
    assert_eq!(answer(&table, "/a/b", &[("x-group", "test")]), "leaf");
    assert_eq!(answer(&table, "/a/b", &[]), "last");
}

#[test]
fn a_rule_that_asks_for_something_else_than_its_root_is_left_out() {
    for (root, leaf, is_kept) in [
        ("uri: {prefix: /a}", "uri: {prefix: /a/b}", true),
        ("uri: {prefix: /a}", "uri: {exact: /a/b}", true),
        ("uri: {prefix: /a}", "uri: {prefix: /b}", false),
        ("uri: {prefix: /a}", "uri: {regex: /a/b}", false),
        ("uri: {exact: /a/b}", "uri: {exact: /a/b}", true),
        ("uri: {exact: /a/b}", "uri: {prefix: /a/b}", false),
        ("uri: {regex: /a/b}", "uri: {exact: /a/b}", false),
        ("method: {exact: GET}", "method: {exact: PUT}", false),
        ("headers: {x-group: {}}", "headers: {x-group: {exact: test}}", true),
        ("headers: {x-group: {exact: other}}", "headers: {x-group: {exact: test}}", false),
        ("port: 80", "port: 81", false),
        ("sourceNamespace: shop", "sourceNamespace: other", false),
        ("sourceLabels: {a: b}", "sourceLabels: {a: c}", false),
        ("{uri: {prefix: /a}, ignoreUriCase: true}", "uri: {prefix: /a/b}", false),
        ("gateways: [mesh]", "gateways: [shop/door]", false),
    ] {
        let block = |text: &str| if text.starts_with('{') { text.to_owned() } else { format!("{{{text}}}") };
        let table = table(
            &format!("  - match: [{}]\n    delegate: {{name: leaf}}\n", block(root)),
            &format!(
                "  - match: [{}]\n    directResponse: {{status: 200, body: {{string: leaf}}}}\n",
                block(leaf)
            ),
        );
        let expected = if is_kept { "leaf" } else { NO_RULES };
        assert_eq!(answer(&table, "/a/b", &[("x-group", "test")]), expected, "{root} over {leaf}");
    }
}

#[test]
fn every_block_of_a_rule_must_be_within_the_root() {
    let leaf = |second: &str| {
        format!(
            "  - match: [{{uri: {{prefix: /a/b}}}}, {{uri: {{prefix: {second}}}}}]\n    directResponse: {{status: 200, body: {{string: leaf}}}}\n"
        )
    };
    let root = "  - match: [{uri: {prefix: /a}}]\n    delegate: {name: leaf}\n";
    assert_eq!(answer(&table(root, &leaf("/a/c")), "/a/b", &[]), "leaf");
    assert_eq!(answer(&table(root, &leaf("/c")), "/a/b", &[]), NO_RULES);
}

#[test]
fn what_the_delegate_leaves_open_the_root_decides() {
    let forward = "  - name: leaf\n    route: [{destination: {host: b.com}}]\n";
    let strict = "  - name: leaf\n    timeout: 1s\n    route: [{destination: {host: b.com}}]\n";
    let root = "  - name: root\n    timeout: 5s\n    headers: {request: {set: {x-by: root}}}\n    delegate: {name: leaf}\n";
    for (delegate, seconds) in [(forward, 5), (strict, 1)] {
        let table = table(root, delegate);
        let host = table.virtual_hosts().next().expect("a virtual host");
        let rule = &host.rules[0];
        assert_eq!(&*rule.name, "root-leaf");
        assert_eq!(rule.route.timeout.map(|timeout| timeout.as_secs()), Some(seconds));
        assert_eq!(rule.targets[0].request_headers.as_slice().len(), 1);
    }
}

#[test]
fn a_delegate_that_is_not_there_or_not_exported_decides_nothing() {
    let root = rules("root", "  hosts: [a.com]\n", "  - delegate: {name: leaf, namespace: other}\n");
    assert_eq!(answer(&table_of(&root), "/", &[]), NO_RULES);
    for (export, expected) in
        [("", "leaf"), ("  exportTo: [.]\n", NO_RULES), ("  exportTo: [shop]\n", "leaf")]
    {
        let leaf = rules("leaf", export, "  - directResponse: {status: 200, body: {string: leaf}}\n");
        let leaf = leaf.replace("{name: leaf}", "{name: leaf, namespace: other}");
        assert_eq!(answer(&table_of(&format!("{root}---\n{leaf}")), "/", &[]), expected, "{export}");
    }
}
