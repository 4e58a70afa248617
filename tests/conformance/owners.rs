//! What becomes of two documents about the same host.

use super::{Caller, Product, to};
use http::{Request, header::HOST};
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
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: {name}}}\n\
         spec: {{host: product, subsets: {subsets}}}\n"
    )
}

#[tokio::test]
async fn line_11_two_destination_rules_of_a_host_unite_their_subsets_and_the_first_of_a_name_wins() {
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
}
