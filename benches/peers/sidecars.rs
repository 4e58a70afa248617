//! What istiod tells a sidecar: the rules that the mesh has as documents, and what every sidecar has besides.

use crate::certificates::{CALLER, Files, PRODUCT, id};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

const TYPES: &str = "type.googleapis.com/envoy.extensions";
/// Istio's default format of the access log.
const LOG: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% \
                   %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \
                   \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
                   %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \
                   \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
                   %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% \
                   %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/// What is the same for both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// The folder with the certificates.
    pub(crate) world: &'a Path,
    /// Whether there is mutual TLS between the sidecars.
    pub(crate) is_mtls: bool,
    /// Whether every request is logged.
    pub(crate) is_logging: bool,
}

/// The sidecar of the caller, whose service has these addresses, all of the old version.
pub(crate) fn client_side(setup: &Setup<'_>, addresses: &[SocketAddr]) -> Value {
    let cluster = |subset: &str, addresses: &[SocketAddr]| {
        let mut cluster = cluster(&outbound(subset), addresses);
        cluster["circuit_breakers"] = json!({"thresholds": [{
            "max_connections": 1024, "max_pending_requests": 1024, "max_requests": 1024, "max_retries": u32::MAX,
        }]});
        cluster["outlier_detection"] = json!({
            "consecutive_5xx": 5, "enforcing_consecutive_5xx": 100, "enforcing_success_rate": 0,
            "max_ejection_percent": 50,
        });
        if setup.is_mtls {
            cluster["transport_socket"] = tls("UpstreamTlsContext", &upstream_tls(setup, subset));
        }
        cluster
    };
    let clusters = json!([cluster("old", addresses), cluster("new", addresses)]);
    let manager = manager(
        setup,
        "outbound",
        &json!([
            {"match": {"prefix": "/", "headers": [{"name": "x-group", "string_match": {"exact": "test"}}]},
             "route": forward(&json!({"cluster": outbound("new")}))},
            {"match": {"prefix": "/"},
             "route": forward(&json!({"weighted_clusters": {"clusters": [
                {"name": outbound("old"), "weight": 100}, {"name": outbound("new"), "weight": 0},
             ]}})),
             "typed_per_filter_config": {"envoy.filters.http.fault": {
                "@type": format!("{TYPES}.filters.http.fault.v3.HTTPFault"),
                "abort": {"http_status": 500, "percentage": {"numerator": 0, "denominator": "HUNDRED"}},
             }}},
        ]),
    );
    bootstrap(&json!([listener("outbound", &json!({"filters": [manager]}), &json!([]))]), &clusters)
}

/// The sidecar of the origin, which has a listener before each of its addresses.
pub(crate) fn server_side(setup: &Setup<'_>, addresses: &[SocketAddr]) -> Value {
    let name = |number: usize| format!("inbound-{number}");
    let clusters: Vec<Value> = addresses
        .iter()
        .enumerate()
        .map(|(number, address)| {
            let mut cluster = cluster(&name(number), &[*address]);
            let most = u32::MAX;
            cluster["circuit_breakers"] = json!({"thresholds": [{
                "max_connections": most, "max_pending_requests": most, "max_requests": most, "max_retries": most,
            }]});
            cluster
        })
        .collect();
    let listeners: Vec<Value> = (0..addresses.len())
        .map(|number| {
            let route = json!([{"match": {"prefix": "/"}, "route": {"cluster": name(number), "timeout": "0s"}}]);
            let mut manager = manager(setup, &name(number), &route);
            manager["typed_config"]["forward_client_cert_details"] = json!("APPEND_FORWARD");
            manager["typed_config"]["set_current_client_cert_details"] =
                json!({"subject": true, "dns": true, "uri": true});
            let mut chain = json!({"filters": [manager]});
            if setup.is_mtls {
                chain["filter_chain_match"] = json!({"transport_protocol": "tls"});
                chain["transport_socket"] = tls("DownstreamTlsContext", &downstream_tls(setup));
            }
            let inspector = format!("{TYPES}.filters.listener.tls_inspector.v3.TlsInspector");
            let inspector =
                json!([{"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": inspector}}]);
            listener(&name(number), &chain, &inspector)
        })
        .collect();
    bootstrap(&json!(listeners), &json!(clusters))
}

