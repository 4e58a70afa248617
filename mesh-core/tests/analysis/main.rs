//! What is wrong between documents that are each right by themselves.

use mesh_core::{
    dialect::Setting,
    document::{Fault, Severity},
    source::Batch,
    watch::{Ledger, Standing, Status},
};
use std::sync::Arc;

mod asked_services;
mod authorization;
mod destinations;
mod entries;
mod gateways;
mod owners;
mod secrets;
mod services;
mod sidecars;
mod status;
mod subsets;
mod telemetries;
mod tokens;
mod unreachable;
mod workloads;

fn take(text: &str) -> Status {
    let batch = Arc::new(Batch::of("mesh.yaml".into(), text.as_bytes(), "shop"));
    let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.documents.iter().all(|document| document.standing == Standing::Serving), "{status:?}");
    status
}

/// What is told of these documents together; each by itself may be odd too.
fn faults(documents: &[&str]) -> Vec<Fault> {
    let faults = take(&documents.join("---\n")).faults;
    faults.into_iter().filter(|fault| fault.code.is_some()).collect()
}

/// The same as lines, after the codes.
fn told(documents: &[&str]) -> Vec<String> {
    let tell = |fault: &Fault| format!("{} {fault}", fault.code.unwrap_or_default());
    faults(documents).iter().map(tell).collect()
}

fn codes(documents: &[&str]) -> Vec<&'static str> {
    faults(documents).iter().filter_map(|fault| fault.code).collect()
}

fn severities(documents: &[&str]) -> Vec<Severity> {
    faults(documents).iter().map(|fault| fault.severity).collect()
}

/// A service with these ports, whose workloads carry its name as `app`.
fn service(name: &str, ports: &[u16]) -> String {
    let ports: Vec<_> = ports.iter().map(|port| format!("{{name: http-{port}, port: {port}}}")).collect();
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{}]}}\n",
        ports.join(", ")
    )
}

/// A workload of a service, of a version.
fn workload(service: &str, version: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: {service}-{version}}}\n\
         spec: {{address: 10.0.0.1, labels: {{app: {service}, version: {version}}}}}\n"
    )
}

/// A Pod; `labels` is the inside of a flow mapping.
fn pod(name: &str, labels: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n\
         spec: {{containers: [{{name: main, image: main, ports: [{{name: web, containerPort: 8080}}]}}]}}\n"
    )
}

/// A Deployment whose Pods have these labels; `labels` is the inside of a flow mapping.
fn deployment(name: &str, labels: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n\
         spec: {{replicas: 2, template: {{metadata: {{labels: {{{labels}}}}}, \
         spec: {{containers: [{{name: main, image: main}}]}}}}}}\n"
    )
}

/// A service outside the mesh.
fn entry(host: &str) -> String {
    let resolution = if host.starts_with('*') { "NONE" } else { "DNS" };
    format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: outside}}\n\
         spec: {{hosts: [\"{host}\"], ports: [{{number: 80, name: http, protocol: HTTP}}], \
         resolution: {resolution}}}\n"
    )
}

/// A VirtualService; `spec` is the inside of a flow mapping.
fn rules(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
    )
}

/// A VirtualService for `web` that sends everything to one destination.
fn to(destination: &str) -> String {
    rules("web", &format!("hosts: [web], http: [{{route: [{{destination: {{{destination}}}}}]}}]"))
}

fn subsets(host: &str, subsets: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: parts}}\n\
         spec: {{host: \"{host}\", subsets: [{subsets}]}}\n"
    )
}

/// A Gateway with one server; `selector` is the inside of a flow mapping.
fn gateway(name: &str, selector: &str, port: u16, host: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "apiVersion: networking.istio.io/v1\nkind: Gateway\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  selector: {{{selector}}}\n  servers:\n  \
         - {{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: [\"{host}\"]}}\n"
    )
}
