//! Why a request passes, or does not.

use crate::world::*;
use mesh_core::table::AuthorizationExplanation;

fn explain(text: &str, sent: &Sent) -> AuthorizationExplanation {
    table(text).inbound().explain(&sent.view())
}

/// The first condition that fails of the only rule.
fn mismatch(rule: &str, sent: &Sent) -> Option<String> {
    let explanation = explain(&policy("p", &format!("{{rules: [{rule}]}}")), sent);
    let [policy] = explanation.policies.as_slice() else { panic!("one policy: {explanation:?}") };
    policy.rules[0].mismatch.clone()
}

#[test]
fn every_policy_that_is_looked_at_is_told_with_what_fails() {
    let text = format!(
        "{}{}{}",
        policy(
            "allow",
            "{rules: [{to: [{operation: {methods: [GET]}}]}, {to: [{operation: {methods: [PUT]}}]}]}"
        ),
        policy("deny", "{action: DENY, rules: [{to: [{operation: {paths: ['/admin*']}}]}]}"),
        policy("cart", "{selector: {matchLabels: {app: cart}}}"),
    );
    let explanation = explain(&text, &get());
    assert!(explanation.is_allowed);
    assert_eq!(explanation.summary, "Allowed by rule 0 of shop/allow.");
    let told: Vec<_> =
        explanation.policies.iter().map(|policy| (policy.policy.as_str(), policy.action)).collect();
    assert_eq!(told, [("shop/deny", "DENY"), ("shop/allow", "ALLOW")]);
    let rule = &explanation.policies[0].rules[0];
    assert_eq!(rule.mismatch.as_deref(), Some("path is \"/\", /admin* is asked for"));
    let rules: Vec<_> = explanation.policies[1].rules.iter().map(|rule| rule.mismatch.as_deref()).collect();
    assert_eq!(rules, [None, Some("method is \"GET\", PUT is asked for")]);
    let denied = explain(&text, &sent("GET", "http://product/admin"));
    assert_eq!(denied.summary, "Denied by rule 0 of shop/deny.");
    assert_eq!(
        denied.details.as_deref(),
        Some("rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]")
    );
    let nobody = explain(&text, &sent("POST", "http://product/"));
    assert_eq!(
        nobody.summary,
        "Denied: there are policies that allow requests, and no rule allows this one."
    );
}

#[test]
fn what_fails_is_told_with_what_the_request_has() {
    let caller =
        get().from("cluster.local/ns/shop/sa/a").with_token(r#"{"iss": "i", "sub": "me", "role": "dev"}"#);
    for (rule, expected) in [
        ("{from: [{source: {namespaces: [a, b]}}]}", "source namespace is \"shop\", a, b is asked for"),
        (
            "{from: [{source: {notNamespaces: [shop]}}]}",
            "source namespace is \"shop\", shop is asked not to be",
        ),
        (
            "{from: [{source: {principals: [x]}}]}",
            "principal is \"cluster.local/ns/shop/sa/a\", x is asked for",
        ),
        ("{from: [{source: {serviceAccounts: [b]}}]}", "service account is \"shop/a\", shop/b is asked for"),
        (
            "{from: [{source: {ipBlocks: [11.0.0.0/8]}}]}",
            "source address is \"10.0.0.9\", 11.0.0.0/8 is asked for",
        ),
        (
            "{from: [{source: {requestPrincipals: ['i/you']}}]}",
            "request principal is \"i/me\", i/you is asked for",
        ),
        ("{to: [{operation: {ports: ['1']}}]}", "port is \"8080\", 1 is asked for"),
        (
            "{to: [{operation: {methods: [PUT]}}, {operation: {hosts: [x]}}]}",
            "method is \"GET\", PUT is asked for (nor does any of 1 others hold)",
        ),
        ("{when: [{key: 'request.headers[x-a]', values: [b]}]}", "header x-a is absent, b is asked for"),
        (
            "{when: [{key: 'request.auth.claims[role]', values: [admin]}]}",
            "claim role is \"\\\"dev\\\"\", admin is asked for",
        ),
    ] {
        assert_eq!(mismatch(rule, &caller).as_deref(), Some(expected), "{rule}");
    }
    let many: Vec<String> = (0..12).map(|number| format!("/{number}")).collect();
    let rule = format!("{{to: [{{operation: {{paths: ['{}']}}}}]}}", many.join("', '"));
    let told = mismatch(&rule, &caller).expect("it does not match");
    assert!(told.ends_with("or one of 7 more is asked for"), "{told}");
    assert_eq!(
        mismatch("{to: [{operation: {methods: [GET]}}]}", &get().over_tcp()).as_deref(),
        Some("it asks for what only HTTP has, and the connection is not HTTP")
    );
}
