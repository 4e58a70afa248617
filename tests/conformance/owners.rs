//! What becomes of two documents about the same host.

use super::{Caller, Product, to};
use http::{Request, header::HOST};
use mesh_core::table::RequestView;
use tests::{
    documents::{Documents, subsets},
    gate::{door, plain},
    mesh::{gateway_config, run_gateway},
    soon,
    wire::{self, text},
};
use tokio::net::TcpStream;

/// A VirtualService of `product` in the mesh and at the gateway `door`.
fn virtual_service(name: &str, rules: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: VirtualService\n\
         metadata: {{name: {name}}}\n\
         spec: {{hosts: [product], gateways: [mesh, door], http: {rules}}}\n"
    )
}

/// Rules of two VirtualServices. The first has rules for all paths, the second for one of them.
fn two_owners() -> [String; 2] {
    let (v1, v2) = (to("v1"), to("v2"));
    [
        format!("[{{match: [{{uri: {{prefix: /first}}}}], {v1}}}, {{{v1}}}]"),
        format!("[{{match: [{{uri: {{prefix: /second}}}}], {v2}}}]"),
    ]
}

#[tokio::test]
async fn line_10_the_oldest_of_two_virtual_services_owns_a_host_in_the_mesh_and_a_gateway_merges_them() {
    let product = Product::open().await;
    let [first, second] = two_owners();
    let documents =
        Documents::of(&[&product.documents(), &subsets("product", &["v1", "v2"]), &door(&[&plain(80)])]);
    // Names of files tell their age, and names of documents do not.
    documents.write("a.yaml", &virtual_service("younger", &first));
    documents.write("b.yaml", &virtual_service("elder", &second));
    let gateway = mesh_tower::Mesh::start(gateway_config(&documents, &[80])).await.unwrap();
    let (addresses, _) = run_gateway(&gateway).await;
    let caller = Caller::of(product, documents).await;
    for (path, in_mesh, at_gateway) in [
        ("/first", "v1", "v1"),
        ("/second", "v1", "v2"),
        ("/second/more", "v1", "v2"),
        ("/third", "v1", "v1"),
    ] {
        assert_eq!(caller.version(path).await, in_mesh, "{path}");
        let mut client = wire::http1(TcpStream::connect(addresses[0]).await.unwrap()).await;
        let request = Request::get(path).header(HOST, "product.default.svc.cluster.local");
        let request = request.body(mesh_tower::Body::empty()).unwrap();
        let response = soon(client.send_request(request)).await.unwrap();
        assert_eq!(soon(text(response)).await, at_gateway, "{path}");
    }
}

/// A DestinationRule of `product` with subsets in YAML's flow style.
fn destination_rule(name: &str, subsets: &str) -> String {
    destination_rule_of(name, &format!("subsets: {subsets}"))
}

fn destination_rule_of(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: {name}}}\n\
         spec: {{host: product, {spec}}}\n"
    )
}

#[tokio::test]
async fn line_11_two_destination_rules_of_a_host_unite_their_subsets_and_the_first_policy_wins() {
    let product = Product::open().await;
    let rule = |path: &str, subset: &str| format!("{{match: [{{uri: {{exact: {path}}}}}], {}}}", to(subset));
    let rules = format!("[{}, {}, {}]", rule("/a", "a"), rule("/b", "b"), rule("/c", "c"));
    let documents = Documents::of(&[&product.documents(), &tests::documents::routes("product", &rules)]);
    let first = "[{name: a, labels: {version: v1}}, {name: c, labels: {version: v1}}]";
    let second = "[{name: c, labels: {version: v2}}, {name: b, labels: {version: v2}}]";
    documents.write("a.yaml", &destination_rule("younger", first));
    documents.write("b.yaml", &destination_rule("elder", second));
    let caller = Caller::of(product, documents).await;
    for (path, version) in [("/a", "v1"), ("/b", "v2"), ("/c", "v1")] {
        assert_eq!(caller.version(path).await, version, "{path}");
    }
    policies().await;
}

/// What holds for `product` by two DestinationRules in the order of their files.
async fn policy_of(first: &str, second: &str) -> Vec<String> {
    let product = Product::open().await;
    let documents = Documents::of(&[&product.documents()]);
    documents.write("a.yaml", &destination_rule_of("younger", first));
    documents.write("b.yaml", &destination_rule_of("elder", second));
    let caller = Caller::of(product, documents).await;
    let request = Request::get("http://product/").body(()).expect("a request");
    let explanation = caller.mesh.handle().snapshot().explain(&RequestView::outbound(&request));
    explanation.targets[0].policy.clone()
}

async fn policies() {
    let subsets = "subsets: [{name: v1, labels: {version: v1}}]";
    let whole = "trafficPolicy: {loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 9}}, tls: {mode: ISTIO_MUTUAL}";
    let random = ["loadBalancer: RANDOM", "maxConnections: 9", "tls: ISTIO_MUTUAL"];
    let other = "trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {}}";
    assert_eq!(policy_of(&format!("{whole}}}"), other).await, random);
    assert_eq!(policy_of(subsets, &format!("{whole}}}")).await, random);
    // What a port says for itself leaves nothing of the four blocks, written or not.
    let port = "portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: 1}}}]";
    assert_eq!(policy_of(&format!("{whole}, {port}}}"), other).await, ["maxConnections: 1"]);
}
