//! Envoy as a server that asks for the mesh's mutual TLS, and as a client that speaks it, as istiod configures both.

use super::case::{Case, Shown};
use crate::istiod::NAME;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tests::workloads::{Mint, Minted};

const TLS: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";

/// One Envoy that serves every case.
pub(super) fn server(mint: &Mint, cases: &[Case]) -> Value {
    let listeners: Vec<Value> =
        cases.iter().enumerate().map(|(number, case)| served(mint, number, case)).collect();
    json!({"admin": admin(), "static_resources": {"listeners": listeners}})
}

/// One Envoy that calls the server of every case, where it listens.
pub(super) fn client(mint: &Mint, cases: &[Case], servers: &[SocketAddr]) -> Value {
    let clusters: Vec<Value> = cases
        .iter()
        .zip(servers)
        .enumerate()
        .map(|(number, (case, server))| called(mint, number, case, *server))
        .collect();
    let listener = |number| {
        let route = json!({"match": {"prefix": "/"}, "route": {"cluster": name(number)}});
        listener(number, route, None)
    };
    let listeners: Vec<Value> = (0..cases.len()).map(listener).collect();
    json!({"admin": admin(), "static_resources": {"listeners": listeners, "clusters": clusters}})
}

/// The name of a case's listener.
pub(super) fn name(number: usize) -> String {
    format!("case-{number}")
}

/// Answers with what it saw of the client.
fn served(mint: &Mint, number: usize, case: &Case) -> Value {
    let header = |name: &str, value: &str| json!({"header": {"key": name, "value": value}});
    let route = json!({
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "hello"}},
        "response_headers_to_add": [
            header("x-client", "%DOWNSTREAM_PEER_URI_SAN%"),
            header("x-server-name", "%REQUESTED_SERVER_NAME%"),
            header("x-protocol", "%PROTOCOL%"),
        ],
    });
    let mut validation = json!({
        "trusted_ca": inline(&mint.root_pem()),
        "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"prefix": "spiffe://cluster.local/"}}],
    });
    if let Some(revocations) = &case.revoked_clients {
        validation["crl"] = inline(revocations);
    }
    let context = json!({
        "@type": format!("{TLS}.DownstreamTlsContext"),
        "require_client_certificate": true,
        "common_tls_context": {
            "tls_certificates": [certificate(&case.server)],
            "validation_context": validation,
            "alpn_protocols": ["h2", "http/1.1"],
        },
    });
    listener(number, route, Some(context))
}

fn called(mint: &Mint, number: usize, case: &Case, server: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": address(server)}});
    let mut cluster = json!({
        "name": name(number),
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {"cluster_name": name(number), "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    if case.protocol == "http2" {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        });
    }
    let certificates = match &case.client {
        Shown::Plain => return cluster,
        Shown::Nothing => vec![],
        Shown::Certificate(minted) => vec![certificate(minted)],
    };
    let mut validation = json!({
        "trusted_ca": inline(&mint.root_pem()),
        "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"exact": Mint::id("upstream")}}],
    });
    if let Some(revocations) = &case.revoked_servers {
        validation["crl"] = inline(revocations);
    }
    let alpn = match case.protocol {
        "http2" => ["istio-h2", "istio", "h2"],
        _ => ["istio-http/1.1", "istio", "http/1.1"],
    };
    cluster["transport_socket"] = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": format!("{TLS}.UpstreamTlsContext"),
            "sni": super::server_name(number),
            "common_tls_context": {
                "tls_params": {
                    "tls_minimum_protocol_version": "TLSv1_2",
                    "tls_maximum_protocol_version": "TLSv1_3",
                },
                "tls_certificates": certificates,
                "validation_context": validation,
                "alpn_protocols": alpn,
            },
        },
    });
    cluster
}

fn listener(number: usize, route: Value, tls: Option<Value>) -> Value {
    let kind = "type.googleapis.com/envoy.extensions.filters";
    let line = format!("%REQ({NAME})% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n");
    let log = json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"text_format_source": {"inline_string": line}},
        },
    });
    let manager = json!({
        "@type": format!("{kind}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name(number),
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": format!("{kind}.http.router.v3.Router")},
        }],
        "access_log": [log],
    });
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    let mut chain = json!({"filters": [filter]});
    let mut inspectors = vec![];
    if let Some(context) = tls {
        chain["transport_socket"] = json!({"name": "envoy.transport_sockets.tls", "typed_config": context});
        // What is no TLS is for no chain.
        chain["filter_chain_match"] = json!({"transport_protocol": "tls"});
        let kind = format!("{kind}.listener.tls_inspector.v3.TlsInspector");
        let inspector =
            json!({"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": kind}});
        inspectors.push(inspector);
    }
    let anywhere = address(SocketAddr::from(([127, 0, 0, 1], 0)));
    json!({"name": name(number), "address": anywhere, "listener_filters": inspectors, "filter_chains": [chain]})
}

fn certificate(minted: &Minted) -> Value {
    json!({"certificate_chain": inline(&minted.certificate_pem()), "private_key": inline(&minted.key_pem())})
}

fn inline(text: &str) -> Value {
    json!({"inline_string": text})
}

fn admin() -> Value {
    json!({"address": address(SocketAddr::from(([127, 0, 0, 1], 0)))})
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
