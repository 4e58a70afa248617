//! Each attribute, and what rules ask of it.

use crate::world::*;
use mesh_core::{
    identity::TrustDomain,
    table::{Snapshot, Viewpoint},
};

fn source(written: &str) -> String {
    format!("{{from: [{{source: {written}}}]}}")
}

fn operation(written: &str) -> String {
    format!("{{to: [{{operation: {written}}}]}}")
}

fn when(key: &str, written: &str) -> String {
    format!("{{when: [{{key: '{key}', {written}}}]}}")
}

fn from(principal: &str) -> Sent {
    get().from(principal)
}

const A: &str = "cluster.local/ns/shop/sa/a";
const B: &str = "cluster.local/ns/other/sa/b";

#[test]
fn a_principal_is_who_the_certificate_names() {
    for rule in [source("{principals: ['PRINCIPAL']}"), when("source.principal", "values: ['PRINCIPAL']")] {
        let rule = |principal: &str| rule.replace("PRINCIPAL", principal);
        is_for(&rule(A), &[from(A)], &[from(B), get()]);
        is_for(&rule("cluster.local/ns/shop/*"), &[from(A)], &[from(B), get()]);
        is_for(&rule("*/sa/b"), &[from(B)], &[from(A), get()]);
        is_for(&rule("*"), &[from(A), from(B)], &[get()]);
        // Without spiffe://, as Istio writes them.
        is_for(&rule(&format!("spiffe://{A}")), &[], &[from(A)]);
    }
    is_for(&source(&format!("{{notPrincipals: ['{A}']}}")), &[from(B), get()], &[from(A)]);
    is_for(&source("{notPrincipals: ['*']}"), &[get()], &[from(A)]);
}

#[test]
fn namespaces_accounts_and_trust_domains_are_the_principals() {
    for rule in [source("{namespaces: ['NAMESPACE']}"), when("source.namespace", "values: ['NAMESPACE']")] {
        let rule = |namespace: &str| rule.replace("NAMESPACE", namespace);
        is_for(
            &rule("shop"),
            &[from(A)],
            &[from(B), get(), from("td/ns/shopper/sa/a"), from("td/x/ns/shop/sa/a")],
        );
        is_for(&rule("sh*"), &[from(A)], &[from(B), get()]);
    }
    is_for(&source("{notNamespaces: [shop]}"), &[from(B), get()], &[from(A)]);
    for rule in
        [source("{serviceAccounts: ['ACCOUNT']}"), when("source.serviceAccount", "values: ['ACCOUNT']")]
    {
        let rule = |account: &str| rule.replace("ACCOUNT", account);
        is_for(
            &rule("other/b"),
            &[from(B), from("td/ns/other/sa/b")],
            &[from(A), get(), from("td/ns/other/sa/bb")],
        );
        is_for(&rule("a"), &[from(A)], &[from(B), from("cluster.local/ns/other/sa/a")]);
    }
    is_for(&source("{notServiceAccounts: [a]}"), &[from(B), get()], &[from(A)]);
    for rule in [source("{trustDomains: [td]}"), when("source.trustDomain", "values: [td]")] {
        is_for(&rule, &[from("td/ns/a/sa/b")], &[from(A), get()]);
    }
    is_for(&source("{notTrustDomains: [td]}"), &[from(A), get()], &[from("td/ns/a/sa/b")]);
}

#[test]
fn the_meshs_own_trust_domain_has_several_names() {
    let rule = source(&format!("{{principals: ['{A}']}}"));
    let mut meant = model(&policy("p", &format!("{{rules: [{rule}]}}")));
    meant.trust.domain = TrustDomain::parse("new").expect("a domain");
    meant.trust.aliases = vec![TrustDomain::parse("old").expect("a domain")];
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Default::default() };
    let table = Snapshot::compile(&meant, &viewpoint, None);
    for domain in ["new", "old"] {
        assert!(from(&format!("{domain}/ns/shop/sa/a")).passes(&table), "{domain}");
    }
    assert!(!from("other/ns/shop/sa/a").passes(&table));
    assert!(!from(A).passes(&table), "it stands for the names that the mesh's trust domain has");
}

