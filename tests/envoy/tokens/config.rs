//! What istiod makes of RequestAuthentications: Envoy's filter for tokens.
//!
//! Written from Istio's rules alone. It shares no code with the mesh, so that a mistake in one of them shows.

use super::World;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters";

/// One listener for each world.
pub(super) fn bootstrap(worlds: &[World], app: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": address(app)}});
    let cluster = json!({
        "name": "app",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    json!({
        "admin": {"address": address(SocketAddr::from(([127, 0, 0, 1], 0)))},
        "static_resources": {
            "listeners": worlds.iter().map(listener).collect::<Vec<_>>(),
            "clusters": [cluster],
        },
    })
}

/// The name of a world's listener.
pub(super) fn name(world: &World) -> String {
    format!("world-{}", world.number)
}

fn listener(world: &World) -> Value {
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "app", "timeout": "0s"}});
    let manager = json!({
        "@type": format!("{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name(world),
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "tokens", "typed_config": filter(world)},
            {"name": "router", "typed_config": {"@type": format!("{FILTERS}.http.router.v3.Router")}},
        ],
    });
    json!({
        "name": name(world),
        "address": address(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{
            "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        }],
    })
}

fn filter(world: &World) -> Value {
    let mut rules: Vec<&Value> = world
        .documents
        .iter()
        .flat_map(|document| document["spec"]["jwtRules"].as_array().into_iter().flatten())
        .collect();
    rules.sort_by_key(|rule| rule["issuer"].as_str());
    let names: Vec<String> = (0..rules.len()).map(|number| format!("origins-{number}")).collect();
    let providers: Map<String, Value> =
        names.iter().cloned().zip(rules.iter().map(|rule| provider(rule))).collect();
    json!({
        "@type": format!("{FILTERS}.http.jwt_authn.v3.JwtAuthentication"),
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": required(&names)}],
        "bypass_cors_preflight": true,
    })
}

/// One good token, or for each of the providers one that is good or none at all.
fn required(names: &[String]) -> Value {
    let named = |name: &String| json!({"provider_name": name});
    let any = |of: Vec<Value>| json!({"requires_any": {"requirements": of}});
    let or_none = |name: &String| any(vec![named(name), json!({"allow_missing": {}})]);
    match names {
        [name] => or_none(name),
        names => {
            let each: Vec<Value> = names.iter().map(or_none).collect();
            let each = json!({"requires_all": {"requirements": each}});
            any(names.iter().map(named).chain([each]).collect())
        }
    }
}

fn provider(rule: &Value) -> Value {
    let mut provider = json!({
        "issuer": rule["issuer"],
        "local_jwks": {"inline_string": rule["jwks"]},
        "forward": rule["forwardOriginalToken"].as_bool().unwrap_or(false),
        "payload_in_metadata": "payload",
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope", "permission"]},
    });
    for (written, own) in [
        ("audiences", "audiences"),
        ("outputPayloadToHeader", "forward_payload_header"),
        ("fromParams", "from_params"),
        ("fromCookies", "from_cookies"),
    ] {
        if !rule[written].is_null() {
            provider[own] = rule[written].clone();
        }
    }
    let renamed = |list: &Value, names: [(&str, &str); 2]| -> Vec<Value> {
        let one = |one: &Value| {
            let fields = names.iter().filter(|(from, _)| !one[*from].is_null());
            fields.map(|(from, to)| ((*to).to_owned(), one[*from].clone())).collect()
        };
        list.as_array().into_iter().flatten().map(one).collect()
    };
    provider["from_headers"] =
        json!(renamed(&rule["fromHeaders"], [("name", "name"), ("prefix", "value_prefix")]));
    provider["claim_to_headers"] =
        json!(renamed(&rule["outputClaimToHeaders"], [("header", "header_name"), ("claim", "claim_name")]));
    provider
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
