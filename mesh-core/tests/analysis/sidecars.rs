use super::{codes, pod, severities, told, workload};
use mesh_core::document::Severity;

fn sidecar(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: {name}}}\n\
         spec: {{{spec} egress: [{{hosts: [\"./*\"]}}]}}\n"
    )
}

fn selecting(name: &str, labels: &str) -> String {
    sidecar(name, &format!("workloadSelector: {{labels: {{{labels}}}}},"))
}

#[test]
fn several_sidecars_without_a_selector_are_each_told_with_all_places() {
    let told = told(&[&sidecar("one", ""), &sidecar("two", "")]);
    let expected = "IST0111 mesh.yaml:4: Sidecar/one: spec: the Sidecars shop/one (mesh.yaml:1), shop/two \
                    (mesh.yaml:6) in namespace shop have no workload selector (keep one of them, or let the others \
                    select)";
    assert_eq!(told[0], expected);
    assert_eq!(severities(&[&sidecar("one", ""), &sidecar("two", "")]), [Severity::Error, Severity::Error]);

    let elsewhere = sidecar("two", "").replace("name: two", "name: two, namespace: store");
    assert!(codes(&[&sidecar("one", ""), &elsewhere]).is_empty());
    assert!(codes(&[&sidecar("one", ""), &selecting("two", "app: web")]).is_empty());
}

#[test]
fn several_sidecars_for_one_workload_are_each_told_once() {
    let (by_app, by_version) = (selecting("one", "app: web"), selecting("two", "version: v1"));
    let pods = [pod("a", "app: web, version: v1"), pod("b", "app: web, version: v1")];
    let told = told(&[&pods[0], &pods[1], &by_app, &by_version]);
    let expected = "IST0110 mesh.yaml:14: Sidecar/one: spec.workloadSelector: the Sidecars shop/one (mesh.yaml:11), \
                    shop/two (mesh.yaml:16) select the same workload, at mesh.yaml:1 (let their selectors exclude \
                    one another)";
    assert_eq!(told[0], expected);
    assert!(told[1].starts_with("IST0110 mesh.yaml:19: Sidecar/two"), "{told:?}");
    assert_eq!(told.len(), 2);

    let other = pod("b", "app: cart, version: v1");
    assert!(codes(&[&pod("a", "app: web"), &other, &by_app, &by_version]).is_empty());
}

#[test]
fn a_sidecar_for_nobody_is_told_where_its_namespace_has_workloads() {
    let web = selecting("web", "app: web");
    let expected = "IST0127 mesh.yaml:9: Sidecar/web: spec.workloadSelector: no matching workloads for this resource \
                    with the following labels: app=web (correct the labels)";
    assert_eq!(told(&[&pod("cart", "app: cart"), &web]), [expected]);
    assert!(codes(&[&web]).is_empty(), "nobody says what runs here");
    let elsewhere = pod("cart", "app: cart").replace("name: cart,", "name: cart, namespace: store,");
    assert!(codes(&[&elsewhere, &web]).is_empty());
    assert!(codes(&[&workload("web", "v1"), &web]).is_empty());
}
