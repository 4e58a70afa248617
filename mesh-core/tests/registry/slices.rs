//! EndpointSlices and Pods: where a Kubernetes Service's workloads listen.

use super::*;

const BACKEND: &str = "outbound|80||catalog.shop.svc.cluster.local";

/// A slice of the Service `catalog`, with its endpoints and ports as YAML.
fn slice(name: &str, endpoints: &str, ports: &str) -> String {
    format!(
        "---\n{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: {{name: {name}, \
         labels: {{kubernetes.io/service-name: catalog}}}}, endpoints: {endpoints}, ports: {ports}}}\n"
    )
}

fn pod(name: &str, labels: &str, ip: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {labels}}}, \
         spec: {{serviceAccountName: seller, containers: [{{name: app}}]}}, status: {{podIP: {ip}, phase: Running}}}}\n"
    )
}

#[test]
fn ready_addresses_are_endpoints_on_the_ports_of_their_slice() {
    let text = [
        service("catalog.shop", "[{port: 80, name: http, targetPort: web}, {port: 90, name: admin}]"),
        slice("a", "[{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], conditions: {ready: true}}, {addresses: [10.0.0.3], conditions: {ready: false, serving: true}}, {addresses: [10.0.0.4], conditions: {ready: true, terminating: true}}]", "[{name: http, port: 8080, protocol: TCP}, {name: admin, port: 9090}]"),
        slice("b", "[{addresses: [10.0.0.5]}, {addresses: [10.0.0.1]}]", "[{name: http, port: 8081}]"),
    ]
    .concat();
    let table = table(&text);
    assert_eq!(
        endpoints(&table, BACKEND),
        ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.5:8081", "10.0.0.1:8081"]
    );
    assert_eq!(
        endpoints(&table, "outbound|90||catalog.shop.svc.cluster.local")[..2],
        ["10.0.0.1:9090", "10.0.0.2:9090"]
    );
}

#[test]
fn a_service_may_count_addresses_that_are_not_ready() {
    let text = [
        "---\n{apiVersion: v1, kind: Service, metadata: {name: catalog}, spec: {publishNotReadyAddresses: true, ports: [{port: 80, name: http}]}}\n".to_owned(),
        slice("a", "[{addresses: [10.0.0.1], conditions: {ready: false}}]", "[{name: http, port: 8080}]"),
    ]
    .concat();
    assert_eq!(endpoints(&table(&text), BACKEND), ["10.0.0.1:8080"]);
}

#[test]
fn slices_of_other_services_and_namespaces_are_theirs() {
    let slice = slice("a", "[{addresses: [10.0.0.1]}]", "[{name: http, port: 8080}]");
    let text = [plain("catalog.office"), plain("stock.shop"), slice].concat();
    let table = table(&text);
    for name in ["catalog.office", "stock.shop"] {
        assert_eq!(endpoints(&table, &format!("outbound|80||{name}.svc.cluster.local")), [""; 0], "{name}");
    }
}

#[test]
fn workload_entries_come_after_what_slices_list() {
    let text = [
        istio("WorkloadEntry", "shop/vm", "{address: 10.0.0.9, labels: {app: catalog}}"),
        slice("a", "[{addresses: [10.0.0.1]}]", "[{name: http, port: 8080}]"),
        plain("catalog.shop"),
    ]
    .concat();
    assert_eq!(endpoints(&table(&text), BACKEND), ["10.0.0.1:8080", "10.0.0.9:80"]);
}

#[test]
fn an_endpoint_has_the_labels_of_its_pod_and_subsets_select_it_by_them() {
    let target = |name: &str| format!("targetRef: {{kind: Pod, name: {name}, namespace: shop}}");
    let listed = format!(
        "[{{addresses: [10.0.0.1], {}}}, {{addresses: [10.0.0.2], {}}}, {{addresses: [10.0.0.3], {}}}]",
        target("one"),
        target("two"),
        target("gone")
    );
    let text = [
        plain("catalog.shop"),
        slice("a", &listed, "[{name: http, port: 8080}]"),
        pod("one", "{app: catalog, version: v1}", "10.0.0.1"),
        pod("two", "{app: catalog, version: v2, istio-locality: eu.eu-1}", "10.0.0.2"),
        istio("DestinationRule", "shop/a", "{host: catalog, subsets: [{name: new, labels: {version: v2}}]}"),
        istio(
            "VirtualService",
            "shop/a",
            "{hosts: [catalog], http: [{route: [{destination: {host: catalog, subset: new}}]}]}",
        ),
    ]
    .concat();
    let table = table(&text);
    let subset = "outbound|80|new|catalog.shop.svc.cluster.local";
    assert_eq!(goes(&table, "http://catalog/"), subset);
    assert_eq!(endpoints(&table, subset), ["10.0.0.2:8080"]);
    let endpoint = &backend(&table, subset).endpoints[0];
    assert_eq!(endpoint.locality.as_ref().map(ToString::to_string), Some("eu/eu-1".to_owned()));
    assert_eq!(&*endpoint.service_account, "seller");
}

#[test]
fn pods_alone_are_endpoints_of_entries_that_select_them_and_not_of_services() {
    let spec = "{hosts: [a.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], workloadSelector: {labels: {app: catalog}}}";
    let text = [
        plain("catalog.shop"),
        istio("ServiceEntry", "shop/a", spec),
        pod("one", "{app: catalog}", "10.0.0.1"),
    ]
    .concat();
    let table = table(&text);
    assert_eq!(endpoints(&table, "outbound|80||a.example"), ["10.0.0.1:80"]);
    assert_eq!(endpoints(&table, BACKEND), [""; 0]);
}

#[test]
fn a_slice_that_names_no_service_is_a_warning() {
    let text = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, endpoints: []}";
    let (_, status) = taken(&[text]);
    let reasons: Vec<_> = status.faults.iter().map(|fault| fault.reason.as_str()).collect();
    assert_eq!(reasons, ["belongs to no Service, so nothing is sent to its endpoints"]);
}
