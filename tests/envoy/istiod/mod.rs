//! What istiod makes of a world: Envoy's configuration.
//!
//! Written from Istio's rules alone. It shares no code with the mesh, so that a mistake in one of them shows.

mod hosts;
mod policies;
mod routes;
mod rules;

pub(crate) use hosts::PASSED;

use crate::world::{EMPTY_SUBSET, HOME, PORTS, Service, Version, World};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The labels of the workload that Envoy stands beside, which is a client and a gateway.
pub(crate) const LABELS: [(&str, &str); 2] = [("app", "client"), ("istio", "ingressgateway")];

/// Names a request in Envoy's log.
pub(crate) const NAME: &str = "x-name";

/// Where requests come in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    /// In a service of the mesh that calls a port.
    Mesh(u16),
    /// At a port of the gateways.
    Gateway(u16),
}

/// The name of a listener of Envoy's.
pub(crate) fn listener_name(world: usize, door: &Door) -> String {
    match door {
        Door::Mesh(port) => format!("world-{world}-mesh-{port}"),
        Door::Gateway(port) => format!("world-{world}-gateway-{port}"),
    }
}

/// The doors of every world.
pub(crate) fn doors() -> impl Iterator<Item = Door> {
    PORTS.into_iter().flat_map(|port| [Door::Mesh(port), Door::Gateway(port)])
}

/// The whole configuration of one Envoy for many worlds.
pub(crate) fn bootstrap(worlds: &[World]) -> Value {
    let mut clusters = vec![passthrough()];
    let mut listeners = Vec::new();
    for world in worlds {
        clusters.extend(world.services.iter().flat_map(|service| clusters_of(world, service)));
        listeners.extend(doors().map(|door| listener(world, &door)));
    }
    json!({
        "admin": {"address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0)))},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

/// The name of a service's cluster; worlds of the same names share one Envoy.
fn cluster_name(world: &World, port: u16, subset: &str, host: &str) -> String {
    format!("world-{}|outbound|{port}|{subset}|{host}", world.number)
}

/// A cluster for each port and subset of a service, and one for each port and all of its instances.
fn clusters_of(world: &World, service: &Service) -> Vec<Value> {
    let versions = service.versions.iter().map(|version| &*version.name);
    let subsets: Vec<&str> = versions.chain(["", EMPTY_SUBSET]).collect();
    let each_port = |port: &u16| {
        let port = *port;
        subsets
            .iter()
            .map(move |subset| {
                let selected =
                    service.versions.iter().filter(|version| subset.is_empty() || version.name == *subset);
                let endpoint = |version: &Version| {
                    json!({"endpoint": {"address": socket_address(version.addresses[&port])}})
                };
                let (far, near): (Vec<_>, Vec<_>) =
                    selected.partition(|version| version.place.is_some_and(|place| place != HOME));
                let mut levels = vec![near, far];
                levels.retain(|level| !level.is_empty());
                let endpoints = levels.iter().enumerate().map(|(priority, level)| {
                    let endpoints: Vec<Value> = level.iter().map(|version| endpoint(version)).collect();
                    json!({"priority": priority, "lb_endpoints": endpoints})
                });
                let endpoints: Vec<Value> = endpoints.collect();
                let name = cluster_name(world, port, subset, &service.host);
                let mut cluster = policies::of(service);
                cluster["type"] = json!("STATIC");
                cluster["load_assignment"] =
                    json!({"cluster_name": name, "endpoints": endpoints});
                cluster["name"] = json!(name);
                cluster
            })
            .collect::<Vec<_>>()
    };
    service.ports.iter().flat_map(each_port).collect()
}

/// Requests to hosts that nobody described go where their address says.
///
/// istiod has the address of the connection, which iptables took from the client. Here nobody takes connections, and the
/// Host header of such requests is the address.
fn passthrough() -> Value {
    json!({
        "name": "PassthroughCluster",
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "10s",
        "original_dst_lb_config": {"use_http_header": true, "http_header_name": ":authority"},
    })
}

fn listener(world: &World, door: &Door) -> Value {
    let name = listener_name(world.number, door);
    let filter = |name: &str, kind: &str| {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.http.{kind}");
        json!({"name": format!("envoy.filters.http.{name}"), "typed_config": {"@type": kind}})
    };
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": route_config(world, door),
        "http_filters": [
            filter("fault", "fault.v3.HTTPFault"),
            filter("cors", "cors.v3.Cors"),
            filter("router", "router.v3.Router"),
        ],
        "access_log": [access_log()],
        "use_remote_address": matches!(door, Door::Gateway(_)),
        // Who calls through a proxy of its own is trusted.
        "internal_address_config": {"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]},
        "normalize_path": true,
        "stream_idle_timeout": "0s",
    });
    json!({
        "name": name,
        "address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{
            "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        }],
    })
}

/// A line for each request, which begins with its name if it has one.
fn access_log() -> Value {
    let line = format!("%REQ({NAME})% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n");
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"text_format_source": {"inline_string": line}},
        },
    })
}

fn route_config(world: &World, door: &Door) -> Value {
    let virtual_hosts = match door {
        Door::Mesh(port) => hosts::of_mesh(world, *port),
        Door::Gateway(port) => hosts::of_gateways(world, *port),
    };
    json!({
        "virtual_hosts": virtual_hosts,
        "validate_clusters": false,
        "ignore_port_in_host_matching": true,
        "max_direct_response_body_size_bytes": 1 << 20,
    })
}

fn socket_address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
