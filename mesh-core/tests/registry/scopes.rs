//! Sidecars: what they show, and whom they are for.

use super::*;

const WORLD: [&str; 4] = ["catalog.shop", "stock.shop", "mail.office", "print.office"];

fn world(sidecars: &str) -> String {
    WORLD.iter().map(|name| plain(name)).chain([sidecars.to_owned()]).collect()
}

fn sidecar(name: &str, spec: &str) -> String {
    istio("Sidecar", name, spec)
}

/// The services that a workload of namespace `shop` sees.
fn seen(text: &str, pairs: &[(&str, &str)]) -> Vec<&'static str> {
    let table = Snapshot::compile(&model(text), &workload("shop", pairs), None);
    WORLD
        .into_iter()
        .filter(|name| goes(&table, &format!("http://{name}/")).starts_with("outbound"))
        .collect()
}

#[test]
fn hosts_are_imported_by_namespace_and_name() {
    for (hosts, expected) in [
        ("'*/*'", &WORLD[..]),
        ("'./*'", &["catalog.shop", "stock.shop"]),
        ("'office/*'", &["mail.office", "print.office"]),
        ("'*/catalog.shop.svc.cluster.local'", &["catalog.shop"]),
        ("'./mail.office.svc.cluster.local'", &[]),
        (
            "'office/*.office.svc.cluster.local', './stock.shop.svc.cluster.local'",
            &["stock.shop", "mail.office", "print.office"],
        ),
        ("'*/*.svc.cluster.local'", &WORLD),
        ("'~/*'", &[]),
        ("'shop/*.example.com'", &[]),
        ("'*/*', '~office/*'", &["catalog.shop", "stock.shop"]),
        ("'*/*', '~./stock.shop.svc.cluster.local'", &["catalog.shop", "mail.office", "print.office"]),
        ("'*/*', '~/*.office.svc.cluster.local', '~/stock.shop.svc.cluster.local'", &["catalog.shop"]),
        ("'~office/*'", &[]),
        ("'~/*', './*'", &["catalog.shop", "stock.shop"]),
    ] {
        let text = world(&sidecar("shop/own", &format!("{{egress: [{{hosts: [{hosts}]}}]}}")));
        assert_eq!(seen(&text, &[]), expected, "{hosts}");
    }
}

#[test]
fn one_that_selects_the_workload_wins_over_its_namespaces_and_that_over_the_root_namespaces() {
    let only = |host: &str| format!("egress: [{{hosts: ['*/{host}.svc.cluster.local']}}]");
    let selecting = |name: &str, app: &str, host: &str| {
        sidecar(name, &format!("{{workloadSelector: {{labels: {{app: {app}}}}}, {}}}", only(host)))
    };
    let root = sidecar("istio-system/root", &format!("{{{}}}", only("print.office")));
    let own = sidecar("shop/own", &format!("{{{}}}", only("mail.office")));
    let text = world(
        &[
            root.clone(),
            selecting("istio-system/not-for-others", "web", "print.office"),
            selecting("office/not-here", "web", "print.office"),
            own,
            selecting("shop/web", "web", "catalog.shop"),
            selecting("shop/web-too", "web", "stock.shop"),
        ]
        .concat(),
    );
    assert_eq!(seen(&text, &[("app", "web"), ("version", "v1")]), ["catalog.shop"]);
    assert_eq!(seen(&text, &[("app", "other")]), ["mail.office"]);
    assert_eq!(seen(&world(&root), &[]), ["print.office"]);
    assert_eq!(seen(&world(""), &[]), WORLD);
}

#[test]
fn a_gateway_sees_everything() {
    let door = "{selector: {istio: door}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}";
    let rules = "{hosts: [a.example], gateways: [door], http: [{route: [{destination: {host: catalog}}]}]}";
    let text = world(
        &[
            sidecar("shop/own", "{egress: [{hosts: ['~/*']}]}"),
            istio("Gateway", "shop/door", door),
            istio("VirtualService", "shop/a", rules),
        ]
        .concat(),
    );
    let table = gateway(&text, "shop", GatewayRole::BySelector);
    assert_eq!(comes(&table, 80, "a.example"), "outbound|80||catalog.shop.svc.cluster.local");
}

