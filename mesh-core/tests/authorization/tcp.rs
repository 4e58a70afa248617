//! Connections that are not HTTP.

use crate::world::*;

/// Whether a connection passes where a policy allows by these rules, and where one denies by them.
fn passes(rules: &str) -> (bool, bool) {
    let under = |action: &str| {
        let table = table(&policy("p", &format!("{{action: {action}, rules: [{rules}]}}")));
        get().from("cluster.local/ns/shop/sa/a").over_tcp().passes(&table)
    };
    (under("ALLOW"), under("DENY"))
}

#[test]
fn what_a_connection_has_is_compared() {
    for rule in [
        "{}",
        "{to: [{operation: {ports: ['8080']}}]}",
        "{from: [{source: {principals: [cluster.local/ns/shop/sa/a]}}]}",
        "{from: [{source: {ipBlocks: [10.0.0.0/8], remoteIpBlocks: [192.0.2.0/24]}}]}",
    ] {
        assert_eq!(passes(rule), (true, false), "{rule}");
    }
    for rule in ["{to: [{operation: {ports: ['81']}}]}", "{from: [{source: {notNamespaces: [shop]}}]}"] {
        assert_eq!(passes(rule), (false, true), "{rule}");
    }
}

#[test]
fn what_only_http_has_allows_nothing_and_denies_all_the_same() {
    for rule in [
        "{to: [{operation: {methods: [GET]}}]}",
        "{to: [{operation: {paths: [/a], ports: ['8080']}}]}",
        "{to: [{operation: {notHosts: [a]}}]}",
        "{from: [{source: {requestPrincipals: ['*']}}]}",
        "{from: [{source: {notRequestPrincipals: ['*']}}]}",
        "{when: [{key: 'request.headers[a]', notValues: [b]}]}",
        "{when: [{key: 'request.auth.claims[a]', values: [b]}]}",
    ] {
        assert_eq!(passes(rule), (false, false), "{rule}");
    }
    // The whole rule is left out, also the part that a connection could meet.
    assert_eq!(
        passes("{to: [{operation: {ports: ['8080']}}, {operation: {methods: [GET]}}]}"),
        (false, false)
    );
    assert_eq!(passes("{to: [{operation: {methods: [GET], ports: ['81']}}]}"), (false, true));
}
