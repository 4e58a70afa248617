//! The facts about a request that expressions look at.

use crate::model::Labels;
use http::HeaderMap;
use std::time::Duration;

/// The facts about a request, by Envoy's names of attributes; what is `None` is not known, and nothing that asks for it
/// has a value.
///
/// Borrowed, and made where an expression is evaluated: it costs the copying of some pointers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// `request.*`
    pub request: RequestAttributes<'a>,
    /// `response.*`
    pub response: ResponseAttributes<'a>,
    /// `connection.*`
    pub connection: ConnectionAttributes<'a>,
    /// `upstream.*`
    pub upstream: UpstreamAttributes<'a>,
    /// `xds.*`
    pub route: RouteAttributes<'a>,
    /// `source.address`: the address at the other end of the connection, with its port.
    pub source_address: Option<&'a str>,
    /// `source.port`
    pub source_port: Option<u16>,
    /// `destination.address`: the workload's own address, or where a call goes, with its port.
    pub destination_address: Option<&'a str>,
    /// `destination.port`
    pub destination_port: Option<u16>,
    /// `filter_state.downstream_peer.*`: the workload that calls.
    pub caller: Option<PeerAttributes<'a>>,
    /// `filter_state.upstream_peer.*`: the workload that is called.
    pub called: Option<PeerAttributes<'a>>,
}

/// `request.*`
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestAttributes<'a> {
    /// `request.path`, with its query; `request.url_path` and `request.query` are parts of it.
    pub path: Option<&'a str>,
    /// `request.host`, with its port if the request names one.
    pub host: Option<&'a str>,
    /// `request.scheme`
    pub scheme: Option<&'a str>,
    /// `request.method`
    pub method: Option<&'a str>,
    /// `request.protocol`: `HTTP/1.1`, `HTTP/2`.
    pub protocol: Option<&'a str>,
    /// `request.headers`; `request.referer`, `request.useragent` and `request.id` are some of them.
    pub headers: Option<&'a HeaderMap>,
    /// `request.size`: the bytes of the body.
    pub size: Option<u64>,
    /// `request.total_size`: the bytes of the body and the headers.
    pub total_size: Option<u64>,
    /// `request.duration`: until the last byte of the answer.
    pub duration: Option<Duration>,
}

/// `response.*`
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseAttributes<'a> {
    /// `response.code`
    pub code: Option<u16>,
    /// `response.code_details`
    pub code_details: Option<&'a str>,
    /// `response.flags`: Envoy's bits of response flags.
    pub flags: Option<u64>,
    /// `response.grpc_status`
    pub grpc_status: Option<i32>,
    /// `response.headers`
    pub headers: Option<&'a HeaderMap>,
    /// `response.trailers`
    pub trailers: Option<&'a HeaderMap>,
    /// `response.size`: the bytes of the body.
    pub size: Option<u64>,
    /// `response.total_size`: the bytes of the body, the headers and the trailers.
    pub total_size: Option<u64>,
    /// `response.backend_latency`: between the last byte sent to whoever is called and the first that comes back.
    pub backend_latency: Option<Duration>,
}

/// `connection.*`
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionAttributes<'a> {
    /// `connection.id`
    pub id: Option<u64>,
    /// `connection.mtls`
    pub mtls: Option<bool>,
    /// `connection.requested_server_name`
    pub requested_server_name: Option<&'a str>,
    /// `connection.tls_version`: `TLSv1.3`.
    pub tls_version: Option<&'a str>,
    /// `connection.uri_san_local_certificate`
    pub own_identity: Option<&'a str>,
    /// `connection.uri_san_peer_certificate`
    pub peer_identity: Option<&'a str>,
    /// `connection.termination_details`
    pub termination_details: Option<&'a str>,
}

/// `upstream.*`
#[derive(Clone, Copy, Debug, Default)]
pub struct UpstreamAttributes<'a> {
    /// `upstream.address`, with its port.
    pub address: Option<&'a str>,
    /// `upstream.port`
    pub port: Option<u16>,
    /// `upstream.local_address`, with its port.
    pub local_address: Option<&'a str>,
    /// `upstream.tls_version`
    pub tls_version: Option<&'a str>,
    /// `upstream.uri_san_local_certificate`
    pub own_identity: Option<&'a str>,
    /// `upstream.uri_san_peer_certificate`
    pub peer_identity: Option<&'a str>,
    /// `upstream.transport_failure_reason`
    pub transport_failure_reason: Option<&'a str>,
    /// `upstream.request_attempt_count`
    pub attempts: Option<u32>,
}

/// `xds.*`
#[derive(Clone, Copy, Debug, Default)]
pub struct RouteAttributes<'a> {
    /// `xds.cluster_name`: `outbound|80|v1|product.shop.svc.cluster.local`.
    pub cluster_name: Option<&'a str>,
    /// `xds.route_name`
    pub route_name: Option<&'a str>,
    /// `xds.virtual_host_name`
    pub virtual_host_name: Option<&'a str>,
}

/// A workload at one end of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerAttributes<'a> {
    /// `workload`
    pub workload: Option<&'a str>,
    /// `namespace`
    pub namespace: Option<&'a str>,
    /// `cluster`
    pub cluster: Option<&'a str>,
    /// `name`: that of the instance.
    pub name: Option<&'a str>,
    /// `service`: the canonical one.
    pub service: Option<&'a str>,
    /// `revision`: the canonical one.
    pub revision: Option<&'a str>,
    /// `app`
    pub app: Option<&'a str>,
    /// `version`
    pub version: Option<&'a str>,
    /// `identity`: its SPIFFE id.
    pub identity: Option<&'a str>,
    /// `labels`
    pub labels: Option<&'a Labels>,
}
