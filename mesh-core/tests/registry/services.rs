//! Kubernetes Services: ports, protocols, and where their rules hold.

use super::*;
use mesh_core::model::Protocol;

fn protocol(port: &str) -> Protocol {
    let table = table(&service("catalog.shop", &format!("[{port}]")));
    table.backends().next().expect("a backend").protocol
}

#[test]
fn a_ports_protocol_is_told_by_app_protocol_then_by_its_name_then_by_its_number() {
    for (port, expected) in [
        ("{port: 81, name: http}", Protocol::Http),
        ("{port: 81, name: HTTP-web}", Protocol::Http),
        ("{port: 81, name: http2-a}", Protocol::Http2),
        ("{port: 81, name: grpc}", Protocol::Http2),
        ("{port: 81, name: gRPC-Web-a}", Protocol::Http),
        ("{port: 81, name: https}", Protocol::Opaque),
        ("{port: 81, name: redis-main}", Protocol::Opaque),
        ("{port: 81, name: web}", Protocol::Unknown),
        ("{port: 81}", Protocol::Unknown),
        ("{port: 3306}", Protocol::Opaque),
        ("{port: 3306, name: http}", Protocol::Http),
        ("{port: 25, name: web}", Protocol::Opaque),
        ("{port: 81, name: tcp-a, appProtocol: http}", Protocol::Http),
        ("{port: 81, name: http, appProtocol: tcp}", Protocol::Opaque),
        ("{port: 81, name: tcp, appProtocol: kubernetes.io/h2c}", Protocol::Http2),
        ("{port: 81, name: tcp, appProtocol: kubernetes.io/ws}", Protocol::Http),
        ("{port: 81, name: http, appProtocol: kubernetes.io/wss}", Protocol::Opaque),
        ("{port: 81, name: http, appProtocol: example.com/own}", Protocol::Unknown),
    ] {
        assert_eq!(protocol(port), expected, "{port}");
    }
}