#[test]
fn addresses_are_those_of_the_connection_and_of_the_client() {
    let source_ip = |ip: &str| Sent { source: ip.parse().expect("an address"), ..get() };
    let remote_ip = |ip: &str| Sent { remote: ip.parse().expect("an address"), ..get() };
    for rule in [
        source("{ipBlocks: ['10.1.0.0/16', '2001:db8::1']}"),
        when("source.ip", "values: ['10.1.0.0/16', '2001:db8::1']"),
    ] {
        is_for(
            &rule,
            &[source_ip("10.1.2.3"), source_ip("2001:db8::1"), source_ip("::ffff:10.1.9.9")],
            &[source_ip("10.2.0.0"), remote_ip("10.1.2.3")],
        );
    }
    is_for(&source("{notIpBlocks: ['10.1.0.0/16']}"), &[get()], &[source_ip("10.1.2.3")]);
    for rule in [source("{remoteIpBlocks: ['10.1.0.0/16']}"), when("remote.ip", "values: ['10.1.0.0/16']")] {
        is_for(&rule, &[remote_ip("10.1.2.3")], &[remote_ip("10.2.0.0"), source_ip("10.1.2.3")]);
    }
    is_for(&source("{notRemoteIpBlocks: ['10.1.0.0/16']}"), &[get()], &[remote_ip("10.1.2.3")]);
    is_for(&when("destination.ip", "values: [10.0.0.1]"), &[get()], &[]);
    is_for(&when("destination.ip", "notValues: [10.0.0.1]"), &[], &[get()]);
}

