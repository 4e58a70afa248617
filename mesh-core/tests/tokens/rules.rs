use super::table;
use mesh_core::{
    model::{KeySource, TokenPlace},
    table::Snapshot,
};

fn tokens(name: &str, selector: &str, issuers: &[&str]) -> String {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let rules = issuers.iter().map(|issuer| format!("{{issuer: '{issuer}'}}")).collect::<Vec<_>>().join(", ");
    format!(
        "---\n{{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {{name: {name}, \
         namespace: {namespace}}}, spec: {{{selector} jwtRules: [{rules}]}}}}\n"
    )
}

fn issuers(table: &Snapshot) -> Vec<String> {
    let rules = table.inbound().tokens.rules().iter();
    rules.map(|rule| rule.issuer.as_deref().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_workload_takes_the_tokens_of_its_mesh_its_namespace_and_its_own_by_issuer() {
    let catalog = "selector: {matchLabels: {app: catalog}},";
    let documents = [
        tokens("shop/own", catalog, &["https://d", "https://b"]),
        tokens("shop/all", "", &["https://c"]),
        tokens("istio-system/mesh", "", &["https://a"]),
        tokens("istio-system/some", catalog, &["https://e"]),
        tokens("other/all", "", &["https://x"]),
    ]
    .concat();
    let all = ["https://a", "https://b", "https://c", "https://d", "https://e"];
    assert_eq!(issuers(&table(&documents, "shop", "catalog")), all);
    assert_eq!(issuers(&table(&documents, "shop", "cart")), ["https://a", "https://c"]);
    assert_eq!(issuers(&table(&documents, "other", "catalog")), ["https://a", "https://e", "https://x"]);
    assert_eq!(issuers(&table(&documents, "istio-system", "cart")), ["https://a"]);
}

#[test]
fn what_nobody_says_of_a_rule_is_as_istio_has_it() {
    let table = table(&tokens("shop/all", "", &["https://a/"]), "shop", "catalog");
    let [rule] = table.inbound().tokens.rules() else { panic!("one rule") };
    let header = TokenPlace::Header { name: http::header::AUTHORIZATION, prefix: Some("Bearer ".into()) };
    assert_eq!(rule.places, [header, TokenPlace::Parameter("access_token".into())]);
    assert_eq!(rule.lists, ["scope".into(), "permission".into()]);
    assert!(!rule.forwards && rule.audiences.is_empty());
    let KeySource::Discovered(at) = &rule.keys else { panic!("{:?}", rule.keys) };
    assert_eq!(at.uri, "https://a/.well-known/openid-configuration");
    assert_eq!(at.timeout.as_secs(), 5);
}

#[test]
fn where_one_place_is_written_no_other_is_looked_at() {
    for (written, expected) in [
        ("fromHeaders: [{name: X-A}]", TokenPlace::Header { name: "x-a".parse().unwrap(), prefix: None }),
        ("fromParams: [t]", TokenPlace::Parameter("t".into())),
        ("fromCookies: [c]", TokenPlace::Cookie("c".into())),
    ] {
        let text = tokens("shop/all", "", &["https://a"])
            .replace("issuer: 'https://a'", &format!("issuer: 'https://a', {written}"));
        let table = table(&text, "shop", "catalog");
        assert_eq!(table.inbound().tokens.rules()[0].places, [expected]);
    }
}

#[test]
fn what_is_for_the_gateway_api_is_for_no_workload() {
    let target = "targetRefs: [{kind: Service, name: catalog}],";
    let table = table(&tokens("shop/all", target, &["https://a"]), "shop", "catalog");
    assert!(issuers(&table).is_empty());
}
