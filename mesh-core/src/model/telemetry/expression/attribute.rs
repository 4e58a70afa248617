//! Envoy's names of the facts about a request.

use super::value::Value;
use crate::model::{Attributes, PeerAttributes};
use http::HeaderMap;

/// Gives a fact about a request, if it is known.
pub(super) type Get = for<'a> fn(&Attributes<'a>) -> Option<Value<'a>>;

/// The attribute of a name.
pub(super) fn named(path: &str) -> Option<Get> {
    if let Some(get) = find(ATTRIBUTES, path) {
        return Some(get);
    }
    // Older documents name the workloads at both ends without saying where they are kept.
    let path = path.strip_prefix("filter_state.").unwrap_or(path);
    match path.split_once('.')? {
        ("downstream_peer", field) => find(CALLER, field),
        ("upstream_peer", field) => find(CALLED, field),
        _ => None,
    }
}

fn find(table: &[(&str, Get)], name: &str) -> Option<Get> {
    table.iter().find(|(known, _)| *known == name).map(|(_, get)| *get)
}

const ATTRIBUTES: &[(&str, Get)] = &[
    ("request.path", |of| of.request.path.map(Value::text)),
    ("request.url_path", |of| of.request.path.map(|path| Value::text(split(path).0))),
    ("request.query", |of| of.request.path.map(|path| Value::text(split(path).1))),
    ("request.host", |of| of.request.host.map(Value::text)),
    ("request.scheme", |of| of.request.scheme.map(Value::text)),
    ("request.method", |of| of.request.method.map(Value::text)),
    ("request.protocol", |of| of.request.protocol.map(Value::text)),
    ("request.headers", |of| of.request.headers.map(Value::Headers)),
    ("request.referer", |of| header(of.request.headers, "referer")),
    ("request.useragent", |of| header(of.request.headers, "user-agent")),
    ("request.id", |of| header(of.request.headers, "x-request-id")),
    ("request.size", |of| of.request.size.map(Value::count)),
    ("request.total_size", |of| of.request.total_size.map(Value::count)),
    ("request.duration", |of| of.request.duration.map(Value::Duration)),
    ("response.code", |of| of.response.code.map(|code| Value::Int(code.into()))),
    ("response.code_details", |of| of.response.code_details.map(Value::text)),
    ("response.flags", |of| of.response.flags.map(Value::count)),
    ("response.grpc_status", |of| of.response.grpc_status.map(|status| Value::Int(status.into()))),
    ("response.headers", |of| of.response.headers.map(Value::Headers)),
    ("response.trailers", |of| of.response.trailers.map(Value::Headers)),
    ("response.size", |of| of.response.size.map(Value::count)),
    ("response.total_size", |of| of.response.total_size.map(Value::count)),
    ("response.backend_latency", |of| of.response.backend_latency.map(Value::Duration)),
    ("connection.id", |of| of.connection.id.map(Value::Uint)),
    ("connection.mtls", |of| of.connection.mtls.map(Value::Bool)),
    ("connection.requested_server_name", |of| of.connection.requested_server_name.map(Value::text)),
    ("connection.tls_version", |of| of.connection.tls_version.map(Value::text)),
    ("connection.uri_san_local_certificate", |of| of.connection.own_identity.map(Value::text)),
    ("connection.uri_san_peer_certificate", |of| of.connection.peer_identity.map(Value::text)),
    ("connection.termination_details", |of| of.connection.termination_details.map(Value::text)),
    ("upstream.address", |of| of.upstream.address.map(Value::text)),
    ("upstream.port", |of| port(of.upstream.port)),
    ("upstream.local_address", |of| of.upstream.local_address.map(Value::text)),
    ("upstream.tls_version", |of| of.upstream.tls_version.map(Value::text)),
    ("upstream.uri_san_local_certificate", |of| of.upstream.own_identity.map(Value::text)),
    ("upstream.uri_san_peer_certificate", |of| of.upstream.peer_identity.map(Value::text)),
    ("upstream.transport_failure_reason", |of| of.upstream.transport_failure_reason.map(Value::text)),
    ("upstream.request_attempt_count", |of| of.upstream.attempts.map(|count| Value::Uint(count.into()))),
    ("xds.cluster_name", |of| of.route.cluster_name.map(Value::text)),
    ("xds.route_name", |of| of.route.route_name.map(Value::text)),
    ("xds.virtual_host_name", |of| of.route.virtual_host_name.map(Value::text)),
    ("source.address", |of| of.source_address.map(Value::text)),
    ("source.port", |of| port(of.source_port)),
    ("destination.address", |of| of.destination_address.map(Value::text)),
    ("destination.port", |of| port(of.destination_port)),
];

const CALLER: &[(&str, Get)] = &[
    ("workload", |of| of.caller?.workload.map(Value::text)),
    ("namespace", |of| of.caller?.namespace.map(Value::text)),
    ("cluster", |of| of.caller?.cluster.map(Value::text)),
    ("name", |of| of.caller?.name.map(Value::text)),
    ("service", |of| of.caller?.service.map(Value::text)),
    ("revision", |of| of.caller?.revision.map(Value::text)),
    ("app", |of| of.caller?.app.map(Value::text)),
    ("version", |of| of.caller?.version.map(Value::text)),
    ("identity", |of| of.caller?.identity.map(Value::text)),
    ("labels", |of| labels(of.caller)),
];

const CALLED: &[(&str, Get)] = &[
    ("workload", |of| of.called?.workload.map(Value::text)),
    ("namespace", |of| of.called?.namespace.map(Value::text)),
    ("cluster", |of| of.called?.cluster.map(Value::text)),
    ("name", |of| of.called?.name.map(Value::text)),
    ("service", |of| of.called?.service.map(Value::text)),
    ("revision", |of| of.called?.revision.map(Value::text)),
    ("app", |of| of.called?.app.map(Value::text)),
    ("version", |of| of.called?.version.map(Value::text)),
    ("identity", |of| of.called?.identity.map(Value::text)),
    ("labels", |of| labels(of.called)),
];

fn labels(peer: Option<PeerAttributes<'_>>) -> Option<Value<'_>> {
    peer?.labels.map(Value::Labels)
}

fn port(port: Option<u16>) -> Option<Value<'static>> {
    port.map(|port| Value::Int(port.into()))
}

fn header<'a>(headers: Option<&'a HeaderMap>, name: &str) -> Option<Value<'a>> {
    Value::Headers(headers?).element(name)
}

/// The path and the query, which is empty when there is none.
fn split(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}