#[test]
fn rules_hold_on_the_ports_that_a_service_lists_and_that_speak_http() {
    let ports = "[{port: 80, name: http}, {port: 90, name: web}, {port: 27017, name: mongo}]";
    let table = table(&[service("catalog.shop", ports), answering("shop/rules", "[catalog]")].concat());
    for (url, expected) in [
        ("http://catalog/", "shop-rules answers"),
        ("http://catalog.shop:90/", "shop-rules answers"),
        ("http://catalog:27017/", "outbound|27017||catalog.shop.svc.cluster.local"),
        ("http://catalog:8080/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn rules_for_a_host_that_is_no_service_hold_on_port_80_and_on_those_of_the_services_beside_it() {
    let text = [
        service("catalog.shop", "[{port: 8080, name: http}]"),
        answering("shop/alone", "[a.example]"),
        answering("shop/beside", "[b.example, catalog]"),
    ]
    .concat();
    let table = table(&text);
    for (url, expected) in [
        ("http://a.example/", "shop-alone answers"),
        ("http://a.example:8080/", "pass"),
        ("http://b.example/", "shop-beside answers"),
        ("http://b.example:8080/", "shop-beside answers"),
        ("http://b.example:81/", "pass"),
        ("http://catalog:8080/", "shop-beside answers"),
        // The service has no port 80, but its host has rules.
        ("http://catalog.shop.svc.cluster.local/", "shop-beside answers"),
        ("http://catalog.shop/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn rules_that_cannot_hold_here_leave_the_service_to_the_next_and_then_to_itself() {
    let rules = |name: &str, conditions: &str| {
        let route = format!("{{name: {name}, match: [{{{conditions}}}], directResponse: {{status: 200}}}}");
        istio("VirtualService", &format!("shop/{name}"), &format!("{{hosts: [catalog], http: [{route}]}}"))
    };
    let ports = "[{port: 80, name: http}, {port: 90, name: http-admin}, {port: 91, name: http-other}]";
    let text = [
        service("catalog.shop", ports),
        rules("others", "sourceNamespace: office"),
        rules("labelled", "sourceLabels: {app: web}"),
        rules("admin", "port: 90"),
        rules("plain", "port: 80"),
    ]
    .concat();
    let table = table(&text);
    for (url, expected) in [
        ("http://catalog/", "plain answers"),
        ("http://catalog:90/", "admin answers"),
        ("http://catalog:91/", "outbound|91||catalog.shop.svc.cluster.local"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn rules_for_connections_alone_leave_requests_to_the_service() {
    let rules = "{hosts: [catalog], tcp: [{route: [{destination: {host: catalog}}]}]}";
    let table = table(&[plain("catalog.shop"), istio("VirtualService", "shop/a", rules)].concat());
    assert_eq!(goes(&table, "http://catalog/"), "outbound|80||catalog.shop.svc.cluster.local");
}

#[test]
fn a_headless_service_answers_to_the_names_of_its_instances() {
    let text = "{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {clusterIP: None, ports: [{port: 80, name: http}]}}";
    let table = table(text);
    for (url, expected) in [
        ("http://db/", "outbound|80||db.shop.svc.cluster.local"),
        ("http://db-0.db.shop.svc.cluster.local/", "outbound|80||db.shop.svc.cluster.local"),
        ("http://db-0.db/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
    let virtual_address =
        text.replace("clusterIP: None", "clusterIP: 10.9.8.7, clusterIPs: [10.9.8.7, 'fd00::7']");
    let table = super::table(&virtual_address);
    assert_eq!(goes(&table, "http://10.9.8.7/"), "outbound|80||db.shop.svc.cluster.local");
    assert_eq!(goes(&table, "http://[fd00::7]/"), "outbound|80||db.shop.svc.cluster.local");
    assert_eq!(goes(&table, "http://db-0.db.shop.svc.cluster.local/"), "pass");
}

#[test]
fn services_that_share_a_virtual_address_share_it_by_port() {
    let at = |name: &str, port: u16| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, \
             spec: {{clusterIP: 10.9.8.7, ports: [{{port: {port}, name: http}}]}}}}\n"
        )
    };
    let table = table(&[at("a", 80), at("b", 90), at("c", 90)].concat());
    assert_eq!(goes(&table, "http://10.9.8.7/"), "outbound|80||a.shop.svc.cluster.local");
    assert_eq!(goes(&table, "http://10.9.8.7:90/"), "outbound|90||b.shop.svc.cluster.local");
    assert_eq!(goes(&table, "http://a:90/"), "pass");
}

#[test]
fn an_annotation_says_who_may_see_a_service() {
    let to = |whom: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: mail, namespace: office, \
             annotations: {{networking.istio.io/exportTo: '{whom}'}}}}, spec: {{ports: [{{port: 80}}]}}}}"
        )
    };
    for (whom, is_seen) in
        [("*", true), (".", false), ("~", false), ("shop", true), ("bank, shop", true), ("bank", false)]
    {
        let expected = if is_seen { "outbound|80||mail.office.svc.cluster.local" } else { "pass" };
        assert_eq!(goes(&table(&to(whom)), "http://mail.office/"), expected, "{whom}");
    }
}

#[test]
fn a_target_port_by_name_is_the_instances_port_of_that_name() {
    let entry = |name: &str, ports: &str| {
        istio(
            "WorkloadEntry",
            &format!("shop/e{name}"),
            &format!("{{address: 10.0.0.{name}, labels: {{app: catalog}}, ports: {ports}}}"),
        )
    };
    let text = [
        service("catalog.shop", "[{port: 80, name: http, targetPort: web}]"),
        entry("1", "{web: 7070}"),
        entry("2", "{http: 6060, web: 7070}"),
        entry("3", "{}"),
    ]
    .concat();
    let found = endpoints(&table(&text), "outbound|80||catalog.shop.svc.cluster.local");
    assert_eq!(found, ["10.0.0.1:7070", "10.0.0.2:6060", "10.0.0.3:80"]);
}

#[test]
fn a_selector_of_several_labels_finds_the_instances_that_have_them_all() {
    let entry = |number: u8, labels: &str| {
        istio(
            "WorkloadEntry",
            &format!("shop/e{number}"),
            &format!("{{address: 10.0.0.{number}, labels: {labels}}}"),
        )
    };
    let text = [
        "---\n{apiVersion: v1, kind: Service, metadata: {name: catalog}, spec: {selector: {app: catalog, tier: web}, ports: [{port: 80}]}}\n".to_owned(),
        entry(1, "{app: catalog, tier: web, version: v1}"),
        entry(2, "{app: catalog}"),
        entry(3, "{tier: web}"),
        entry(4, "{tier: web, app: catalog}"),
        istio("WorkloadEntry", "office/e5", "{address: 10.0.0.5, labels: {app: catalog, tier: web}}"),
    ]
    .concat();
    assert_eq!(
        endpoints(&table(&text), "outbound|80||catalog.shop.svc.cluster.local"),
        ["10.0.0.1:80", "10.0.0.4:80"]
    );
}
