//! Virtual hosts: who answers for which host at a listener.

use super::{cluster_name, routes};
use crate::world::{NAMESPACE, Service, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Marks responses to requests that nobody's rules were for.
pub(crate) const PASSED: &str = "x-passed";

/// The virtual hosts of the listener that takes a service's calls to a port.
pub(crate) fn of_mesh(world: &World, port: u16) -> Vec<Value> {
    let mut domains = Domains::default();
    let mut ruled = BTreeSet::new();
    let here = |service: &&Service| service.ports.contains(&port);
    for virtual_service in world.virtual_services.iter().filter(|it| is_for_mesh(it)) {
        let routes = routes::of(world, virtual_service, port, "mesh");
        // As if it were not there: none of its routes is for this client and port.
        if routes.is_empty() {
            continue;
        }
        let mut others = Vec::new();
        for host in full_hosts(virtual_service) {
            let covered =
                || world.services.iter().filter(here).filter(|service| covers(&host, &service.host));
            if covered().next().is_none() {
                others.push(host);
                continue;
            }
            let is_owner =
                |service: &&Service| !host.starts_with('*') || owner(world, service) == Some(virtual_service);
            for service in covered().filter(is_owner) {
                if ruled.insert(service.host.clone()) {
                    domains.add(&service.host, names(service), routes.clone());
                }
            }
        }
        // Hosts that are no services have rules at one port alone.
        if port == 80 {
            others.into_iter().for_each(|host| domains.add(&host, vec![host.clone()], routes.clone()));
        }
    }
    for service in world.services.iter().filter(here).filter(|service| !ruled.contains(&service.host)) {
        let cluster = cluster_name(world, port, "", &service.host);
        let route = json!({"name": "default", "match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s", "retry_policy": routes::default_retries()}});
        domains.add(&service.host, names(service), vec![route]);
    }
    domains.virtual_hosts.push(for_others(world));
    domains.virtual_hosts
}

/// The virtual hosts of the gateways' listener.
pub(crate) fn of_gateways(world: &World, port: u16) -> Vec<Value> {
    // For each domain its routes, and whether its requests must be in TLS.
    let mut domains: BTreeMap<String, (Vec<Value>, bool)> = BTreeMap::new();
    for gateway in &world.gateways {
        let name = format!("{NAMESPACE}/{}", text(&gateway["metadata"]["name"]));
        for server in array(&gateway["spec"]["servers"]).filter(|server| server["port"]["number"] == port) {
            let redirects = server["tls"]["httpsRedirect"] == true;
            for virtual_service in world.virtual_services.iter().filter(|it| is_for(it, &name)) {
                let routes = routes::of(world, virtual_service, port, &name);
                let hosts = intersection(server, virtual_service);
                for host in hosts.into_iter().filter(|_| !routes.is_empty()) {
                    let (all, must_be_tls) = domains.entry(host).or_default();
                    all.extend(routes.iter().cloned());
                    *must_be_tls |= redirects;
                }
            }
            for host in array(&server["hosts"]).filter(|_| redirects) {
                domains.entry(text(host).to_owned()).or_default().1 = true;
            }
        }
    }
    domains
        .into_iter()
        .map(|(host, (routes, must_be_tls))| virtual_host(&host, routes, must_be_tls))
        .collect()
}

fn virtual_host(host: &str, routes: Vec<Value>, must_be_tls: bool) -> Value {
    let tls = if must_be_tls { "ALL" } else { "NONE" };
    let (last, first): (Vec<_>, Vec<_>) = routes.into_iter().partition(routes::is_catch_all);
    let routes = [first, last].concat();
    json!({"name": host, "domains": [host], "routes": routes, "require_tls": tls, "include_request_attempt_count": true, "include_is_timeout_retry_header": true})
}

