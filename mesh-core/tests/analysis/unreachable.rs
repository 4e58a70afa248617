use super::{codes, rules, severities, told};
use mesh_core::document::Severity;

const TO: &str = "route: [{destination: {host: web}}]";

/// HTTP rules with one match each.
fn http(matches: &[&str]) -> String {
    let matches: Vec<_> = matches.iter().map(|block| format!("{{match: [{{{block}}}], {TO}}}")).collect();
    rules("web", &format!("hosts: [web], http: [{}]", matches.join(", ")))
}

#[test]
fn a_match_that_an_earlier_one_takes_whole_is_worth_knowing_and_its_rule_a_warning() {
    let same = http(&["uri: {exact: /a}", "uri: {exact: /a}"]);
    let told = told(&[&same]);
    let lead = "mesh.yaml:4: VirtualService/web: spec.http[1]";
    let expected = [
        format!(
            "IST0131 {lead}.match[0]: virtualService rule #1 match #0 is not used (duplicate/overlapping match in \
             rule #0) (remove it, or put the narrower match first)"
        ),
        format!(
            "IST0130 {lead}: virtualService rule #1 not used (all matches used by prior rules) (remove it, or put it \
             further up)"
        ),
    ];
    assert_eq!(told, expected);
    assert_eq!(severities(&[&same]), [Severity::Info, Severity::Warning]);
}

#[test]
fn rules_and_matches_are_called_by_their_names() {
    let rule = |name: &str| format!("{{name: {name}, match: [{{name: all, uri: {{exact: /a}}}}], {TO}}}");
    let told = told(&[&rules("web", &format!("hosts: [web], http: [{}, {}]", rule("one"), rule("two")))]);
    assert!(
        told[0]
            .contains("rule \"two\" match \"all\" is not used (duplicate/overlapping match in rule \"one\")")
    );
}

#[test]
fn a_prefix_covers_longer_ones_that_ask_for_as_much_or_more() {
    let (get, post) = ("method: {exact: GET}", "method: {exact: POST}");
    let covered = |earlier: &str, later: &str| codes(&[&http(&[earlier, later])]) == ["IST0131"];
    assert!(covered("uri: {prefix: /a}", "uri: {prefix: /ab}"));
    assert!(covered("uri: {prefix: /a}", &format!("uri: {{prefix: /a}}, {get}")));
    assert!(covered("uri: {prefix: /a}", "uri: {prefix: /ab}, headers: {x: {exact: y}}"));
    assert!(covered(&format!("uri: {{prefix: /a}}, {get}"), &format!("uri: {{prefix: /ab}}, {get}")));
    let by_header = "uri: {prefix: /a}, headers: {x: {exact: y}}";
    assert!(covered(by_header, &format!("uri: {{prefix: /ab}}, headers: {{x: {{exact: y}}}}, {get}")));

    assert!(!covered(&format!("uri: {{prefix: /a}}, {get}"), &format!("uri: {{prefix: /ab}}, {post}")));
    assert!(!covered(&format!("uri: {{prefix: /a}}, {get}"), "uri: {prefix: /ab}"));
    assert!(!covered("uri: {prefix: /ab}", "uri: {prefix: /a}"));
    assert!(!covered("uri: {prefix: /a}, ignoreUriCase: true", "uri: {exact: /b}"));
}

#[test]
fn rules_for_connections_are_looked_at_like_those_for_requests() {
    let tcp = |rules: &str| super::rules("web", &format!("hosts: [web], tcp: [{rules}]"));
    assert_eq!(
        codes(&[&tcp(&format!("{{match: [{{port: 1}}], {TO}}}, {{match: [{{port: 1}}], {TO}}}"))]),
        ["IST0131", "IST0130"]
    );
    assert_eq!(codes(&[&tcp(&format!("{{{TO}}}, {{{TO}}}"))]), ["IST0130"]);
    assert!(codes(&[&tcp(&format!("{{match: [{{port: 1}}], {TO}}}, {{{TO}}}"))]).is_empty());
    let one = format!("{{match: [{{sniHosts: [web.test]}}], {TO}}}");
    let tls = super::rules("web", &format!("hosts: [web.test], tls: [{one}, {one}]"));
    assert_eq!(codes(&[&tls]), ["IST0131", "IST0130"]);
}
