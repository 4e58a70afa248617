//! Routes: one for each block of conditions.

use super::{LABELS, cluster_name, rules};
use crate::world::{NAMESPACE, World};
use serde_json::{Map, Value, json};

/// The routes of a VirtualService at a listener, up to the first that catches everything.
pub(crate) fn of(world: &World, virtual_service: &Value, port: u16, gateway: &str) -> Vec<Value> {
    let namespace = virtual_service["metadata"]["namespace"].as_str().unwrap_or(NAMESPACE);
    let mut routes = Vec::new();
    for rule in virtual_service["spec"]["http"].as_array().into_iter().flatten() {
        let whole = [Value::Null];
        let blocks = rule["match"].as_array().map_or(&whole[..], Vec::as_slice);
        for block in blocks.iter().filter(|block| is_here(block, port, gateway)) {
            let route = route(world, rule, block, port, namespace);
            let ends = is_catch_all(&route);
            routes.push(route);
            if ends {
                return routes;
            }
        }
    }
    routes
}

/// Whether a route leaves nothing to those after it.
pub(crate) fn is_catch_all(route: &Value) -> bool {
    let matching = &route["match"];
    let is_any_path = matching["prefix"] == "/" || matching["safe_regex"]["regex"] == ".*";
    is_any_path && matching["headers"] == json!([]) && matching["query_parameters"] == json!([])
}

/// A host's full name: short names belong to the namespace of the document.
pub(crate) fn full_name(host: &str, namespace: &str) -> String {
    if host.contains(['.', '*']) { host.to_owned() } else { format!("{host}.{namespace}.svc.cluster.local") }
}

/// A gateway's full name.
pub(crate) fn gateway_name(name: &str) -> String {
    if name == "mesh" || name.contains('/') { name.to_owned() } else { format!("{NAMESPACE}/{name}") }
}

/// What istiod settles itself: the listener, and who the client is.
fn is_here(block: &Value, port: u16, gateway: &str) -> bool {
    if !block["port"].is_null() && block["port"] != port {
        return false;
    }
    if let Some(gateways) = block["gateways"].as_array() {
        return gateways.iter().any(|name| gateway_name(name.as_str().unwrap_or_default()) == gateway);
    }
    let is_client =
        |(key, value): (&String, &Value)| LABELS.iter().any(|label| label.0 == key && label.1 == value);
    let has_labels = block["sourceLabels"].as_object().is_none_or(|labels| labels.iter().all(is_client));
    has_labels && (block["sourceNamespace"].is_null() || block["sourceNamespace"] == NAMESPACE)
}

fn route(world: &World, rule: &Value, block: &Value, port: u16, namespace: &str) -> Value {
    let mut route = Map::from_iter([("match".to_owned(), rules::matching(block))]);
    let authority = rules::header_operations(&rule["headers"], &mut route);
    if rule["redirect"].is_object() {
        route.insert("redirect".into(), rules::redirect(&rule["redirect"], port));
    } else if rule["directResponse"].is_object() {
        route.insert("direct_response".into(), rules::direct_response(&rule["directResponse"]));
    } else {
        let action = forward(world, rule, port, namespace, authority, &mut route);
        route.insert("route".into(), action);
    }
    let mut filters = Map::new();
    if rule["fault"].is_object() {
        filters.insert("envoy.filters.http.fault".into(), rules::fault(&rule["fault"]));
    }
    if rule["corsPolicy"].is_object() {
        filters.insert("envoy.filters.http.cors".into(), rules::cors(&rule["corsPolicy"]));
    }
    route.insert("typed_per_filter_config".into(), Value::Object(filters));
    Value::Object(route)
}

