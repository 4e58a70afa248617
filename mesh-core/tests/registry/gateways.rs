//! Which ports a gateway opens: those that the services in front of it lead to.

use super::*;

fn door(name: &str, port: u16, selector: &str) -> String {
    istio(
        "Gateway",
        name,
        &format!(
            "{{selector: {selector}, servers: [{{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: ['*.example']}}]}}"
        ),
    )
}

fn rules(name: &str, host: &str, doors: &str) -> String {
    istio(
        "VirtualService",
        name,
        &format!(
            "{{hosts: ['{host}'], gateways: {doors}, http: [{{name: {}, directResponse: {{status: 200}}}}]}}",
            name.replace('/', "-")
        ),
    )
}

fn ports(table: &Snapshot) -> Vec<u16> {
    table.listeners().iter().map(|listener| listener.port).collect()
}

const FRONT: &str = "---\n{apiVersion: v1, kind: Service, metadata: {name: front, namespace: edge}, spec: {selector: {istio: door}, ports: [{port: 80, name: http, targetPort: 8080}]}}\n";

#[test]
fn a_port_of_the_service_in_front_is_opened_at_its_target_and_any_other_as_it_is() {
    let text = [
        FRONT.to_owned(),
        door("edge/a", 80, "{istio: door}"),
        door("edge/b", 81, "{istio: door}"),
        rules("shop/r", "*.example", "[edge/a, edge/b]"),
    ]
    .concat();
    let table = gateway(&text, "edge", GatewayRole::BySelector);
    assert_eq!(ports(&table), [81, 8080]);
    assert_eq!(comes(&table, 8080, "a.example"), "shop-r answers");
    // Not in front of workloads of another namespace.
    assert_eq!(ports(&gateway(&text, "office", GatewayRole::BySelector)), [80, 81]);
}

#[test]
fn rules_compare_the_port_that_the_gateway_names_and_destinations_are_asked_for_it() {
    let spec = "{hosts: ['*.example'], gateways: [edge/a], http: [{name: eighty, match: [{port: 80}], route: [{destination: {host: catalog}}]}, {name: rest, directResponse: {status: 200}}]}";
    let text = [
        FRONT.to_owned(),
        service("catalog.shop", "[{port: 80, name: http}, {port: 8080, name: http-alt}]"),
        door("edge/a", 80, "{istio: door}"),
        istio("VirtualService", "shop/r", spec),
    ]
    .concat();
    let table = gateway(&text, "edge", GatewayRole::BySelector);
    assert_eq!(comes(&table, 8080, "a.example"), "outbound|80||catalog.shop.svc.cluster.local");
}

#[test]
fn gateways_whose_ports_lead_to_one_are_one_listener() {
    let front = FRONT.replace("ports: [", "ports: [{port: 81, name: http-81, targetPort: 8080}, ");
    let text = [
        front,
        door("edge/a", 80, "{istio: door}"),
        door("edge/b", 81, "{istio: door}"),
        rules("shop/a", "a.example", "[edge/a]"),
        rules("shop/b", "b.example", "[edge/b]"),
    ]
    .concat();
    let table = gateway(&text, "edge", GatewayRole::BySelector);
    assert_eq!(ports(&table), [8080]);
    assert_eq!(comes(&table, 8080, "a.example"), "shop-a answers");
    assert_eq!(comes(&table, 8080, "b.example"), "shop-b answers");
}

#[test]
fn an_entry_is_in_front_by_the_labels_of_its_endpoints_unless_it_keeps_out() {
    let entry = |name: &str, target: u16, labels: &str| {
        format!(
            "---\n{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: {name}, namespace: edge, \
             labels: {labels}}}, spec: {{hosts: [{name}.example.com], resolution: STATIC, \
             ports: [{{number: 80, targetPort: {target}, name: http, protocol: HTTP}}], \
             endpoints: [{{address: 10.0.0.1, labels: {{istio: door}}}}]}}}}\n"
        )
    };
    let out = "{experimental.istio.io/disable-gateway-port-translation: 'true'}";
    let door = door("edge/a", 80, "{istio: door}");
    let first = [entry("a", 7070, "{}"), entry("b", 6060, "{}"), door.clone()].concat();
    assert_eq!(ports(&gateway(&first, "edge", GatewayRole::BySelector)), [7070]);
    let second = [entry("a", 7070, out), entry("b", 6060, "{}"), door].concat();
    assert_eq!(ports(&gateway(&second, "edge", GatewayRole::BySelector)), [6060]);
}

#[test]
fn a_gateway_that_names_its_services_opens_what_they_lead_to_and_nothing_else() {
    let entry = |name: &str, port: u16, target: u16| {
        istio(
            "ServiceEntry",
            &format!("edge/{name}"),
            &format!(
                "{{hosts: [{name}.example.com], resolution: STATIC, ports: [{{number: {port}, targetPort: {target}, name: http, protocol: HTTP}}], endpoints: [{{address: 10.0.0.1}}]}}"
            ),
        )
    };
    let door = |port: u16, services: &str| {
        door("edge/a", port, "{}").replace(
            "name: a,",
            &format!("name: a, annotations: {{internal.istio.io/gateway-service: '{services}'}},"),
        )
    };
    let entries = [entry("one", 80, 8080), entry("two", 80, 8081)].concat();
    for (port, services, expected) in [
        (80, "one.example.com", &[8080][..]),
        (80, "one.example.com,two.example.com", &[8080, 8081]),
        (81, "one.example.com", &[]),
        (80, "three.example.com", &[]),
    ] {
        let text = [entries.clone(), door(port, services)].concat();
        assert_eq!(ports(&gateway(&text, "edge", GatewayRole::BySelector)), expected, "{port} {services}");
        assert_eq!(ports(&gateway(&text, "office", GatewayRole::BySelector)), [0; 0], "elsewhere");
    }
}

#[test]
fn one_told_by_name_which_gateway_it_is_opens_its_ports_too() {
    let text = [FRONT.to_owned(), door("edge/a", 80, "{istio: door}")].concat();
    assert_eq!(ports(&gateway(&text, "edge", named("edge", "a"))), [8080]);
}
