use super::{codes, entry, service, severities, subsets, told, workload};
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
