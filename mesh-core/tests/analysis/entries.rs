use super::{codes, pod, severities, told, workload};
use mesh_core::document::Severity;

fn entry(name: &str, protocol: &str, more: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n\
         metadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{hosts: [api.test], ports: [{{number: 80, name: web, protocol: {protocol}}}], {more}}}\n"
    )
}

#[test]
fn entries_that_disagree_on_a_protocol_are_each_told_of_the_other() {
    let dns = "resolution: DNS";
    let (one, two) = (entry("one", "HTTP", dns), entry("store/two", "https", dns));
    let expected = "IST0177 mesh.yaml:4: ServiceEntry/one: spec.ports[0].protocol: multiple ServiceEntries define the \
                    same host \"api.test\" and port 80 with conflicting protocols: HTTP here, and store/two \
                    (mesh.yaml:6) says HTTPS (write the same protocol in all of them)";
    let told = told(&[&one, &two]);
    assert_eq!((told[0].as_str(), told.len()), (expected, 2));
    assert_eq!(severities(&[&one, &two]), [Severity::Warning, Severity::Warning]);

    assert!(codes(&[&one, &entry("store/two", "http", dns)]).is_empty());
    let own = "resolution: DNS, exportTo: [.]";
    assert!(codes(&[&entry("one", "HTTP", own), &entry("store/two", "HTTPS", own)]).is_empty());
}

#[test]
fn a_port_of_tcp_without_addresses_is_told_by_its_code() {
    let dns = "resolution: DNS";
    assert_eq!(codes(&[&entry("one", "tcp", dns)]), ["IST0134"]);
    assert!(codes(&[&entry("one", "TLS", dns)]).is_empty());
    assert!(codes(&[&entry("one", "TCP", "resolution: DNS, addresses: [10.1.2.3]")]).is_empty());
}

#[test]
fn an_entry_that_selects_nobody_is_told_where_its_namespace_has_workloads() {
    let api = entry(
        "api",
        "HTTP",
        "resolution: STATIC, location: MESH_INTERNAL, workloadSelector: {labels: {app: api}}",
    );
    assert_eq!(codes(&[&pod("cart", "app: cart"), &api]), ["IST0127"]);
    assert!(codes(&[&pod("api", "app: api"), &api]).is_empty());
    assert!(codes(&[&workload("api", "v1"), &api]).is_empty());
    assert!(codes(&[&api]).is_empty());
    let group = "apiVersion: networking.istio.io/v1\nkind: WorkloadGroup\nmetadata: {name: api}\n\
                 spec: {template: {labels: {app: api}}}\n";
    assert!(codes(&[&pod("cart", "app: cart"), group, &api]).is_empty());
}
