//! Envoy's configuration.

use super::{
    World,
    policies::{ALIAS, NAMESPACE},
    rbac,
};
use crate::issuer::{Issuer, jwks};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tests::peers::{Member, Root};

const TLS: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";
const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters";
/// Where Envoy listens. The mesh has the same ports elsewhere, so that one policy can name them for both.
const ADDRESS: &str = "127.0.0.2";

/// One listener for each world.
pub(super) fn bootstrap(worlds: &[World], issuers: &[Issuer], root: &Root, app: SocketAddr) -> Value {
    let own = root.member("product");
    let listeners: Vec<Value> =
        worlds.iter().map(|world| listener(world, issuers, &context(root, &own))).collect();
    json!({
        "admin": {"address": address("127.0.0.1", 0)},
        "static_resources": {"listeners": listeners, "clusters": [cluster(app)]},
    })
}

/// The name of a world's listener.
pub(super) fn name(world: &World) -> String {
    format!("world-{}", world.number)
}

/// Whoever answers those who pass.
fn cluster(app: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": address(&app.ip().to_string(), app.port())}});
    json!({
        "name": "app",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": [endpoint]}]},
    })
}

/// Takes plain text, and mutual TLS of the mesh.
fn listener(world: &World, issuers: &[Issuer], context: &Value) -> Value {
    let manager = manager(world, issuers);
    let filters = json!([{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]);
    let kind = format!("{FILTERS}.listener.tls_inspector.v3.TlsInspector");
    json!({
        "name": name(world),
        "address": address(ADDRESS, world.port),
        "listener_filters": [{"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": kind}}],
        "filter_chains": [
            {
                "filter_chain_match": {"transport_protocol": "tls"},
                "filters": filters,
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
            },
            {"filter_chain_match": {"transport_protocol": "raw_buffer"}, "filters": filters},
        ],
    })
}

fn context(root: &Root, own: &Member) -> Value {
    let domain =
        |domain: &str| json!({"san_type": "URI", "matcher": {"prefix": format!("spiffe://{domain}/")}});
    json!({
        "@type": format!("{TLS}.DownstreamTlsContext"),
        "require_client_certificate": true,
        "common_tls_context": {
            "tls_certificates": [{
                "certificate_chain": {"inline_string": own.certificate},
                "private_key": {"inline_string": own.key()},
            }],
            "validation_context": {
                "trusted_ca": {"inline_string": root.pem()},
                "match_typed_subject_alt_names": [domain("cluster.local"), domain(ALIAS)],
            },
            "alpn_protocols": ["h2", "http/1.1"],
        },
    })
}

fn manager(world: &World, issuers: &[Issuer]) -> Value {
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "app", "timeout": "0s"}});
    let router =
        json!({"name": "router", "typed_config": {"@type": format!("{FILTERS}.http.router.v3.Router")}});
    let mut filters = vec![tokens(issuers)];
    filters.extend(rbac::filters(&world.policies));
    filters.push(router);
    json!({
        "@type": format!("{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name(world),
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": filters,
        "normalize_path": true,
        // The last that is told of is the client, as the mesh is told by a number of trusted proxies of 1.
        "use_remote_address": false,
        "xff_num_trusted_hops": 0,
    })
}

/// As istiod reads [`super::sides::tokens`]: a token has to be good, and none has to be there.
fn tokens(issuers: &[Issuer]) -> Value {
    let provider = |issuer: &Issuer| {
        json!({
            "issuer": issuer.name,
            "local_jwks": {"inline_string": jwks([&issuer.jwk])},
            "payload_in_metadata": "payload",
            "normalize_payload_in_metadata": {"space_delimited_claims": ["scope", "permission"]},
        })
    };
    let providers: serde_json::Map<String, Value> =
        issuers.iter().map(|issuer| (issuer.name.to_owned(), provider(issuer))).collect();
    let mut any: Vec<Value> = providers.keys().map(|name| json!({"provider_name": name})).collect();
    any.push(json!({"allow_missing": {}}));
    json!({
        "name": format!("tokens-of-{NAMESPACE}"),
        "typed_config": {
            "@type": format!("{FILTERS}.http.jwt_authn.v3.JwtAuthentication"),
            "providers": providers,
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": any}}}],
        },
    })
}

fn address(address: &str, port: u16) -> Value {
    json!({"socket_address": {"address": address, "port_value": port}})
}
