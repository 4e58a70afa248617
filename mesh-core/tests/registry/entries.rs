//! ServiceEntries: how their addresses are found.

use super::*;
use mesh_core::{model::Locality, table::Names};

fn entry(name: &str, spec: &str) -> String {
    istio("ServiceEntry", name, &format!("{{{spec}}}"))
}

const HTTP: &str = "ports: [{number: 80, name: http, protocol: HTTP}]";

#[test]
fn without_resolution_a_request_goes_to_the_address_it_asks_for() {
    let text = entry("shop/a", &format!("hosts: [a.example, '*.b.example'], addresses: [10.9.8.7], {HTTP}"));
    let table = table(&text);
    for (url, expected) in [
        ("http://a.example/", "outbound|80||a.example"),
        ("http://10.9.8.7/", "outbound|80||a.example"),
        ("http://x.b.example/", "outbound|80||*.b.example"),
        ("http://x.y.b.example/", "outbound|80||*.b.example"),
        ("http://b.example/", "pass"),
        ("http://a.example:81/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
    let found = backend(&table, "outbound|80||*.b.example");
    assert!(found.is_passthrough && found.endpoints.is_empty());
    let explanation = explained(&table, "http://x.b.example/");
    assert_eq!(
        (explanation.outcome, &*explanation.targets[0].endpoints),
        ("forward", &["x.b.example:80, as the request asks".to_owned()][..])
    );
}

#[test]
fn rules_apply_to_a_wildcard_entry_and_to_one_of_its_hosts_on_port_80() {
    let rule = istio("DestinationRule", "shop/b", "{host: '*.b.example', subsets: [{name: all}]}");
    let text = [
        entry("shop/b", "hosts: ['*.b.example'], ports: [{number: 80, name: http, protocol: HTTP}, {number: 90, name: http-90, protocol: HTTP}]"),
        rule,
        answering("shop/all", "['*.b.example']"),
        answering("shop/one", "[x.b.example]"),
    ]
    .concat();
    let table = table(&text);
    for (url, expected) in [
        ("http://x.b.example/", "shop-one answers"),
        ("http://x.b.example:90/", "shop-all answers"),
        ("http://y.b.example/", "shop-all answers"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn names_found_by_the_requests_own_host_pass_at_a_gateway_too() {
    let door = "{selector: {istio: door}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ['*']}]}";
    let route = |host: &str, to: &str| {
        let spec = format!(
            "{{hosts: ['*.{host}'], gateways: [door], http: [{{route: [{{destination: {{host: {to}}}}}]}}]}}"
        );
        istio("VirtualService", &format!("shop/{host}"), &spec)
    };
    let text = [
        istio("Gateway", "shop/door", door),
        entry("shop/a", &format!("hosts: [asked.example], {HTTP}")),
        entry("shop/b", &format!("hosts: ['*.named.example'], resolution: DYNAMIC_DNS, {HTTP}")),
        route("a.example", "asked.example"),
        route("b.example", "'*.named.example'"),
    ]
    .concat();
    let table = gateway(&text, "shop", GatewayRole::BySelector);
    assert_eq!(comes(&table, 8080, "x.a.example"), "outbound|80||asked.example");
    // The address that the request came to is the gateway's own.
    assert!(!backend(&table, "outbound|80||asked.example").is_passthrough);
    assert_eq!(comes(&table, 8080, "x.b.example"), "outbound|80||*.named.example");
    assert!(backend(&table, "outbound|80||*.named.example").is_passthrough);
    let mesh = super::table(&text);
    assert_eq!(goes(&mesh, "http://x.named.example/"), "outbound|80||*.named.example");
    assert!(backend(&mesh, "outbound|80||*.named.example").is_passthrough);
}

#[test]
fn names_stand_for_all_their_addresses_or_for_the_first() {
    let endpoints = "endpoints: [{address: 10.0.0.1}, {address: e.example}]";
    let text = [
        entry(
            "shop/static",
            &format!("hosts: [a.example], resolution: STATIC, {HTTP}, endpoints: [{{address: 10.0.0.1}}]"),
        ),
        entry("shop/dns", &format!("hosts: [b.example, c.example], resolution: DNS, {HTTP}")),
        entry("shop/mixed", &format!("hosts: [d.example], resolution: DNS, {HTTP}, {endpoints}")),
        entry("shop/one", &format!("hosts: [e.example], resolution: DNS_ROUND_ROBIN, {HTTP}")),
        entry(
            "shop/address",
            &format!(
                "hosts: [f.example], resolution: DNS_ROUND_ROBIN, {HTTP}, endpoints: [{{address: 10.0.0.1}}]"
            ),
        ),
    ]
    .concat();
    let table = table(&text);
    let names = |host: &str| backend(&table, &format!("outbound|80||{host}")).names;
    let all = ["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"].map(names);
    assert_eq!(all, [Names::None, Names::Every, Names::Every, Names::Every, Names::First, Names::None]);
}

#[test]
fn endpoints_are_those_listed_or_selected_or_the_hosts_themselves() {
    let text = [
        entry("shop/static", "hosts: [a.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2, ports: {http: 9090}}]"),
        entry("shop/dns", &format!("hosts: [b.example, c.example], resolution: DNS, {HTTP}")),
        entry("shop/one", &format!("hosts: [d.example], resolution: DNS_ROUND_ROBIN, {HTTP}, endpoints: [{{address: e.example}}]")),
        entry("shop/chosen", &format!("hosts: [f.example], resolution: STATIC, {HTTP}, workloadSelector: {{labels: {{app: f}}}}")),
        istio("WorkloadEntry", "shop/f", "{address: 10.0.0.6, labels: {app: f}}"),
        entry("shop/wild", &format!("hosts: ['*.g.example'], resolution: STATIC, {HTTP}, endpoints: [{{address: 10.0.0.7}}]")),
    ]
    .concat();
    let table = table(&text);
    for (name, expected) in [
        ("a.example", &["10.0.0.1:8080", "10.0.0.2:9090"][..]),
        ("b.example", &["b.example:80"]),
        ("c.example", &["c.example:80"]),
        ("d.example", &["e.example:80"]),
        ("f.example", &["10.0.0.6:80"]),
        ("*.g.example", &["10.0.0.7:80"]),
    ] {
        assert_eq!(endpoints(&table, &format!("outbound|80||{name}")), expected, "{name}");
    }
    assert_eq!(goes(&table, "http://x.g.example/"), "outbound|80||*.g.example");
}

#[test]
fn entries_of_one_host_and_namespace_are_one_service() {
    let on = |name: &str, port: u16, address: &str| {
        entry(
            &format!("shop/{name}"),
            &format!(
                "hosts: [a.example], resolution: STATIC, ports: [{{number: {port}, name: http-{port}, protocol: HTTP}}], endpoints: [{{address: {address}}}]"
            ),
        )
    };
    let text = [on("a", 80, "10.0.0.1"), on("b", 90, "10.0.0.2"), on("c", 80, "10.0.0.1")].concat();
    let table = table(&text);
    assert_eq!(goes(&table, "http://a.example/"), "outbound|80||a.example");
    assert_eq!(goes(&table, "http://a.example:90/"), "outbound|90||a.example");
    assert_eq!(endpoints(&table, "outbound|80||a.example"), ["10.0.0.1:80", "10.0.0.2:80"]);
}

#[test]
fn an_entry_for_nobody_is_not_there() {
    let text = entry("shop/a", &format!("hosts: [a.example], resolution: DNS, exportTo: ['~'], {HTTP}"));
    assert_eq!(goes(&table(&text), "http://a.example/"), "pass");
}

#[test]
fn what_is_said_about_an_endpoint_is_carried_to_its_backend() {
    let text = [
        entry("shop/a", &format!("hosts: [a.example], resolution: STATIC, {HTTP}, workloadSelector: {{labels: {{app: a}}}}")),
        istio("WorkloadEntry", "shop/one", "{address: 10.0.0.1, labels: {app: a, security.istio.io/tlsMode: istio}, weight: 3, network: far, locality: eu/eu-1/a, serviceAccount: shop}"),
        istio("WorkloadEntry", "shop/two", "{address: 10.0.0.2, labels: {app: a, istio-locality: eu.eu-2, topology.istio.io/network: near}}"),
    ]
    .concat();
    let model = model(&text);
    let [one, two] = &*model.services[0].endpoints else { panic!("two endpoints") };
    assert_eq!(one.locality.as_deref(), Locality::parse("eu/eu-1/a").as_ref());
    assert_eq!(
        (one.weight, &*one.network, &*one.service_account, one.takes_mesh_tls()),
        (3, "far", "shop", true)
    );
    assert_eq!(two.locality.as_ref().map(ToString::to_string), Some("eu/eu-2".to_owned()));
    assert_eq!(
        (two.weight, &*two.network, &*two.service_account, two.takes_mesh_tls()),
        (1, "near", "", false)
    );
    let table = Snapshot::compile(&model, &workload("shop", &[]), None);
    let carried = &backend(&table, "outbound|80||a.example").endpoints[0];
    assert_eq!(
        (&carried.locality, &*carried.network, &*carried.service_account),
        (&one.locality, "far", "shop")
    );
}
