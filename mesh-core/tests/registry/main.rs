//! What a workload sees of the mesh and where its requests go, from documents to decisions.

mod aliases;
mod entries;
mod gateways;
mod mesh_config;
mod order;
mod peers;
mod scopes;
mod secured;
mod services;
mod slices;
mod traffic;

use http::Request;
use mesh_core::{
    dialect::Setting,
    model::{GatewayName, Labels, Model},
    source::Batch,
    table::{Backend, Decision, Explanation, GatewayRole, RequestView, Snapshot, Viewpoint},
    watch::{Ledger, Status},
};
use std::sync::Arc;

/// What documents of namespace `shop` mean; none of them is refused.
fn model(text: &str) -> Model {
    let (model, status) = taken(&[text]);
    let refused: Vec<_> = status.faults.iter().filter(|fault| fault.is_refusal()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    model
}

/// What files mean, each a text, and how they stand.
fn taken(files: &[&str]) -> (Model, Status) {
    let batch = |(number, text): (usize, &&str)| {
        Arc::new(Batch::of(format!("{number}.yaml").into(), text.as_bytes(), "shop"))
    };
    let batches: Vec<_> = files.iter().enumerate().map(batch).collect();
    Ledger::new(Setting::default()).take(&batches)
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A workload of a namespace, with labels.
fn workload(namespace: &str, pairs: &[(&str, &str)]) -> Viewpoint {
    Viewpoint { namespace: namespace.into(), labels: labels(pairs), ..Viewpoint::default() }
}

/// The table of a workload in namespace `shop`, without labels.
fn table(text: &str) -> Snapshot {
    Snapshot::compile(&model(text), &workload("shop", &[]), None)
}

/// What a request to a URL comes to: the backend, `pass`, or `refuse` and why.
fn goes(table: &Snapshot, url: &str) -> String {
    let request = Request::get(url).body(()).expect("a request");
    in_words(table, &RequestView::outbound(&request))
}

/// What a request to a host comes to at a gateway's port.
fn comes(table: &Snapshot, port: u16, host: &str) -> String {
    let request = Request::get("/").header("host", host).body(()).expect("a request");
    in_words(table, &RequestView::at_gateway(&request, port, false))
}

fn in_words(table: &Snapshot, request: &RequestView<'_>) -> String {
    match table.decide(request, 0) {
        Decision::Forward(chosen) => {
            let target = table.target(chosen).expect("a target");
            target.backend(request.port).expect("a backend").name.to_string()
        }
        Decision::Answer(chosen) => format!("{} answers", table.rule(chosen).name),
        Decision::Pass => "pass".to_owned(),
        Decision::Refuse(refusal) => format!("refuse {refusal:?}"),
    }
}

fn explained(table: &Snapshot, url: &str) -> Explanation {
    let request = Request::get(url).body(()).expect("a request");
    table.explain(&RequestView::outbound(&request))
}

fn backend<'a>(table: &'a Snapshot, name: &str) -> &'a Backend {
    let names: Vec<_> = table.backends().map(|backend| backend.name.to_string()).collect();
    let found = table.backends().find(|backend| backend.name.to_string() == name);
    found.unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

/// The endpoints of a backend, as `address:port`.
fn endpoints(table: &Snapshot, name: &str) -> Vec<String> {
    let endpoints = backend(table, name).endpoints.iter();
    endpoints.map(|endpoint| format!("{}:{}", endpoint.address, endpoint.port)).collect()
}

/// The table of the workloads of a gateway.
fn gateway(text: &str, namespace: &str, role: GatewayRole) -> Snapshot {
    let viewpoint = Viewpoint { gateway: role, ..workload(namespace, &[("istio", "door")]) };
    Snapshot::compile(&model(text), &viewpoint, None)
}

fn named(namespace: &str, name: &str) -> GatewayRole {
    GatewayRole::Named(GatewayName { namespace: namespace.into(), name: name.into() })
}

/// A Kubernetes Service `name.namespace`, with these ports as YAML.
fn service(name: &str, ports: &str) -> String {
    let (name, namespace) = name.split_once('.').expect("name.namespace");
    format!(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {{selector: {{app: {name}}}, ports: {ports}}}}}\n"
    )
}

/// The same with port 80.
fn plain(name: &str) -> String {
    service(name, "[{port: 80, name: http}]")
}

/// A document of Istio's networking group `namespace/name`, with its `spec` as YAML.
fn istio(kind: &str, name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: {kind}, \
         metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}\n"
    )
}

/// A VirtualService `namespace/name` that answers by itself, so that it shows.
fn answering(name: &str, hosts: &str) -> String {
    let route = name.replace('/', "-");
    istio(
        "VirtualService",
        name,
        &format!("{{hosts: {hosts}, http: [{{name: {route}, directResponse: {{status: 200}}}}]}}"),
    )
}

/// The MeshConfig with these fields, a line each.
fn config(mesh: &str) -> String {
    let mesh: String = mesh.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  meshNetworks: 'networks: {{}}'\n  mesh: |-\n{mesh}"
    )
}