/// The hosts that a server and a VirtualService have in common, each once.
fn intersection(server: &Value, virtual_service: &Value) -> BTreeSet<String> {
    let hosts = full_hosts(virtual_service);
    let narrow =
        |open: &Value| hosts.iter().filter_map(|host| narrower(text(open), host)).collect::<Vec<_>>();
    array(&server["hosts"]).flat_map(narrow).collect()
}

/// Virtual hosts whose domains are given away once.
#[derive(Default)]
struct Domains {
    taken: BTreeSet<String>,
    virtual_hosts: Vec<Value>,
}

impl Domains {
    fn add(&mut self, name: &str, mut domains: Vec<String>, routes: Vec<Value>) {
        domains.retain(|domain| self.taken.insert(domain.to_ascii_lowercase()));
        if !domains.is_empty() {
            self.virtual_hosts.push(json!({"name": name, "domains": domains, "routes": routes, "include_request_attempt_count": true, "include_is_timeout_retry_header": true}));
        }
    }
}

fn for_others(world: &World) -> Value {
    if world.refuses_unknown {
        let route =
            json!({"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}});
        return json!({"name": "block_all", "domains": ["*"], "routes": [route]});
    }
    let action = json!({"cluster": "PassthroughCluster", "timeout": "0s"});
    let mark = json!([{"header": {"key": PASSED, "value": "1"}}]);
    let route = json!({
        "name": "allow_any", "match": {"prefix": "/"}, "route": action, "response_headers_to_add": mark,
    });
    json!({"name": "allow_any", "domains": ["*"], "routes": [route], "include_request_attempt_count": true, "include_is_timeout_retry_header": true})
}

/// The names under which a client reaches a service; Istio adds a dot to the full one.
fn names(service: &Service) -> Vec<String> {
    service.names().chain([format!("{}.", service.host)]).collect()
}

/// Whose rules a service has: of the VirtualServices with the most specific host that covers it, the oldest one.
fn owner<'a>(world: &'a World, service: &Service) -> Option<&'a Value> {
    let mesh = world.virtual_services.iter().filter(|it| is_for_mesh(it));
    let claims = mesh.flat_map(|it| full_hosts(it).into_iter().map(move |host| (host, it)));
    let mut best: Option<(String, &Value)> = None;
    for (host, claimant) in claims.filter(|(host, _)| covers(host, &service.host)) {
        let is_better = best.as_ref().is_none_or(|(best, _)| is_more_specific(&host, best));
        if is_better {
            best = Some((host, claimant));
        }
    }
    best.map(|(_, claimant)| claimant)
}

fn is_more_specific(host: &str, other: &str) -> bool {
    let rank = |host: &str| (!host.starts_with('*'), host.len());
    rank(host) > rank(other)
}

/// The hosts of a VirtualService, short names made full.
fn full_hosts(virtual_service: &Value) -> Vec<String> {
    let namespace = text(&virtual_service["metadata"]["namespace"]);
    array(&virtual_service["spec"]["hosts"]).map(|host| routes::full_name(text(host), namespace)).collect()
}

fn is_for_mesh(virtual_service: &Value) -> bool {
    virtual_service["spec"]["gateways"].is_null() || is_for(virtual_service, "mesh")
}

fn is_for(virtual_service: &Value, gateway: &str) -> bool {
    array(&virtual_service["spec"]["gateways"]).any(|name| routes::gateway_name(text(name)) == gateway)
}

fn covers(pattern: &str, host: &str) -> bool {
    narrower(pattern, host).is_some_and(|narrower| narrower == host)
}

/// The narrower of two patterns of which one covers the other.
fn narrower(one: &str, other: &str) -> Option<String> {
    let covers = |wide: &str, narrow: &str| match wide.strip_prefix('*') {
        Some(suffix) => {
            let narrow = narrow.strip_prefix('*').unwrap_or(narrow);
            narrow.len() >= suffix.len() && narrow.ends_with(suffix)
        }
        None => wide == narrow,
    };
    let found = if covers(one, other) {
        other
    } else if covers(other, one) {
        one
    } else {
        return None;
    };
    Some(found.to_ascii_lowercase())
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
