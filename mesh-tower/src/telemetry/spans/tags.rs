//! The tags of spans: Envoy's, and Istio's own.

use crate::{
    event::{Destination, Exchange, Heads, Side, Traced},
    telemetry::{metrics::Own, protocol},
};
use http::{HeaderName, header::USER_AGENT};
use mesh_core::model::{Address, shown_target};
use std::{borrow::Cow, net::SocketAddr};

pub(super) type Tags = Vec<(Cow<'static, str>, String)>;

const DOWNSTREAM_CLUSTER: HeaderName = HeaderName::from_static("x-envoy-downstream-service-cluster");
const CLIENT_TRACE_ID: HeaderName = HeaderName::from_static("x-client-trace-id");
const ORIGINAL_PATH: HeaderName = HeaderName::from_static("x-envoy-original-path");
/// The codes with which gRPC calls fail by no fault of their caller's.
const FAILURES: [u16; 6] = [2, 4, 12, 13, 14, 15];

/// Whether a request failed: without an answer, with one of 5xx, or as a gRPC call.
pub(super) fn is_error(exchange: &Exchange) -> bool {
    let is_failure = exchange.is_grpc && exchange.grpc_status.is_some_and(|code| FAILURES.contains(&code));
    is_failure || exchange.status.is_none_or(|status| status.is_server_error())
}

/// What Envoy tells of a request, in its order. `longest` is how long the path may be.
pub(super) fn of(exchange: &Exchange, traced: &Traced, longest: usize) -> Tags {
    let mut tags = Tags::new();
    if let Some(id) = traced.request_id.as_ref().and_then(|id| id.to_str().ok()) {
        put(&mut tags, "guid:x-request-id", id);
    }
    if let Some(heads) = exchange.kept.heads.as_deref() {
        of_request(&mut tags, exchange, heads, longest);
    }
    if let Some(arrival) = &exchange.arrival {
        put(&mut tags, "peer.address", arrival.peer().ip());
    }
    put(&mut tags, "request_size", exchange.request_bytes);
    of_answer(&mut tags, exchange);
    put(&mut tags, "response_size", exchange.response_bytes);
    put(&mut tags, "component", "proxy");
    put(&mut tags, "response_flags", exchange.flags);
    of_upstream(&mut tags, exchange);
    tags
}

/// What Envoy tells of that which a gateway sends on.
pub(super) fn of_forwarded(exchange: &Exchange) -> Tags {
    let mut tags = Tags::new();
    of_answer(&mut tags, exchange);
    put(&mut tags, "component", "proxy");
    put(&mut tags, "http.protocol", protocol(exchange.version));
    put(&mut tags, "response_flags", exchange.flags);
    of_upstream(&mut tags, exchange);
    if let Some(to) = &exchange.destination {
        put(&mut tags, "peer.address", written(to));
    }
    tags
}

/// Istio's own.
pub(super) fn of_istio(tags: &mut Tags, own: &Own) {
    let workload = &own.workload;
    put(tags, "istio.canonical_revision", workload.canonical_revision());
    put(tags, "istio.canonical_service", workload.canonical_service());
    put(tags, "istio.cluster_id", workload.cluster());
    let domain = own.identity.current().map(|credentials| credentials.id.trust_domain().to_owned());
    put(tags, "istio.mesh_id", domain.as_deref().unwrap_or("cluster.local"));
    put(tags, "istio.namespace", workload.namespace());
}

fn of_request(tags: &mut Tags, exchange: &Exchange, heads: &Heads, longest: usize) {
    let header = |name: &HeaderName| heads.headers.get(name).and_then(|value| value.to_str().ok());
    put(tags, "http.url", url(exchange, heads, longest));
    put(tags, "http.method", &heads.method);
    put(tags, "downstream_cluster", header(&DOWNSTREAM_CLUSTER).unwrap_or("-"));
    put(tags, "user_agent", header(&USER_AGENT).unwrap_or("-"));
    put(tags, "http.protocol", protocol(exchange.version));
    if let Some(id) = header(&CLIENT_TRACE_ID) {
        put(tags, "guid:x-client-trace-id", id);
    }
    if exchange.is_grpc {
        put(tags, "grpc.path", heads.uri.path());
        put(tags, "grpc.authority", &exchange.authority);
    }
}

fn of_answer(tags: &mut Tags, exchange: &Exchange) {
    put(tags, "http.status_code", exchange.status.map_or(0, |status| status.as_u16()));
    if let Some(code) = exchange.grpc_status.filter(|_| exchange.is_grpc) {
        put(tags, "grpc.status_code", code);
    }
    if is_error(exchange) {
        put(tags, "error", "true");
    }
}

fn of_upstream(tags: &mut Tags, exchange: &Exchange) {
    let cluster = match (exchange.side, &exchange.backend) {
        (Side::Client, Some(backend)) => Some(backend.name.to_string()),
        (Side::Client, None) => exchange.destination.as_ref().map(|_| "PassthroughCluster".to_owned()),
        (Side::Server, _) => {
            exchange.arrival.as_ref().map(|arrival| format!("inbound|{}||", arrival.local().port()))
        }
    };
    if let Some(cluster) = cluster {
        put(tags, "upstream_cluster", &cluster);
        put(tags, "upstream_cluster.name", &cluster);
    }
    let address = match (exchange.side, &exchange.destination) {
        (Side::Client, Some(to)) => Some(written(to)),
        (Side::Client, None) => None,
        (Side::Server, _) => exchange.arrival.as_ref().map(|arrival| arrival.local().to_string()),
    };
    if let Some(address) = address {
        put(tags, "upstream_address", address);
    }
}

fn written(to: &Destination) -> String {
    match &to.address {
        Address::Ip(ip) => SocketAddr::new(*ip, to.port).to_string(),
        Address::Name(name) => format!("{name}:{}", to.port),
    }
}

/// The address that was asked for, its path as it came, but for secrets.
fn url(exchange: &Exchange, heads: &Heads, longest: usize) -> String {
    let original = heads.headers.get(ORIGINAL_PATH).and_then(|path| path.to_str().ok());
    let path = heads.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = shown_target(original.unwrap_or(path));
    let path = &path[..path.floor_char_boundary(longest)];
    let is_tls = exchange.arrival.as_ref().is_some_and(|arrival| arrival.is_tls());
    let scheme = heads.uri.scheme_str().unwrap_or(if is_tls { "https" } else { "http" });
    format!("{scheme}://{}{path}", exchange.authority)
}

fn put(tags: &mut Tags, name: &'static str, value: impl ToString) {
    tags.push((Cow::Borrowed(name), value.to_string()));
}
