use super::{codes, gateway, rules, severities, told};
use mesh_core::document::Severity;

fn at(gateways: &str, hosts: &str) -> String {
    rules("shop/web", &format!("hosts: [{hosts}], gateways: [{gateways}], http: [{{redirect: {{uri: /}}}}]"))
}

#[test]
fn a_gateway_that_is_not_there_is_told() {
    let door = gateway("door", "istio: ingress", 80, "shop.test");
    let expected = "IST0101 mesh.yaml:12: VirtualService/web: spec.gateways[1]: referenced gateway not found: \
                    \"shop/dor\" (correct the name, as namespace/name for one of another namespace, or add the \
                    Gateway)";
    assert_eq!(told(&[&door, &at("mesh, dor", "shop.test")]), [expected]);
    assert_eq!(codes(&[&door, &at("store/door", "shop.test")]), ["IST0101"]);

    assert!(codes(&[&door, &at("mesh, door", "shop.test")]).is_empty());
    assert!(codes(&[&door, &at("shop/door", "shop.test")]).is_empty());
}

#[test]
fn a_gateway_that_only_a_condition_names_has_to_be_there_too() {
    let door = gateway("door", "istio: ingress", 80, "shop.test");
    let of = |name: &str| {
        let http = format!("http: [{{match: [{{gateways: [{name}]}}], redirect: {{uri: /}}}}]");
        rules("web", &format!("hosts: [shop.test], gateways: [mesh, door], {http}"))
    };
    assert_eq!(codes(&[&door, &of("dor")]), ["IST0101"]);
    assert!(codes(&[&door, &of("door")]).is_empty());
}

#[test]
fn a_gateway_that_serves_none_of_the_hosts_is_told() {
    let door = gateway("door", "istio: ingress", 80, "*.shop.test");
    let expected = "IST0132 mesh.yaml:12: VirtualService/web: spec.gateways[0]: one or more host [shop.test] not \
                    found in Gateway shop/door: no request gets here by it (add the host to one of the Gateway's \
                    servers, or name another Gateway)";
    assert_eq!(told(&[&door, &at("door", "shop.test")]), [expected]);
    assert_eq!(severities(&[&door, &at("door", "shop.test")]), [Severity::Warning]);

    assert!(codes(&[&door, &at("door", "www.shop.test")]).is_empty());
    assert!(codes(&[&door, &at("door", "\"*\"")]).is_empty());
    // One of them is for the mesh alone.
    assert!(codes(&[&door, &at("mesh, door", "web, www.shop.test")]).is_empty());
}

#[test]
fn a_gateway_may_keep_a_host_to_one_namespace() {
    let of = |namespace: &str| gateway("door", "istio: ingress", 80, &format!("{namespace}/shop.test"));
    assert_eq!(codes(&[&of("store"), &at("door", "shop.test")]), ["IST0132"]);
    for namespace in ["shop", ".", "*"] {
        assert!(codes(&[&of(namespace), &at("door", "shop.test")]).is_empty(), "{namespace}");
    }
}

#[test]
fn two_gateways_that_serve_the_same_are_each_told_of_the_other() {
    let one = gateway("one", "istio: ingress", 80, "shop.test");
    let told = told(&[&one, &gateway("two", "istio: ingress", 80, "*.test")]);
    let [first, second] = &told[..] else { panic!("{told:?}") };
    let expected = "IST0145 mesh.yaml:7: Gateway/one: spec.servers[0].hosts: conflict with gateways shop/two \
                    (mesh.yaml:9) (workload selector istio=ingress, port 80, hosts [shop.test]) (let one Gateway \
                    serve the host on this port)";
    assert_eq!(first, expected);
    assert!(second.contains("Gateway/two") && second.contains("shop/one (mesh.yaml:1)"), "{second}");
}

#[test]
fn gateways_conflict_only_at_one_port_of_one_workload_for_one_host() {
    let one = gateway("one", "istio: ingress", 80, "shop.test");
    for (selector, port, host, is_conflict) in [
        ("istio: ingress, zone: a", 80, "shop.test", true),
        ("", 80, "shop.test", true),
        ("istio: ingress", 80, "store/shop.test", true),
        ("istio: egress", 80, "shop.test", false),
        ("istio: ingress", 8080, "shop.test", false),
        ("istio: ingress", 80, "cart.test", false),
    ] {
        let codes = codes(&[&one, &gateway("two", selector, port, host)]);
        assert_eq!(codes == ["IST0145", "IST0145"], is_conflict, "{selector} {port} {host}: {codes:?}");
        assert_eq!(codes.is_empty(), !is_conflict, "{selector} {port} {host}: {codes:?}");
    }
    let (left, right) = ("left/shop.test", "right/shop.test");
    let apart = [gateway("one", "istio: a", 80, left), gateway("two", "istio: a", 80, right)];
    assert!(codes(&[&apart[0], &apart[1]]).is_empty());
}
