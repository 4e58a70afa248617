//! Where HTTPRoutes apply: at listeners of Gateways, and to services of the mesh.

use super::{
    Cluster, GATEWAY_LABEL,
    rules::{self, Ranked},
};
use crate::documents::{full_name, is_kind, list, name, namespace, or, text};
use mesh_core::model::HostPattern;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The Gateways and VirtualServices that Gateways with their HTTPRoutes become.
pub(super) fn gateways(cluster: Cluster<'_>) -> Result<Vec<Value>, String> {
    let mut made = Vec::new();
    for gateway in cluster.of_kind("Gateway") {
        for (number, listener) in list(&gateway["spec"], "listeners").iter().enumerate() {
            let Some(server) = server(listener)? else { continue };
            // Short, for Istio takes no more than 63 letters for a reference to a Gateway.
            let own_name = format!("{}-{number}", name(gateway));
            made.push(json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": "Gateway",
                "metadata": {"name": own_name, "namespace": namespace(gateway)},
                "spec": {"selector": {GATEWAY_LABEL: name(gateway)}, "servers": [server]},
            }));
            made.extend(virtual_services(cluster, gateway, listener, &own_name)?);
        }
    }
    Ok(made)
}

/// The server of a listener; `None` when it is not for HTTP.
fn server(listener: &Value) -> Result<Option<Value>, String> {
    let protocol = text(listener, "protocol");
    let port = json!({"number": listener["port"], "name": listener["name"], "protocol": protocol});
    let hosts = json!([format!("*/{}", or(text(listener, "hostname"), "*"))]);
    match protocol {
        "HTTP" => Ok(Some(json!({"port": port, "hosts": hosts}))),
        "HTTPS" => {
            let [certificate] = list(&listener["tls"], "certificateRefs") else {
                return Err("a listener without one certificate".to_owned());
            };
            let tls = json!({"mode": "SIMPLE", "credentialName": certificate["name"]});
            Ok(Some(json!({"port": port, "hosts": hosts, "tls": tls})))
        }
        _ => Ok(None),
    }
}

/// One VirtualService for each host of a listener, whose Gateway is called `own_name`.
fn virtual_services(
    cluster: Cluster<'_>,
    gateway: &Value,
    listener: &Value,
    own_name: &str,
) -> Result<Vec<Value>, String> {
    let mut hosts: BTreeMap<String, Vec<Ranked>> = BTreeMap::new();
    let listeners = list(&gateway["spec"], "listeners");
    for route in cluster.of_kind("HTTPRoute") {
        let mut parents = list(&route["spec"], "parentRefs").iter();
        if !parents.any(|parent| is_at(parent, route, gateway, listener)) {
            continue;
        }
        if !is_allowed(cluster, route, gateway, &listener["allowedRoutes"]["namespaces"]) {
            continue;
        }
        let rules = rules::of(cluster, route, None)?;
        for host in shared_hosts(listener, route)? {
            if !listeners.iter().any(|other| takes(other, listener, &host)) {
                hosts.entry(host.to_string()).or_default().extend(rules.iter().cloned());
            }
        }
    }
    let service = |(number, (host, rules)): (usize, (String, Vec<Ranked>))| {
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": format!("{own_name}-{number}"), "namespace": namespace(gateway)},
            "spec": {"hosts": [host], "gateways": [own_name], "http": in_order(rules)},
        })
    };
    Ok(hosts.into_iter().enumerate().map(service).collect())
}

/// Whether a route's parent is this listener.
fn is_at(parent: &Value, route: &Value, gateway: &Value, listener: &Value) -> bool {
    let of = parent["namespace"].as_str().unwrap_or(namespace(route));
    parent["kind"].as_str().is_none_or(|kind| kind == "Gateway")
        && parent["name"] == name(gateway)
        && of == namespace(gateway)
        && (parent["sectionName"].is_null() || parent["sectionName"] == listener["name"])
        && (parent["port"].is_null() || parent["port"] == listener["port"])
}

/// Whether a listener lets in routes of a route's namespace.
fn is_allowed(cluster: Cluster<'_>, route: &Value, gateway: &Value, allowed: &Value) -> bool {
    match allowed["from"].as_str() {
        None | Some("Same") => namespace(route) == namespace(gateway),
        Some("All") => true,
        Some("Selector") => {
            let is_own =
                |document: &&Value| is_kind(document, "", "Namespace") && name(document) == namespace(route);
            let labels =
                cluster.documents.iter().find(is_own).map(|document| &document["metadata"]["labels"]);
            let wanted = allowed["selector"]["matchLabels"].as_object();
            labels.is_some_and(|labels| {
                wanted.into_iter().flatten().all(|(key, value)| labels[key.as_str()] == *value)
            })
        }
        Some(_) => false,
    }
}

/// The hosts that a listener and a route have in common.
fn shared_hosts(listener: &Value, route: &Value) -> Result<Vec<HostPattern>, String> {
    let parse = |text: &str| HostPattern::parse(text).map_err(|error| error.to_string());
    let own = parse(or(text(listener, "hostname"), "*"))?;
    let written = list(&route["spec"], "hostnames");
    if written.is_empty() {
        return Ok(vec![own]);
    }
    let mut shared = Vec::new();
    for host in written.iter().filter_map(Value::as_str) {
        let host = parse(host)?;
        let narrower = own.narrower(&host).filter(|narrower| !shared.contains(*narrower)).cloned();
        shared.extend(narrower);
    }
    Ok(shared)
}

/// Whether requests for a host come to another listener of the same port, since its hostname is more specific.
fn takes(other: &Value, listener: &Value, host: &HostPattern) -> bool {
    let pattern = |listener: &Value| HostPattern::parse(or(text(listener, "hostname"), "*")).ok();
    let (Some(own), Some(others)) = (pattern(listener), pattern(other)) else { return false };
    other["port"] == listener["port"] && own != others && own.covers(&others) && others.covers(host)
}

fn in_order(mut rules: Vec<Ranked>) -> Vec<Value> {
    rules.sort_by(|(a, _), (b, _)| a.cmp(b));
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// The VirtualServices that HTTPRoutes to services of the mesh become. Those of the client's own namespace come first;
/// the service's own namespace has rules for everybody.
pub(super) fn services(cluster: Cluster<'_>) -> Result<Vec<Value>, String> {
    let (mut producers, mut consumers) = (BTreeMap::new(), BTreeMap::new());
    for route in cluster.of_kind("HTTPRoute") {
        for parent in list(&route["spec"], "parentRefs") {
            if parent["kind"] != "Service" || parent["group"] != "" {
                continue;
            }
            let of = parent["namespace"].as_str().unwrap_or(namespace(route));
            if !cluster.has_service(text(parent, "name"), of) {
                continue;
            }
            let is_producer = of == namespace(route);
            let rules = rules::of(cluster, route, parent["port"].as_u64())?;
            let group = if is_producer { &mut producers } else { &mut consumers };
            let key = (full_name(text(parent, "name"), of), namespace(route));
            group.entry(key).or_insert_with(Vec::new).extend(rules);
        }
    }
    let groups = consumers
        .into_iter()
        .map(|group| (group, "."))
        .chain(producers.into_iter().map(|group| (group, "*")));
    let service = |(((host, of), rules), export): (((String, &str), Vec<Ranked>), &str)| {
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": host, "namespace": of},
            "spec": {"hosts": [host], "exportTo": [export], "http": in_order(rules)},
        })
    };
    Ok(groups.map(service).collect())
}