fn forward(
    world: &World,
    rule: &Value,
    port: u16,
    namespace: &str,
    authority: Option<String>,
    route: &mut Map<String, Value>,
) -> Value {
    let mut action = rules::rewrite(&rule["rewrite"]);
    let timeout = rule["timeout"].as_str().unwrap_or("0s");
    action.insert("timeout".into(), json!(timeout));
    action.insert("max_grpc_timeout".into(), json!(timeout));
    // No mirrors: the upstreams tell what they saw in answers, and those to copies are dropped.
    action.extend(retries(&rule["retries"]).map(|policy| ("retry_policy".to_owned(), policy)));
    if let Some(authority) = rule["rewrite"]["authority"].as_str().map(str::to_owned).or(authority) {
        action.insert("host_rewrite_literal".into(), json!(authority));
    }
    let destinations = rule["route"].as_array().map_or(&[][..], Vec::as_slice);
    if let [only] = destinations {
        action.insert("cluster".into(), json!(cluster(world, &only["destination"], port, namespace)));
        let authority = rules::header_operations(&only["headers"], route);
        if let Some(authority) = authority {
            action.entry("host_rewrite_literal").or_insert(json!(authority));
        }
        return Value::Object(action);
    }
    let weighted = destinations.iter().filter(|destination| destination["weight"] != 0);
    let clusters: Vec<Value> = weighted
        .map(|destination| {
            let name = cluster(world, &destination["destination"], port, namespace);
            let mut cluster = Map::from_iter([
                ("name".into(), json!(name)),
                ("weight".into(), destination["weight"].clone()),
            ]);
            let authority = rules::header_operations(&destination["headers"], &mut cluster);
            cluster.extend(authority.map(|authority| ("host_rewrite_literal".to_owned(), json!(authority))));
            Value::Object(cluster)
        })
        .collect();
    action.insert("weighted_clusters".into(), json!({"clusters": clusters}));
    Value::Object(action)
}

/// What is tried again where nobody says.
const TRIED_AGAIN: &str = "connect-failure,refused-stream,unavailable,cancelled";

/// The policy of a service that nobody wrote rules for.
pub(crate) fn default_retries() -> Value {
    retry_policy(TRIED_AGAIN, &json!(2))
}

fn retries(written: &Value) -> Option<Value> {
    if written.is_null() {
        return Some(default_retries());
    }
    let attempts = written["attempts"].as_u64().filter(|attempts| *attempts > 0)?;
    let mut policy = retry_policy(written["retryOn"].as_str().unwrap_or(TRIED_AGAIN), &json!(attempts));
    if let Some(base) = written["backoff"].as_str() {
        policy["retry_back_off"] = json!({"base_interval": base.replace("1ms", "0.001s")});
    }
    if let Some(limit) = written["perTryTimeout"].as_str() {
        policy["per_try_timeout"] = json!(limit);
    }
    if written["retryIgnorePreviousHosts"] == false {
        policy.as_object_mut().expect("a policy").remove("retry_host_predicate");
    }
    if written["retryRemoteLocalities"] == true {
        policy["retry_priority"] = json!({
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 2,
            },
        });
    }
    Some(policy)
}

/// Numbers are a list of their own, which is always asked for.
fn retry_policy(tokens: &str, attempts: &Value) -> Value {
    let (codes, mut words): (Vec<&str>, Vec<&str>) =
        tokens.split(',').partition(|token| token.parse::<u16>().is_ok());
    if !codes.is_empty() || tokens == TRIED_AGAIN {
        words.push("retriable-status-codes");
    }
    let codes: Vec<u16> = codes.iter().filter_map(|code| code.parse().ok()).collect();
    json!({
        "retry_on": words.join(","),
        "retriable_status_codes": codes,
        "num_retries": attempts,
        "retry_host_predicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            },
        }],
        "host_selection_retry_max_attempts": "5",
    })
}

/// The cluster of a destination: at the port it names, else at the service's only one, else at the listener's.
fn cluster(world: &World, destination: &Value, listener: u16, namespace: &str) -> String {
    let host = full_name(destination["host"].as_str().unwrap_or_default(), namespace);
    let ports = world.services.iter().find(|service| service.host == host).map(|service| &*service.ports);
    let named = destination["port"]["number"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = match (named, ports) {
        (Some(port), _) | (None, Some(&[port])) => port,
        (None, _) => listener,
    };
    cluster_name(world, port, destination["subset"].as_str().unwrap_or_default(), &host)
}