fn outbound(subset: &str) -> String {
    format!("outbound|80|{subset}|product.default.svc.cluster.local")
}

/// Istio's default retries, and the time of the rule.
fn forward(to: &Value) -> Value {
    let mut route = to.clone();
    route["timeout"] = json!("10s");
    route["retry_policy"] = json!({
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "retriable_status_codes": [503],
        "num_retries": 2,
        "host_selection_retry_max_attempts": "5",
        "retry_host_predicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": format!("{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
            },
        }],
    });
    route
}

fn cluster(name: &str, addresses: &[SocketAddr]) -> Value {
    let endpoints: Vec<Value> =
        addresses.iter().map(|at| json!({"endpoint": {"address": address(*at)}})).collect();
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": format!("{TYPES}.upstreams.http.v3.HttpProtocolOptions"),
            "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
        }},
    })
}

fn manager(setup: &Setup<'_>, name: &str, routes: &Value) -> Value {
    let filter = |name: &str, kind: &str| {
        let kind = format!("{TYPES}.filters.http.{kind}");
        json!({"name": format!("envoy.filters.http.{name}"), "typed_config": {"@type": kind}})
    };
    let log = json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": format!("{TYPES}.access_loggers.file.v3.FileAccessLog"),
            "path": "/dev/null",
            "log_format": {"text_format_source": {"inline_string": LOG}},
        },
    });
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": format!("{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": name,
            "route_config": {"name": name, "validate_clusters": false, "virtual_hosts": [
                {"name": "product", "domains": ["*"], "routes": routes},
            ]},
            "http_filters": [
                filter("fault", "fault.v3.HTTPFault"),
                filter("cors", "cors.v3.Cors"),
                filter("router", "router.v3.Router"),
            ],
            "access_log": if setup.is_logging { json!([log]) } else { json!([]) },
            "normalize_path": true,
            "stream_idle_timeout": "0s",
        },
    })
}

fn listener(name: &str, chain: &Value, inspectors: &Value) -> Value {
    let anywhere = address(SocketAddr::from(([127, 0, 0, 1], 0)));
    json!({"name": name, "address": anywhere, "listener_filters": inspectors, "filter_chains": [chain]})
}

fn tls(kind: &str, context: &Value) -> Value {
    let mut context = context.clone();
    context["@type"] = json!(format!("{TYPES}.transport_sockets.tls.v3.{kind}"));
    json!({"name": "envoy.transport_sockets.tls", "typed_config": context})
}

fn upstream_tls(setup: &Setup<'_>, subset: &str) -> Value {
    let who = json!({"exact": id(PRODUCT)});
    json!({
        "sni": format!("outbound_.80_.{subset}_.product.default.svc.cluster.local"),
        "common_tls_context": common_tls(&Files::of(setup.world, CALLER), &who),
    })
}

fn downstream_tls(setup: &Setup<'_>) -> Value {
    let who = json!({"prefix": "spiffe://cluster.local/"});
    json!({
        "require_client_certificate": true,
        "common_tls_context": common_tls(&Files::of(setup.world, PRODUCT), &who),
    })
}

fn common_tls(files: &Files, who: &Value) -> Value {
    let file = |path: &Path| json!({"filename": path.display().to_string()});
    json!({
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [
            {"certificate_chain": file(&files.chain()), "private_key": file(&files.key())},
        ],
        "validation_context": {
            "trusted_ca": file(&files.roots()),
            "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": who}],
        },
    })
}

fn bootstrap(listeners: &Value, clusters: &Value) -> Value {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    json!({
        "admin": {"address": address(anywhere)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

fn address(at: SocketAddr) -> Value {
    json!({"socket_address": {"address": at.ip().to_string(), "port_value": at.port()}})
}
