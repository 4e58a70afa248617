//! Clusters: what a DestinationRule says about connections, endpoints and failures.

use crate::world::Service;
use serde_json::{Map, Value, json};

/// The cluster of a service, without its name and its endpoints.
pub(super) fn of(service: &Service) -> Value {
    let policy = &service.policy;
    let pool = &policy["connectionPool"];
    let panic = policy["outlierDetection"]["minHealthPercent"].as_u64().unwrap_or(0);
    let mut cluster = json!({
        "connect_timeout": pool["tcp"]["connectTimeout"].as_str().unwrap_or("10s"),
        "lb_policy": policy["loadBalancer"]["simple"].as_str().unwrap_or("LEAST_REQUEST"),
        "common_lb_config": {"healthy_panic_threshold": {"value": panic}},
        "circuit_breakers": {"thresholds": [limits(policy)]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol(service),
        },
    });
    if policy["outlierDetection"].is_object() {
        cluster["outlier_detection"] = outliers(&policy["outlierDetection"]);
    }
    cluster
}

/// What nobody limits is not limited.
fn limits(policy: &Value) -> Value {
    let pool = &policy["connectionPool"];
    let limit =
        |written: &Value| json!(written.as_u64().filter(|limit| *limit > 0).unwrap_or(u32::MAX.into()));
    let mut limits = json!({
        "max_connections": limit(&pool["tcp"]["maxConnections"]),
        "max_pending_requests": limit(&pool["http"]["http1MaxPendingRequests"]),
        "max_requests": limit(&pool["http"]["http2MaxRequests"]),
        "max_retries": limit(&pool["http"]["maxRetries"]),
    });
    let budget = &policy["retryBudget"];
    if budget.is_object() {
        limits["retry_budget"] = json!({
            "budget_percent": {"value": budget["percent"].as_f64().unwrap_or(20.0)},
            "min_retry_concurrency": budget["minRetryConcurrency"].as_u64().unwrap_or(3),
        });
    }
    limits
}

fn protocol(service: &Service) -> Value {
    let version = if service.protocol == "http" { "http_protocol_options" } else { "http2_protocol_options" };
    let mut options = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {version: {}},
    });
    if let Some(most) = service.policy["connectionPool"]["http"]["maxRequestsPerConnection"].as_u64() {
        options["common_http_protocol_options"] = json!({"max_requests_per_connection": most});
    }
    options
}

fn outliers(written: &Value) -> Value {
    // Statistics of success are Envoy's own idea: no document asks for them.
    let mut detection = Map::from_iter([("enforcing_success_rate".to_owned(), json!(0))]);
    let rows = [
        ("consecutive5xxErrors", "consecutive_5xx", "enforcing_consecutive_5xx"),
        ("consecutiveGatewayErrors", "consecutive_gateway_failure", "enforcing_consecutive_gateway_failure"),
        (
            "consecutiveLocalOriginFailures",
            "consecutive_local_origin_failure",
            "enforcing_consecutive_local_origin_failure",
        ),
    ];
    for (from, to, enforcing) in rows {
        if let Some(row) = written[from].as_u64() {
            detection.extend((row > 0).then(|| (to.to_owned(), json!(row))));
            detection.insert(enforcing.to_owned(), json!(if row > 0 { 100 } else { 0 }));
        }
    }
    for (from, to) in [
        ("interval", "interval"),
        ("baseEjectionTime", "base_ejection_time"),
        ("maxEjectionPercent", "max_ejection_percent"),
        ("splitExternalLocalOriginErrors", "split_external_local_origin_errors"),
    ] {
        if !written[from].is_null() {
            detection.insert(to.to_owned(), written[from].clone());
        }
    }
    Value::Object(detection)
}
