use super::{codes, deployment, entry, pod, service, severities, subsets, told, workload};
use mesh_core::document::Severity;

const V1_AND_V2: &str = "{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}";

#[test]
fn a_subset_without_endpoints_is_told_where_its_service_has_some() {
    let (cart, rule) = (service("cart", &[80]), subsets("cart", V1_AND_V2));
    let told = told(&[&cart, &workload("cart", "v1"), &rule]);
    let expected = "IST0173 mesh.yaml:14: DestinationRule/parts: spec.subsets[1]: the subset v2 does not select any \
                    endpoints: requests to it get a 503 (correct the labels, or start a workload that has them)";
    assert_eq!(told, [expected]);

    assert!(codes(&[&cart, &workload("cart", "v1"), &workload("cart", "v2"), &rule]).is_empty());
    assert!(codes(&[&cart, &rule]).is_empty(), "nobody runs yet");
    assert!(codes(&[&cart, &workload("cart", "v1"), &subsets("cart", "{name: all}")]).is_empty());
}

#[test]
fn a_rule_for_a_host_that_nobody_describes_is_told() {
    let cart = service("cart", &[80]);
    let told = told(&[&cart, &subsets("card", "")]);
    let expected = "IST0174 mesh.yaml:9: DestinationRule/parts: spec.host: the host card.shop.svc.cluster.local \
                    defined in the DestinationRule does not match any services in the mesh (correct the name, or \
                    describe the host in a Service or a ServiceEntry)";
    assert_eq!(told, [expected]);
    assert_eq!(severities(&[&cart, &subsets("card", "")]), [Severity::Warning]);
    assert_eq!(codes(&[&cart, &subsets("*.example.com", "")]), ["IST0174"]);

    assert!(codes(&[&cart, &subsets("cart", "")]).is_empty());
    assert!(codes(&[&cart, &subsets("*.shop.svc.cluster.local", "")]).is_empty());
    assert!(codes(&[&entry("*.example.com"), &subsets("api.example.com", "")]).is_empty());
}

#[test]
fn pods_and_what_makes_them_are_endpoints_of_the_services_that_select_them() {
    let (cart, rule) = (service("cart", &[80]), subsets("cart", V1_AND_V2));
    let old = deployment("cart-v1", "app: cart, version: v1");
    assert_eq!(codes(&[&cart, &old, &rule]), ["IST0173"]);
    assert!(codes(&[&cart, &old, &pod("cart-v2", "app: cart, version: v2"), &rule]).is_empty());
    // Those of other services, and of other namespaces, are none of its endpoints.
    assert_eq!(codes(&[&cart, &old, &pod("web-v2", "app: web, version: v2"), &rule]), ["IST0173"]);
    let elsewhere =
        pod("cart-v2", "app: cart, version: v2").replace("name: cart-v2", "name: c, namespace: store");
    assert_eq!(codes(&[&cart, &old, &elsewhere, &rule]), ["IST0173"]);
}

#[test]
fn where_an_endpoint_runs_is_not_in_the_documents() {
    let (cart, old) = (service("cart", &[80]), deployment("cart", "app: cart"));
    let of = |region: &str| {
        subsets("cart", &format!("{{name: near, labels: {{topology.kubernetes.io/region: {region}}}}}"))
    };
    assert!(codes(&[&cart, &old, &of("eu")]).is_empty());
    assert_eq!(codes(&[&cart, &old, &of("\"\"")]), ["IST0173"], "nothing is in the region of no name");
}

#[test]
fn what_two_rules_say_of_one_host_is_told_of_the_later() {
    let named = |name: &str, spec: &str| {
        subsets("cart", "").replace("name: parts", &format!("name: {name}")).replace("subsets: []", spec)
    };
    let one = named("one", "trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}]");
    let two =
        named("two", "trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v2}, {name: v1}]");
    let told = told(&[&one, &two]);
    let lead =
        "more than one DestinationRule for the same host subset combination: cart.shop.svc.cluster.local has";
    let (place, remedy) = ("already, in shop/one (mesh.yaml:1)", "(keep one, as this one is not used)");
    let expected = [
        format!(
            "KIA0201 mesh.yaml:9: DestinationRule/two: spec.trafficPolicy: {lead} a policy {place} {remedy}"
        ),
        format!(
            "KIA0201 mesh.yaml:9: DestinationRule/two: spec.subsets[1]: {lead} a subset v1 {place} {remedy}"
        ),
    ];
    assert_eq!(told, expected);
    // A rule for the certificates of all, and another for the subsets, are one rule.
    let parts = named("two", "subsets: [{name: v2}]");
    assert!(codes(&[&one, &parts]).is_empty());
    let chosen = named("two", "workloadSelector: {matchLabels: {app: web}}, subsets: [{name: v1}]");
    assert!(codes(&[&one, &chosen]).is_empty());
}

#[test]
fn tls_that_checks_no_certificate_is_told() {
    let of = |spec: &str| subsets("db.test", "").replace("subsets: []", spec);
    let told = told(&[&of("trafficPolicy: {tls: {mode: SIMPLE}}")]);
    let expected = "IST0128 mesh.yaml:4: DestinationRule/parts: spec.trafficPolicy.tls: TLS mode is SIMPLE but no \
                    caCertificates are set to validate server identity for host db.test (name the authorities in \
                    caCertificates)";
    assert_eq!(told, [expected]);
    let port = "trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}";
    assert_eq!(codes(&[&of(port)]), ["IST0129"]);
    let subset = "subsets: [{name: v1, trafficPolicy: {tls: {mode: SIMPLE}}}]";
    assert_eq!(codes(&[&of(subset)]), ["IST0128"]);
    let secret = "trafficPolicy: {tls: {mode: SIMPLE, credentialName: db}}";
    assert_eq!(codes(&[&of(secret)]), ["IST0128"]);

    for right in [
        "trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /etc/ca.pem}}",
        "trafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true}}",
        "trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}",
        "workloadSelector: {matchLabels: {app: web}}, trafficPolicy: {tls: {mode: SIMPLE, credentialName: db}}",
    ] {
        assert!(codes(&[&of(right)]).is_empty(), "{right}");
    }
}
