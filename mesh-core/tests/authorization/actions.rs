//! What becomes of a request that rules are for, and of one that none is for.

use crate::world::*;

const NONE: &str = "rbac_access_denied_matched_policy[none]";

#[test]
fn without_a_policy_everything_passes() {
    assert_eq!(get().verdict(&table("")), "rbac_access_allowed_matched_policy[none]");
}

#[test]
fn a_policy_without_rules_denies_everything() {
    for spec in ["{}", "{action: ALLOW}", "{action: ALLOW, rules: []}", "null"] {
        assert_eq!(get().verdict(&table(&policy("nothing", spec))), NONE, "{spec}");
    }
}

#[test]
fn an_empty_rule_is_for_every_request() {
    assert!(get().passes(&table(&policy("all", "{rules: [{}]}"))));
    let denies = table(&policy("all", "{action: DENY, rules: [{}]}"));
    assert_eq!(get().verdict(&denies), "rbac_access_denied_matched_policy[ns[shop]-policy[all]-rule[0]]");
}

#[test]
fn what_denies_beats_what_allows() {
    let table = table(&format!(
        "{}{}",
        policy("allow", "{rules: [{to: [{operation: {paths: ['/allow*']}}]}]}"),
        policy(
            "deny",
            "{action: DENY, rules: [{to: [{operation: {paths: [/x]}}]}, {to: [{operation: {paths: ['/allow/admin']}}]}]}"
        ),
    ));
    let verdict = |path: &str| sent("GET", &format!("http://product{path}")).verdict(&table);
    assert_eq!(verdict("/allow"), "rbac_access_allowed_matched_policy[ns[shop]-policy[allow]-rule[0]]");
    assert_eq!(verdict("/allow/admin"), "rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[1]]");
    assert_eq!(verdict("/other"), NONE);
}

#[test]
fn one_rule_of_any_policy_is_enough_to_allow() {
    let table = table(&format!(
        "{}{}",
        policy("a", "{rules: [{to: [{operation: {methods: [GET]}}]}]}"),
        policy("b", "{rules: [{to: [{operation: {methods: [POST]}}]}]}"),
    ));
    assert!(get().passes(&table) && sent("POST", "http://product/").passes(&table));
    assert!(!sent("PUT", "http://product/").passes(&table));
}

#[test]
fn a_rule_asks_for_one_source_and_one_operation_and_every_condition() {
    let rule = "{from: [{source: {ipBlocks: [10.0.0.0/8]}}, {source: {ipBlocks: [11.0.0.0/8]}}], \
                 to: [{operation: {methods: [GET]}}, {operation: {paths: [/b]}}], \
                 when: [{key: 'request.headers[x-a]', values: ['1']}, {key: 'request.headers[x-b]', values: ['2']}]}";
    let whole = |sent: Sent| sent.with("x-a", "1").with("x-b", "2");
    let from = |sent: Sent, source: [u8; 4]| Sent { source: source.into(), ..sent };
    is_for(
        rule,
        &[whole(get()), from(whole(get()), [11, 1, 1, 1]), whole(sent("POST", "http://product/b"))],
        &[get().with("x-a", "1"), from(whole(get()), [12, 1, 1, 1]), whole(sent("POST", "http://product/"))],
    );
}

#[test]
fn what_is_only_tried_changes_nothing_and_is_told() {
    let dry = |name: &str, spec: &str| {
        policy(name, spec).replace("metadata: {", "metadata: {annotations: {istio.io/dry-run: 'true'}, ")
    };
    let tried = |text: &str| {
        let (table, get) = (table(text), get());
        assert!(get.passes(&table));
        table.inbound().dry_run(&get.view()).map(|verdict| verdict.to_string())
    };
    assert_eq!(tried(&policy("all", "{rules: [{}]}")), None);
    assert_eq!(tried(&dry("nothing", "{}")).as_deref(), Some(NONE));
    let deny = dry("deny", "{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}");
    let denied = "rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]";
    assert_eq!(tried(&deny).as_deref(), Some(denied));
    assert_eq!(
        tried(&deny.replace("GET", "PUT")).as_deref(),
        Some("rbac_access_allowed_matched_policy[none]")
    );
    let untried = table(&deny.replace("'true'", "'false'"));
    assert!(!get().passes(&untried));
}

#[test]
fn who_is_asked_is_told_in_the_order_of_the_policies() {
    let custom = |name: &str, provider: &str, path: &str| {
        let rule = format!("{{to: [{{operation: {{paths: ['{path}']}}}}]}}");
        policy(name, &format!("{{action: CUSTOM, provider: {{name: {provider}}}, rules: [{rule}]}}"))
    };
    let text = custom("one", "opa", "/a*") + &custom("two", "login", "/a/b") + &custom("three", "opa", "/c");
    let table = table(&text);
    let asked = |path: &str| {
        let sent = sent("GET", &format!("http://product{path}"));
        let view = sent.view();
        assert!(sent.passes(&table), "whoever is asked decides elsewhere");
        let asked = table.inbound().custom(&view).map(|(provider, rule)| format!("{provider} {rule}"));
        asked.collect::<Vec<_>>()
    };
    assert_eq!(asked("/a/b"), ["opa ns[shop]-policy[one]-rule[0]", "login ns[shop]-policy[two]-rule[0]"]);
    assert_eq!(asked("/c"), ["opa ns[shop]-policy[three]-rule[0]"]);
    assert!(asked("/d").is_empty());
}

#[test]
fn an_audit_notes_and_lets_pass() {
    let table = table(&policy("note", "{action: AUDIT, rules: [{to: [{operation: {methods: [GET]}}]}]}"));
    let note = |sent: Sent| table.inbound().audit(&sent.view()).map(ToString::to_string);
    assert!(get().passes(&table) && sent("PUT", "http://product/").passes(&table));
    assert_eq!(note(get()).as_deref(), Some("ns[shop]-policy[note]-rule[0]"));
    assert_eq!(note(sent("PUT", "http://product/")), None);
}
