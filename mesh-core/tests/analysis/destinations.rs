use super::{codes, entry, rules, service, severities, subsets, to, told};
use mesh_core::document::Severity;

#[test]
fn a_destination_that_nobody_describes_is_told_with_its_line() {
    let web = service("web", &[80]);
    let expected = "IST0101 mesh.yaml:9: VirtualService/web: spec.http[0].route[0].destination.host: referenced \
                    host not found: \"cart.shop.svc.cluster.local\" (correct the name, or describe the host in a \
                    Service or a ServiceEntry)";
    assert_eq!(told(&[&web, &to("host: cart")]), [expected]);
    assert_eq!(severities(&[&web, &to("host: cart")]), [Severity::Error]);
    assert_eq!(codes(&[&web, &to("host: api.example.com")]), ["IST0101"]);

    assert!(codes(&[&web, &service("cart", &[80]), &to("host: cart")]).is_empty());
    assert!(codes(&[&web, &entry("api.example.com"), &to("host: api.example.com")]).is_empty());
    assert!(codes(&[&web, &entry("*.example.com"), &to("host: api.example.com")]).is_empty());
}

#[test]
fn a_service_of_the_same_name_in_another_namespace_is_suggested() {
    let other = service("cart", &[80]).replace("{name: cart}", "{name: cart, namespace: store}");
    let told = told(&[&other, &to("host: cart")]);
    assert!(told[0].ends_with("(did you mean cart.store.svc.cluster.local?)"), "{told:?}");
    let outside = super::told(&[&other, &to("host: cart.example.com")]);
    assert!(outside[0].ends_with("(correct the name, or describe the host in a Service or a ServiceEntry)"));
    // A name that the mesh finds, if not Istio.
    assert!(codes(&[&other, &to("host: cart.store")]).is_empty());
}

#[test]
fn documents_without_any_service_are_a_fragment_whose_destinations_are_elsewhere() {
    assert!(codes(&[&to("host: cart")]).is_empty());
    assert!(codes(&[&to("host: cart, subset: v1")]).is_empty());
    assert!(
        codes(&[&rules(
            "web",
            "hosts: [web], gateways: [door], http: [{route: [{destination: {host: a}}]}]"
        )])
        .is_empty()
    );
    assert!(codes(&[&subsets("cart", "{name: v1, labels: {version: v1}}")]).is_empty());
}

#[test]
fn copies_and_connections_need_a_known_destination_too() {
    let web = service("web", &[80]);
    for spec in [
        "http: [{route: [{destination: {host: web}}], mirror: {host: cart}}]",
        "http: [{route: [{destination: {host: web}}], mirrors: [{destination: {host: cart}}]}]",
        "tcp: [{route: [{destination: {host: cart}}]}]",
        "tls: [{match: [{sniHosts: [web.test]}], route: [{destination: {host: cart}}]}]",
    ] {
        let rules = rules("web", &format!("hosts: [web.test], {spec}"));
        assert_eq!(codes(&[&web, &rules]), ["IST0101"], "{spec}");
        let known = service("cart", &[80]);
        assert!(codes(&[&web, &known, &rules]).is_empty(), "{spec}");
    }
}

#[test]
fn a_subset_that_no_rule_names_is_told() {
    let web = service("web", &[80]);
    let rule = subsets("web", "{name: v1, labels: {version: v1}}");
    let told = told(&[&web, &rule, &to("host: web, subset: v2")]);
    let expected = "IST0101 mesh.yaml:14: VirtualService/web: spec.http[0].route[0].destination.subset: referenced \
                    host+subset in destinationrule not found: \"web.shop.svc.cluster.local+v2\" (name the subset in \
                    a DestinationRule for this host)";
    assert_eq!(told, [expected]);
    assert_eq!(codes(&[&web, &to("host: web, subset: v1")]), ["IST0101"]);
    assert_eq!(codes(&[&rule, &to("host: web, subset: v2")]), ["IST0101"]);

    assert!(codes(&[&web, &rule, &to("host: web, subset: v1")]).is_empty());
    let wide = subsets("*.shop.svc.cluster.local", "{name: v1, labels: {version: v1}}");
    assert!(codes(&[&web, &wide, &to("host: web, subset: v1")]).is_empty());
    assert!(codes(&[&rule, &to("host: web, subset: v1")]).is_empty());
}

