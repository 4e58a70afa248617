use super::{codes, pod, told};

fn policy(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

#[test]
fn a_policy_is_for_somebody() {
    let web = pod("web", "app: web");
    let selecting =
        |name: &str, app: &str| policy(name, &format!("{{selector: {{matchLabels: {{app: {app}}}}}}}"));
    let told = told(&[&web, &selecting("one", "other")]);
    let expected = "IST0127 mesh.yaml:9: AuthorizationPolicy/one: spec.selector: no matching workloads for this resource \
                    with the following labels: app=other (correct the labels)";
    assert_eq!(told, [expected]);
    assert!(codes(&[&web, &selecting("one", "web")]).is_empty());
    assert_eq!(codes(&[&web, &selecting("istio-system/one", "other")]), ["IST0127"]);
    assert!(codes(&[&web, &selecting("istio-system/one", "web")]).is_empty());
    // Nothing of the namespace is described: its workloads are elsewhere.
    assert!(codes(&[&web, &selecting("store/one", "other")]).is_empty());
    assert!(codes(&[&selecting("one", "other")]).is_empty());
}

#[test]
fn identities_are_asked_for_where_they_are_proven() {
    let disabled = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: off, namespace: shop}\n\
                    spec: {mtls: {mode: DISABLE}}\n";
    let from = |source: &str| policy("one", &format!("{{rules: [{{from: [{{source: {source}}}]}}]}}"));
    let told = told(&[disabled, &from("{namespaces: [shop]}")]);
    let expected = "KIA0105 mesh.yaml:9: AuthorizationPolicy/one: spec.rules[0].from[0].source.namespaces: nobody proves who \
                    they are to these workloads, which do not speak mutual TLS (let their PeerAuthentication be PERMISSIVE \
                    or STRICT)";
    assert_eq!(told, [expected]);
    assert_eq!(codes(&[disabled, &from("{notPrincipals: ['*']}")]), ["KIA0105"]);
    assert!(codes(&[disabled, &from("{ipBlocks: [10.0.0.0/8]}")]).is_empty());
    let strict = disabled.replace("DISABLE", "STRICT");
    assert!(codes(&[&strict, &from("{namespaces: [shop]}")]).is_empty());
    assert!(
        codes(&[&disabled.replace("namespace: shop", "namespace: store"), &from("{namespaces: [shop]}")])
            .is_empty()
    );
    assert_eq!(
        codes(&[&disabled.replace("namespace: shop", "namespace: istio-system"), &from("{namespaces: [a]}")]),
        ["KIA0105"]
    );
}

#[test]
fn a_trust_domain_is_one_that_somebody_is_of() {
    let from = |principal: &str| {
        policy("one", &format!("{{rules: [{{from: [{{source: {{principals: ['{principal}']}}}}]}}]}}"))
    };
    let told = told(&[&from("other/ns/shop/sa/a")]);
    let expected = "KIA0108 mesh.yaml:4: AuthorizationPolicy/one: spec.rules[0].from[0].source.principals[0]: no workload is \
                    of the trust domain other (correct it, or name it in trustDomainAliases of the MeshConfig)";
    assert_eq!(told, [expected]);
    for known in ["cluster.local/ns/shop/sa/a", "*/ns/shop/sa/a", "*", "oth*", "*.other/ns/a"] {
        assert!(codes(&[&from(known)]).is_empty(), "{known}");
    }
    let aliased = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n\
                   data: {mesh: {trustDomainAliases: [other]}}\n";
    assert!(codes(&[aliased, &from("other/ns/shop/sa/a")]).is_empty());
}
