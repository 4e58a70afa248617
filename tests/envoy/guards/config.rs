//! Envoy's configuration.

use super::{case::Case, sides::Guards};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Stands, in a filter, for the cluster of the case's guard.
pub(super) const GUARD: &str = "guard";

/// One listener for each case.
pub(super) fn bootstrap<'a>(app: SocketAddr, cases: impl Iterator<Item = (&'a Case, &'a Guards)>) -> Value {
    let mut clusters = vec![cluster("app", app, false)];
    let mut listeners = Vec::new();
    for (case, guards) in cases {
        if let Some(address) = guards.address() {
            clusters.push(cluster(&guard_of(case), address, guards.speaks_grpc()));
        }
        listeners.push(listener(case));
    }
    json!({
        "admin": {"address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0)))},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

/// Without spaces: Envoy calls services of gRPC by the name of their cluster.
fn guard_of(case: &Case) -> String {
    format!("{GUARD}-of-{}", case.name.replace(' ', "-"))
}

fn cluster(name: &str, address: SocketAddr, is_http2: bool) -> Value {
    let endpoint = json!({"endpoint": {"address": socket_address(address)}});
    let mut cluster = json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    if is_http2 {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        });
    }
    cluster
}

fn listener(case: &Case) -> Value {
    let filter = case.filter.to_string().replace(&format!("\"{GUARD}\""), &json!(guard_of(case)).to_string());
    let filter: Value = serde_json::from_str(&filter).expect("what was JSON before");
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    let route = json!({
        "match": {"prefix": "/"},
        "route": {"cluster": "app", "timeout": "0s", "rate_limits": case.actions},
    });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "guarded",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [filter, router],
        "stream_idle_timeout": "0s",
    });
    json!({
        "name": case.name,
        "address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{
            "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        }],
    })
}

fn socket_address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
