//! `meshctl route --as … --token …`: who is let in, and by which rule.

use super::meshctl;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

const CART: &str = "spiffe://cluster.local/ns/shop/sa/cart";

fn route(url: &str, more: &[&str]) -> super::Run {
    meshctl(&[&["route", "-f", "authorization", "--to", url], more].concat())
}

/// A token with these claims, and a signature that means nothing.
fn token(claims: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmVk", part(&json!({"alg": "RS256"})), part(claims))
}

/// The lines about those who are asked.
fn asked(run: &super::Run) -> Vec<&str> {
    assert_eq!((run.err.as_str(), run.code), ("", 0));
    let start = run.out.lines().position(|line| line.starts_with("asked") || line.starts_with("token"));
    run.out.lines().skip(start.expect("somebody is asked")).collect()
}

#[test]
fn an_allowance_is_told_with_its_rule() {
    let run = route("http://product/orders", &["--as", CART]);
    assert_eq!(
        asked(&run),
        [
            "asked              10.0.0.1:8080 in shop (app=product,version=v1)",
            "  verdict          Allowed by rule 0 of shop/allow.",
            "  policy           shop/deny (DENY)",
            "    rule 0         line 30: path is \"/orders\", /private* is asked for",
            "  policy           shop/allow (ALLOW)",
            "    rule 0         line 19: is for the request",
            "    rule 1         line 21: request principal is absent, https://login.example/* is asked for",
        ]
    );
}

#[test]
fn a_denial_is_told_with_what_fails() {
    let verdict = |url: &str, more: &[&str]| asked(&route(url, more))[1].trim_start().to_owned();
    assert_eq!(
        verdict("http://product/private/1", &["--as", CART]),
        "verdict          Denied by rule 0 of shop/deny."
    );
    let nobody =
        "verdict          Denied: there are policies that allow requests, and no rule allows this one.";
    assert_eq!(verdict("http://product/", &["--as", CART, "-X", "PUT"]), nobody);
    assert_eq!(verdict("http://product.shop/", &["--as", "spiffe://cluster.local/ns/other/sa/cart"]), nobody);
    // Where there are policies, they are told of whoever asks.
    assert_eq!(verdict("http://product/", &["--from", "shop"]), nobody);
}

#[test]
fn a_tokens_claims_are_believed_and_it_is_said_that_nobody_checked_them() {
    let admin = token(&json!({"iss": "https://login.example", "sub": "me", "role": ["admin"]}));
    let run = route("http://product/", &["--from", "shop", "--token", &admin]);
    let lines = asked(&run);
    assert_eq!(
        lines[0],
        "token              its claims are believed as written: no signature is checked here"
    );
    assert_eq!(lines[2], "  verdict          Allowed by rule 1 of shop/allow.");
    assert!(!run.out.contains(&admin));
    let other = token(&json!({"iss": "https://login.example", "sub": "me"}));
    let run = route("http://product/", &["--from", "shop", "--token", &other]);
    assert_eq!(
        asked(&run).last().copied(),
        Some("    rule 1         line 21: claim role is absent, admin is asked for")
    );
}

#[test]
fn tools_read_the_same() {
    let run = route("http://product/", &["--as", CART, "--output", "json"]);
    let answer = run.json();
    assert_eq!(answer["outcome"], "forward");
    let [judged] = answer["authorization"].as_array().expect("a list").as_slice() else {
        panic!("one workload")
    };
    assert_eq!(judged["isAllowed"], true);
    assert_eq!(judged["endpoint"], "10.0.0.1:8080");
    assert_eq!(judged["policies"][1]["rules"][0], json!({"rule": 0, "line": 19}));
    let run = route("http://product/private", &["--as", CART, "--output", "json"]);
    let details = &run.json()["authorization"][0]["details"];
    assert_eq!(details, "rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]");
}

#[test]
fn what_is_no_identity_is_refused_without_telling_the_secret() {
    let run = route("http://product/", &["--as", "cluster.local/ns/shop/sa/cart"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("a SPIFFE id begins with spiffe://"), "{}", run.err);
    let run = route("http://product/", &["--token", "secret.words"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no token: it has three parts, with dots between"), "{}", run.err);
}