#[test]
fn an_end_user_is_who_the_token_names() {
    let token = |claims: &str| get().with_token(claims);
    let me = || token(r#"{"iss": "https://a.example", "sub": "me", "aud": ["x", "y"], "azp": "app"}"#);
    let no_subject = || token(r#"{"iss": "https://a.example"}"#);
    for rule in [
        source("{requestPrincipals: ['PRINCIPAL']}"),
        when("request.auth.principal", "values: ['PRINCIPAL']"),
    ] {
        let rule = |principal: &str| rule.replace("PRINCIPAL", principal);
        is_for(
            &rule("https://a.example/me"),
            &[me()],
            &[get(), no_subject(), token(r#"{"iss": "https://a.example", "sub": "you"}"#)],
        );
        is_for(
            &rule("https://a.example/*"),
            &[me()],
            &[get(), no_subject(), token(r#"{"iss": "https://b.example", "sub": "me"}"#)],
        );
        is_for(&rule("*"), &[me()], &[get(), no_subject()]);
        // No subject passes for that of another issuer.
        is_for(
            &rule("https://a.example/x/me"),
            &[token(r#"{"iss": "https://a.example/x", "sub": "me"}"#)],
            &[token(r#"{"iss": "https://a.example", "sub": "x/me"}"#)],
        );
    }
    is_for(&source("{notRequestPrincipals: ['*']}"), &[get(), no_subject()], &[me()]);
    is_for(
        &when("request.auth.audiences", "values: [y]"),
        &[me(), token(r#"{"aud": "y"}"#)],
        &[get(), token(r#"{"aud": "z"}"#)],
    );
    is_for(&when("request.auth.audiences", "notValues: [y]"), &[get()], &[me()]);
    is_for(&when("request.auth.presenter", "values: [app]"), &[me()], &[get(), no_subject()]);
}

#[test]
fn a_claim_is_a_text_or_one_of_a_list_and_may_be_nested() {
    let token = |claims: &str| get().with_token(claims);
    is_for(
        &when("request.auth.claims[groups]", "values: [admin, 'dev-*']"),
        &[token(r#"{"groups": "admin"}"#), token(r#"{"groups": ["a", "dev-1"]}"#)],
        &[
            get(),
            token("{}"),
            token(r#"{"groups": ["a"]}"#),
            token(r#"{"groups": 1}"#),
            token(r#"{"groups": "admin x"}"#),
        ],
    );
    is_for(
        &when("request.auth.claims[a][b.c]", "values: [d]"),
        &[token(r#"{"a": {"b.c": "d"}}"#)],
        &[token(r#"{"a": {"b": {"c": "d"}}}"#)],
    );
    is_for(
        &when("request.auth.claims[scope]", "values: [write]"),
        &[token(r#"{"scope": "read write"}"#)],
        &[token(r#"{"scope": "rewrite"}"#)],
    );
    is_for(
        &when("request.auth.claims[groups]", "notValues: [admin]"),
        &[get(), token("{}")],
        &[token(r#"{"groups": ["admin"]}"#)],
    );
}

#[test]
fn headers_are_compared_by_any_spelling_of_their_name() {
    is_for(
        &when("request.headers[X-Group]", "values: [test, 'dev*']"),
        &[get().with("x-group", "test"), get().with("X-GROUP", "developer")],
        &[get(), get().with("x-group", "Test"), get().with("x-group", "")],
    );
    is_for(
        &when("request.headers[x-group]", "values: ['*']"),
        &[get().with("x-group", "a")],
        &[get(), get().with("x-group", "")],
    );
    // One that is not there is not what it must not be.
    is_for(
        &when("request.headers[x-group]", "notValues: [test]"),
        &[get(), get().with("x-group", "a")],
        &[get().with("x-group", "test")],
    );
    is_for(
        &when("request.headers[x-group]", "values: ['a*'], notValues: [ab]"),
        &[get().with("x-group", "a")],
        &[get().with("x-group", "ab"), get()],
    );
    is_for(&when("request.headers[:method]", "values: [GET]"), &[get()], &[sent("PUT", "http://product/")]);
    is_for(
        &when("request.headers[:authority]", "values: [product]"),
        &[get()],
        &[sent("GET", "http://catalog/")],
    );
    is_for(
        &when("request.headers[:path]", "values: ['/a?b']"),
        &[sent("GET", "http://product/a?b")],
        &[sent("GET", "http://product/a")],
    );
    is_for(&when("request.headers[:scheme]", "values: [http]"), &[get()], &[sent("GET", "https://product/")]);
}

#[test]
fn operations_are_hosts_ports_and_methods() {
    let at = |url: &str| sent("GET", url);
    is_for(
        &operation("{hosts: [Shop.example.com]}"),
        &[at("http://SHOP.example.com/")],
        &[at("http://shop.example.com:81/"), get()],
    );
    is_for(
        &operation("{hosts: ['*.example.com', 'shop.*']}"),
        &[at("http://a.example.com/"), at("http://shop.b:80/")],
        &[get()],
    );
    is_for(&operation("{notHosts: [product]}"), &[at("http://catalog/")], &[get()]);
    is_for(&operation("{ports: ['80', '8080']}"), &[get()], &[Sent { port: 81, ..get() }]);
    is_for(&operation("{notPorts: ['81']}"), &[get()], &[Sent { port: 81, ..get() }]);
    is_for(&when("destination.port", "values: ['8080']"), &[get()], &[Sent { port: 81, ..get() }]);
    is_for(
        &operation("{methods: [GET, 'P*']}"),
        &[get(), sent("PATCH", "http://product/")],
        &[sent("DELETE", "http://product/")],
    );
    is_for(&operation("{notMethods: [PUT]}"), &[get()], &[sent("PUT", "http://product/")]);
    let named = |name: &str| Sent { server_name: Some(name.into()), ..get() };
    is_for(
        &when("connection.sni", "values: ['*.example.com']"),
        &[named("a.example.com")],
        &[get(), named("a.example.org")],
    );
}

#[test]
fn what_only_a_filter_of_envoys_says_allows_nobody_and_denies_everybody() {
    for lists in ["values: [x]", "notValues: [x]", "values: [x], notValues: [y]"] {
        let rule = when("experimental.envoy.filters.a.b[c]", lists);
        is_for(&rule, &[], &[get()]);
        let denies = table(&policy("p", &format!("{{action: DENY, rules: [{rule}]}}")));
        assert!(!get().passes(&denies), "{lists}");
    }
}
