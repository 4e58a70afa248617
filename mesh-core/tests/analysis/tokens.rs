use super::{codes, gateway, rules, told};

const POD: &str = "---\n{apiVersion: v1, kind: Pod, metadata: {name: door-1, namespace: shop, labels: {istio: ingress}}, spec: {}}\n";

fn tokens(namespace: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {{name: tokens, \
         namespace: {namespace}}}, spec: {spec}}}\n"
    )
}

fn claimed() -> String {
    let http = "http: [{match: [{headers: {'@request.auth.claims.group': {exact: a}}}], redirect: {uri: /}}]";
    rules("shop/web", &format!("hosts: [shop.test], gateways: [door], {http}"))
}

#[test]
fn claims_that_nobody_verifies_at_the_gateway_are_told() {
    let door = gateway("door", "istio: ingress", 80, "shop.test");
    let all = told(&[&door, &claimed(), POD]);
    let [found] = all.as_slice() else { panic!("{all:?}") };
    assert!(
        found.starts_with("IST0149 mesh.yaml:12: VirtualService/web: spec.http[0].match[0].headers["),
        "{found}"
    );
    assert!(
        found.contains("found no request authentication for the gateway (door) pod shop/door-1"),
        "{found}"
    );
    for verified in [
        tokens("shop", "{}"),
        tokens("istio-system", "{}"),
        tokens("shop", "{selector: {matchLabels: {istio: ingress}}}"),
    ] {
        assert!(codes(&[&door, &claimed(), POD, &verified]).is_empty(), "{verified}");
    }
    for others in [tokens("other", "{}"), tokens("shop", "{selector: {matchLabels: {istio: egress}}}")] {
        assert_eq!(codes(&[&door, &claimed(), POD, &others]), ["IST0149"], "{others}");
    }
    // Where no workload is known, nobody can tell.
    assert!(codes(&[&door, &claimed()]).is_empty());
}

#[test]
fn keys_from_a_host_that_nobody_describes_are_told() {
    let service = "---\n{apiVersion: v1, kind: Service, metadata: {name: auth, namespace: shop}, \
                   spec: {ports: [{name: http, port: 80}]}}\n";
    let from = |host: &str| {
        tokens("shop", &format!("{{jwtRules: [{{issuer: a, jwksUri: 'https://{host}/keys'}}]}}"))
    };
    assert_eq!(codes(&[service, &from("auth.example.com")]), ["IST0175"]);
    assert_eq!(codes(&[service, &from("169.254.169.254")]), ["IST0175"]);
    for known in ["auth", "auth.shop", "auth.shop.svc.cluster.local"] {
        assert!(codes(&[service, &from(known)]).is_empty(), "{known}");
    }
    // Alone it is a fragment, whose services are elsewhere.
    assert!(codes(&[&from("auth.example.com")]).is_empty());
}