#[test]
fn a_listener_with_a_port_is_for_that_port_and_the_last_for_all_others() {
    let ports = "[{port: 80, name: http}, {port: 90, name: http-admin}]";
    let spec = "{egress: [{port: {number: 90, name: http, protocol: HTTP}, bind: 127.0.0.1, hosts: ['./*']}, {hosts: ['office/*']}]}";
    let text =
        [service("catalog.shop", ports), service("mail.office", ports), sidecar("shop/own", spec)].concat();
    let table = table(&text);
    for (url, expected) in [
        ("http://catalog/", "pass"),
        ("http://catalog:90/", "outbound|90||catalog.shop.svc.cluster.local"),
        ("http://mail.office/", "outbound|80||mail.office.svc.cluster.local"),
        ("http://mail.office:90/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn rules_are_imported_by_their_namespace_and_any_of_their_hosts() {
    for (import, expected) in [
        ("'office/mail.office.svc.cluster.local'", "outbound|80||mail.office.svc.cluster.local"),
        (
            "'office/mail.office.svc.cluster.local', 'shop/mail.office.svc.cluster.local'",
            "shop-rules answers",
        ),
        ("'*/mail.office.svc.cluster.local'", "shop-rules answers"),
        ("'*/*.office.svc.cluster.local'", "shop-rules answers"),
    ] {
        let spec = format!("{{egress: [{{hosts: [{import}]}}]}}");
        let rules = answering("shop/rules", "[mail.office.svc.cluster.local]");
        let table = table(&world(&[sidecar("shop/own", &spec), rules].concat()));
        assert_eq!(goes(&table, "http://mail.office/"), expected, "{import}");
    }
}

#[test]
fn rules_are_hidden_with_the_last_of_their_hosts_that_is_imported() {
    for (hidden, expected) in [
        ("'~shop/mail.office.svc.cluster.local'", "shop-rules answers"),
        ("'~shop/*.office.svc.cluster.local'", "outbound|80||mail.office.svc.cluster.local"),
        ("'~office/*'", "pass"),
    ] {
        let spec = format!("{{egress: [{{hosts: ['*/*.office.svc.cluster.local', {hidden}]}}]}}");
        let hosts = "[mail.office.svc.cluster.local, print.office.svc.cluster.local]";
        let table = table(&world(&[sidecar("shop/own", &spec), answering("shop/rules", hosts)].concat()));
        assert_eq!(goes(&table, "http://mail.office/"), expected, "{hidden}");
    }
}

#[test]
fn what_a_listener_shows_that_is_no_port_of_services_is_shown_on_all() {
    for port in [
        "{number: 3128, name: proxy, protocol: HTTP_PROXY}, bind: 127.0.0.1",
        "{name: socket, protocol: HTTP}, bind: 'unix:///run/a'",
    ] {
        let spec = format!(
            "{{egress: [{{port: {port}, hosts: ['office/mail.office.svc.cluster.local']}}, {{hosts: ['./catalog.shop.svc.cluster.local']}}]}}"
        );
        assert_eq!(seen(&world(&sidecar("shop/own", &spec)), &[]), ["catalog.shop", "mail.office"], "{port}");
    }
}

#[test]
fn rules_for_a_wildcard_apply_to_the_imported_hosts_below_it() {
    let spec = "{egress: [{hosts: ['*/stock.shop.svc.cluster.local', '*/a.example.org']}]}";
    let text = world(
        &[
            answering("shop/all", "['*.cluster.local']"),
            answering("shop/org", "['*.example.org']"),
            answering("office/elsewhere", "['*.example.net']"),
            sidecar("shop/own", spec),
        ]
        .concat(),
    );
    let table = table(&text);
    for (url, expected) in [
        ("http://stock/", "shop-all answers"),
        ("http://catalog/", "pass"),
        ("http://b.example.org/", "shop-org answers"),
        ("http://a.example.net/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn a_rule_that_is_seen_can_lead_to_a_service_that_is_not() {
    let rules = "{hosts: [catalog], http: [{route: [{destination: {host: mail.office.svc.cluster.local}}]}]}";
    let text = world(
        &[istio("VirtualService", "shop/a", rules), sidecar("shop/own", "{egress: [{hosts: ['./*']}]}")]
            .concat(),
    );
    let table = table(&text);
    assert_eq!(goes(&table, "http://catalog/"), "outbound|80||mail.office.svc.cluster.local");
    assert_eq!(goes(&table, "http://mail.office/"), "pass");
}

#[test]
fn a_host_that_is_no_service_needs_one_on_its_port_that_is_imported() {
    let rules = answering("shop/a", "[a.example]");
    let spec = |hosts: &str| format!("{{egress: [{{hosts: [{hosts}]}}]}}");
    for (hosts, expected) in
        [("'*/a.example'", "pass"), ("'*/a.example', './stock.shop.svc.cluster.local'", "shop-a answers")]
    {
        let text = world(&[rules.clone(), sidecar("shop/own", &spec(hosts))].concat());
        assert_eq!(goes(&table(&text), "http://a.example/"), expected, "{hosts}");
    }
}

#[test]
fn unknown_hosts_are_a_sidecars_own_affair_and_a_policy_without_a_mode_refuses_them() {
    for (policy, expected) in [
        ("", "pass"),
        (", outboundTrafficPolicy: {}", "refuse UnknownHost"),
        (", outboundTrafficPolicy: {mode: REGISTRY_ONLY}", "refuse UnknownHost"),
        (", outboundTrafficPolicy: {mode: ALLOW_ANY}", "pass"),
    ] {
        let text = world(&sidecar("shop/own", &format!("{{egress: [{{hosts: ['./*']}}]{policy}}}")));
        for url in ["http://mail.office/", "http://nowhere.example/", "http://catalog:81/"] {
            assert_eq!(goes(&table(&text), url), expected, "{policy} {url}");
        }
    }
    let strict = Model {
        unknown_hosts: mesh_core::model::UnknownHosts::Refuse,
        ..model(&world(&sidecar("shop/own", "{outboundTrafficPolicy: {mode: ALLOW_ANY}}")))
    };
    let table = Snapshot::compile(&strict, &workload("shop", &[]), None);
    assert_eq!(goes(&table, "http://nowhere.example/"), "pass");
    let elsewhere = Snapshot::compile(&strict, &workload("office", &[]), None);
    assert_eq!(goes(&elsewhere, "http://nowhere.example/"), "refuse UnknownHost");
}

#[test]
fn unknown_hosts_can_go_to_a_proxy() {
    let policy = "mode: ALLOW_ANY, egressProxy: {host: mail.office.svc.cluster.local, port: {number: 80}}";
    let text = world(&sidecar(
        "shop/own",
        &format!("{{egress: [{{hosts: ['./*']}}], outboundTrafficPolicy: {{{policy}}}}}"),
    ));
    let table = table(&text);
    for (url, expected) in [
        ("http://nowhere.example:8080/", "outbound|80||mail.office.svc.cluster.local"),
        ("http://print.office/", "outbound|80||mail.office.svc.cluster.local"),
        ("http://catalog/", "outbound|80||catalog.shop.svc.cluster.local"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn an_explanation_names_the_sidecar_that_hides_a_host_and_the_ports_that_a_host_has() {
    let hidden = table(&world(&sidecar("shop/own", "{egress: [{hosts: ['./*']}]}")));
    let explanation = explained(&hidden, "http://mail.office/");
    assert_eq!(explanation.outcome, "passthrough");
    assert!(explanation.summary.contains("Sidecar shop/own"), "{}", explanation.summary);
    let open = table(&world(""));
    let explanation = explained(&open, "http://catalog:81/");
    assert!(explanation.summary.contains("port 81 of catalog, only 80"), "{}", explanation.summary);
    assert!(!explanation.summary.contains("Sidecar"), "{}", explanation.summary);
}
