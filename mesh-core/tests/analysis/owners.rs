use super::{codes, rules, severities, told};
use mesh_core::document::Severity;

const HTTP: &str = "http: [{redirect: {uri: /}}]";

fn of(name: &str, spec: &str) -> String {
    rules(name, &format!("{spec}, {HTTP}"))
}

#[test]
fn several_owners_of_a_host_in_the_mesh_are_each_told_with_all_places() {
    let (one, two) =
        (of("one", "hosts: [web]"), of("store/two", "hosts: [cart, web.shop.svc.cluster.local]"));
    let told = told(&[&one, &two]);
    let reason = "the VirtualServices shop/one (mesh.yaml:1), store/two (mesh.yaml:6) associated with mesh gateway \
                  define the same host web.shop.svc.cluster.local, and a workload uses only the first of those it \
                  sees (merge them into one)";
    let expected = [
        format!("IST0109 mesh.yaml:4: VirtualService/one: spec.hosts[0]: {reason}"),
        format!("IST0109 mesh.yaml:9: VirtualService/two: spec.hosts[1]: {reason}"),
    ];
    assert_eq!(told, expected);
    assert_eq!(severities(&[&one, &two]), [Severity::Error, Severity::Error]);
}

#[test]
fn owners_that_never_meet_are_no_conflict() {
    let one = of("shop/one", "hosts: [web.test], exportTo: [.]");
    for (spec, is_conflict) in [
        ("hosts: [web.test]", true),
        ("hosts: [web.test], exportTo: [shop, cart]", true),
        ("hosts: [web.test], gateways: [mesh, door]", true),
        ("hosts: [web.test], exportTo: [.]", false),
        ("hosts: [web.test], gateways: [door]", false),
        ("hosts: [cart.test]", false),
        // The narrower of the two wins, and nobody is in doubt.
        ("hosts: [\"*.test\"]", false),
    ] {
        let codes = codes(&[&one, &of("store/two", spec)]);
        assert_eq!(codes.len(), if is_conflict { 2 } else { 0 }, "{spec}: {codes:?}");
        assert!(codes.iter().all(|code| *code == "IST0109"), "{spec}: {codes:?}");
    }
}

#[test]
fn several_hosts_in_conflict_are_one_line_for_each_document() {
    let (one, two) =
        (of("one", "hosts: [web, cart]"), of("store/two", "hosts: [web.shop.svc.cluster.local]"));
    let three = of("three", "hosts: [cart]");
    let told = told(&[&one, &two, &three]);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0]
            .contains("define the same hosts web.shop.svc.cluster.local, cart.shop.svc.cluster.local, and"),
        "{told:?}"
    );
    assert!(told[0].contains("shop/one (mesh.yaml:1), store/two (mesh.yaml:6), shop/three (mesh.yaml:11)"));
    assert!(told[1].contains("shop/one (mesh.yaml:1), store/two (mesh.yaml:6) associated"), "{told:?}");
}

#[test]
fn a_wildcard_within_another_is_worth_knowing_and_no_more() {
    let (wide, narrow) = (of("wide", "hosts: [\"*.test\"]"), of("narrow", "hosts: [\"*.shop.test\"]"));
    let told = told(&[&wide, &narrow]);
    let expected = "IST0109 mesh.yaml:4: VirtualService/wide: spec.hosts[0]: *.test overlaps with *.shop.test of \
                    shop/narrow (mesh.yaml:6): for hosts of both, the rules of the narrower wildcard alone are used \
                    (leave it, if that is meant)";
    assert_eq!(told[0], expected);
    assert!(
        told[1].contains("VirtualService/narrow: spec.hosts[0]: *.shop.test overlaps with *.test"),
        "{told:?}"
    );
    assert_eq!(severities(&[&wide, &narrow]), [Severity::Info, Severity::Info]);

    let apart = of("store/narrow", "hosts: [\"*.shop.test\"], exportTo: [.]");
    let own = of("wide", "hosts: [\"*.test\"], exportTo: [.]");
    assert!(codes(&[&own, &apart]).is_empty());
}