#[test]
fn a_service_with_several_ports_needs_one_named() {
    let web = service("web", &[80, 4004]);
    let expected = "IST0112 mesh.yaml:9: VirtualService/web: spec.http[0].route[0].destination: this VirtualService \
                    routes to a service web.shop.svc.cluster.local that exposes multiple ports: 80, 4004 (name the \
                    port: port: {number: …})";
    assert_eq!(told(&[&web, &to("host: web")]), [expected]);

    assert!(codes(&[&web, &to("host: web, port: {number: 80}")]).is_empty());
    assert!(codes(&[&service("web", &[80]), &to("host: web")]).is_empty());
}

#[test]
fn the_weight_of_an_only_destination_means_nothing() {
    let of = |weight: &str| {
        rules("web", &format!("hosts: [web], http: [{{route: [{{destination: {{host: web}}{weight}}}]}}]"))
    };
    assert_eq!(codes(&[&of(", weight: 30")]), ["KIA1104"]);
    assert_eq!(severities(&[&of(", weight: 30")]), [Severity::Warning]);
    assert!(codes(&[&of("")]).is_empty());
    assert!(codes(&[&of(", weight: 100")]).is_empty());
}

#[test]
fn one_destination_twice_in_a_rule_is_told_of_the_second() {
    let of = |second: &str| {
        let route = format!(
            "{{destination: {{host: web, subset: v1}}, weight: 50}}, {{destination: {{{second}}}, weight: 50}}"
        );
        rules("web", &format!("hosts: [web], http: [{{route: [{route}]}}]"))
    };
    let told = told(&[&of("host: web.shop.svc.cluster.local, subset: v1")]);
    assert!(
        told[0].starts_with("KIA1105 mesh.yaml:4: VirtualService/web: spec.http[0].route[1].destination: ")
    );
    assert_eq!(told.len(), 1);
    assert!(codes(&[&of("host: web, subset: v2")]).is_empty());
    assert!(codes(&[&of("host: web, subset: v1, port: {number: 8080}")]).is_empty());
}

#[test]
fn a_delegate_that_is_not_there_is_told() {
    let root = |delegate: &str| {
        rules("web", &format!("hosts: [web.test], gateways: [door], http: [{{delegate: {{{delegate}}}}}]"))
    };
    let leaf = rules("store/leaf", "http: [{redirect: {uri: /}}]");
    let told = told(&[&leaf, &root("name: leav, namespace: store")]);
    let expected = "IST0101 mesh.yaml:9: VirtualService/web: spec.http[0].delegate: referenced VirtualService not \
                    found: \"store/leav\" (correct the name and the namespace, or add the delegate)";
    assert_eq!(told, [expected]);
    assert_eq!(codes(&[&leaf, &root("name: leaf")]), ["IST0101"], "its own namespace is meant");
    assert!(codes(&[&leaf, &root("name: leaf, namespace: store")]).is_empty());
    assert!(codes(&[&root("name: leaf")]).is_empty(), "the delegates are elsewhere");

    let owner = rules("cart", "hosts: [cart], http: [{redirect: {uri: /}}]");
    let told = super::told(&[&owner, &root("name: cart")]);
    assert!(
        told[0].contains("VirtualService shop/cart has hosts of its own, and is no delegate"),
        "{told:?}"
    );
}

#[test]
fn a_gateway_that_passes_by_the_subsets_of_the_mesh_is_told() {
    let web = service("web", &[80]);
    let parts = subsets("web", "{name: v1}");
    let door = super::gateway("door", "istio: ingress", 80, "shop.test");
    let mesh = |gateways: &str| {
        rules(
            "web",
            &format!(
                "hosts: [web], {gateways} http: [{{route: [{{destination: {{host: web, subset: v1}}}}]}}]"
            ),
        )
    };
    let at_door = |to: &str| {
        rules(
            "door",
            &format!("hosts: [shop.test], gateways: [door], http: [{{route: [{{destination: {{{to}}}}}]}}]"),
        )
    };
    let told = told(&[&web, &parts, &door, &mesh(""), &at_door("host: web")]);
    let expected = "IST0140 mesh.yaml:27: VirtualService/door: spec.http[0].route[0].destination: the subsets that \
                    shop/web (mesh.yaml:19) chooses in the mesh have no effect on requests from the gateway (choose \
                    the subset here too)";
    assert_eq!(told, [expected]);
    assert!(codes(&[&web, &parts, &door, &mesh(""), &at_door("host: web, subset: v1")]).is_empty());
    let both = rules("web", "hosts: [web.test], http: [{route: [{destination: {host: web, subset: v1}}]}]");
    assert!(codes(&[&web, &parts, &door, &both, &at_door("host: web")]).is_empty(), "of another host");
}
