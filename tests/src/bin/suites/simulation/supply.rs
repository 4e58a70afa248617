//! The services that a row names, and that its documents leave out: the simulation sends nothing, and needs none.

use crate::documents::{full_name, is_kind, list, name, namespace};
use serde_json::{Value, json};

/// A document for the service of each cluster that no document describes. It has the cluster's port and another one, so
/// that nothing goes to the right port for want of others.
pub(super) fn for_clusters(clusters: &[&str], documents: &[Value]) -> Vec<Value> {
    let mut supplied = Vec::new();
    for (host, port) in clusters.iter().filter_map(|cluster| parse(cluster)) {
        if !documents.iter().chain(&supplied).any(|document| describes(document, host)) {
            supplied.push(service(host, port));
        }
    }
    supplied
}

/// The host and port of `outbound|port|subset|host`.
fn parse(cluster: &str) -> Option<(&str, u16)> {
    let mut parts = cluster.strip_prefix("outbound|")?.split('|');
    let port = parts.next()?.parse().ok()?;
    parts.nth(1).map(|host| (host, port))
}

fn describes(document: &Value, host: &str) -> bool {
    if is_kind(document, "", "Service") {
        let full = full_name(name(document), namespace(document));
        return full == host || full.strip_suffix(".svc.cluster.local") == Some(host);
    }
    document["kind"] == "ServiceEntry" && list(&document["spec"], "hosts").iter().any(|own| *own == *host)
}

fn service(host: &str, port: u16) -> Value {
    let other = port.checked_add(1).unwrap_or(1);
    // The simulation leaves the cluster's domain away where its own world has none.
    match host.split_once('.') {
        Some((name, namespace)) if !namespace.contains('.') && namespace != "com" => {
            let ports = [port, other].map(|port| json!({"name": format!("http-{port}"), "port": port}));
            json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"ports": ports},
            })
        }
        _ => {
            let ports = [port, other]
                .map(|port| json!({"name": format!("http-{port}"), "number": port, "protocol": "HTTP"}));
            json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": "ServiceEntry",
                "metadata": {"name": host, "namespace": "default"},
                "spec": {"hosts": [host], "ports": ports, "resolution": "DNS"},
            })
        }
    }
}
