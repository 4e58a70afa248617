//! What expressions of documents ask of a request.

use super::metrics::Own;
use crate::event::{Exchange, Heads, Side, Workload};
use mesh_core::model::{
    Attributes, ConnectionAttributes, PeerAttributes, RequestAttributes, ResponseAttributes, RouteAttributes,
    UpstreamAttributes,
};

/// Texts that a request does not have as they are asked for.
#[derive(Default)]
pub(super) struct Texts {
    peer: Option<String>,
    local: Option<String>,
    upstream: Option<String>,
    cluster: Option<String>,
    own: Option<String>,
}

impl Texts {
    pub(super) fn of(exchange: &Exchange, own: &Own) -> Self {
        let arrival = exchange.arrival.as_ref();
        let destination = exchange.destination.as_ref();
        Self {
            peer: arrival.map(|arrival| arrival.peer().to_string()),
            local: arrival.map(|arrival| arrival.local().to_string()),
            upstream: destination.map(|to| format!("{}:{}", to.address, to.port)),
            cluster: exchange.backend.as_ref().map(|backend| backend.name.to_string()),
            own: own.principal(),
        }
    }
}

/// What is known of a request that has ended.
pub(super) fn of<'a>(exchange: &'a Exchange, own: &'a Own, texts: &'a Texts) -> Attributes<'a> {
    let heads = exchange.kept.heads.as_deref();
    let theirs = super::metrics::principal(exchange).map(|id| id.as_str());
    let mine = texts.own.as_deref();
    let (own, peer) = (peer(&own.workload, mine), exchange.peer.as_deref().map(|told| peer(told, theirs)));
    let (caller, called) = match exchange.side {
        Side::Client => (Some(own), peer),
        Side::Server => (peer, Some(own)),
    };
    let arrival = exchange.arrival.as_ref();
    let destination = match exchange.side {
        Side::Client => texts.upstream.as_deref(),
        Side::Server => texts.local.as_deref(),
    };
    let port = match exchange.side {
        Side::Client => exchange.destination.as_ref().map(|to| to.port),
        Side::Server => arrival.map(|arrival| arrival.local().port()),
    };
    Attributes {
        request: request(exchange, heads),
        response: response(exchange, heads),
        connection: ConnectionAttributes {
            mtls: arrival.map(|arrival| arrival.identity().is_some()),
            requested_server_name: arrival.and_then(|arrival| arrival.server_name()),
            own_identity: mine.filter(|_| arrival.is_some_and(|arrival| arrival.identity().is_some())),
            peer_identity: arrival
                .and_then(|arrival| arrival.identity())
                .map(|identity| identity.id.as_str()),
            ..ConnectionAttributes::default()
        },
        upstream: UpstreamAttributes {
            address: texts.upstream.as_deref(),
            port: exchange.destination.as_ref().map(|to| to.port),
            own_identity: mine.filter(|_| exchange.side == Side::Client && theirs.is_some()),
            peer_identity: theirs.filter(|_| exchange.side == Side::Client),
            attempts: Some(exchange.tries),
            ..UpstreamAttributes::default()
        },
        route: RouteAttributes {
            cluster_name: texts.cluster.as_deref(),
            route_name: exchange.rule().map(|rule| &*rule.name),
            virtual_host_name: None,
        },
        source_address: texts.peer.as_deref(),
        source_port: arrival.map(|arrival| arrival.peer().port()),
        destination_address: destination,
        destination_port: port,
        caller,
        called,
    }
}

fn request<'a>(exchange: &'a Exchange, heads: Option<&'a Heads>) -> RequestAttributes<'a> {
    RequestAttributes {
        path: heads.and_then(|heads| heads.uri.path_and_query()).map(|path| path.as_str()),
        host: Some(exchange.authority.as_str()).filter(|host| !host.is_empty()),
        scheme: heads.and_then(|heads| heads.uri.scheme_str()),
        method: heads.map(|heads| heads.method.as_str()),
        protocol: (!exchange.is_connection).then(|| super::protocol(exchange.version)),
        headers: heads.map(|heads| &heads.headers),
        size: Some(exchange.request_bytes),
        total_size: Some(exchange.request_bytes + exchange.request_head_bytes),
        duration: Some(exchange.lasted),
    }
}

fn response<'a>(exchange: &'a Exchange, heads: Option<&'a Heads>) -> ResponseAttributes<'a> {
    ResponseAttributes {
        code: exchange.status.map(|status| status.as_u16()),
        code_details: Some(&*exchange.details).filter(|details| !details.is_empty()),
        flags: Some(exchange.flags.bits().into()),
        grpc_status: exchange.grpc_status.map(i32::from),
        headers: heads.map(|heads| &heads.answer),
        trailers: None,
        size: Some(exchange.response_bytes),
        total_size: Some(exchange.response_bytes + exchange.response_head_bytes),
        backend_latency: None,
    }
}

fn peer<'a>(workload: &'a Workload, identity: Option<&'a str>) -> PeerAttributes<'a> {
    PeerAttributes {
        workload: Some(workload.name()),
        namespace: Some(workload.namespace()),
        cluster: Some(workload.cluster()),
        name: Some(&*workload.instance).filter(|name| !name.is_empty()),
        service: Some(workload.canonical_service()),
        revision: Some(workload.canonical_revision()),
        app: Some(workload.app()),
        version: Some(workload.version()),
        identity,
        labels: Some(&workload.labels),
    }
}
