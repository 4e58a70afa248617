//! How many requests there may be.

use super::{
    case::{Case, Guard, call, get},
    config::GUARD,
};
use serde_json::{Value, json};
use tests::asked::{
    auth::pair,
    limits::{Limit, Said, Seconds, Status},
};

pub(super) fn cases() -> Vec<Case> {
    let exhausted = json!({"rate_limited_as_resource_exhausted": true});
    let told = json!({"enable_x_ratelimit_headers": "DRAFT_VERSION_03"});
    vec![
        local("one request too many", json!({}), ""),
        local("another status", json!({"status": {"code": 503}}), ", status: 503"),
        local("what is left is told", told, ", headers: true"),
        Case { asks: vec![call(); 3], ..local("a gRPC call too many", json!({}), "") },
        Case {
            asks: vec![call(); 3],
            ..local("a gRPC call too many is exhausted", exhausted, ", rateLimitedAsResourceExhausted: true")
        },
        local(
            "a limit that is only tried",
            json!({"filter_enforced": {"default_value": {"numerator": 0, "denominator": "HUNDRED"}}}),
            ", enforced: {value: 0}",
        ),
        global("a service says that there is room", said(1)),
        global("a service says no", said(2)),
        global("a service says no in its own words", Said { raw_body: b"wait".to_vec(), ..said(2) }),
        Case { asks: vec![call()], ..global("a service says no to a gRPC call", said(2)) },
    ]
}

fn percent(share: u32) -> Value {
    json!({"default_value": {"numerator": share, "denominator": "HUNDRED"}})
}

/// Two requests, and then one a minute.
fn local(name: &'static str, more: Value, written: &str) -> Case {
    let mut filter = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "limit",
        "token_bucket": {"max_tokens": 2, "tokens_per_fill": 1, "fill_interval": "60s"},
        "filter_enabled": percent(100),
        "filter_enforced": percent(100),
    });
    for (key, value) in more.as_object().expect("an object") {
        filter[key] = value.clone();
    }
    Case {
        name,
        filter: json!({"name": "envoy.filters.http.local_ratelimit", "typed_config": filter}),
        actions: json!([]),
        documents: document(&format!("{{local: {{maxTokens: 2, fillInterval: 60s}}{written}}}")),
        guard: Guard::None,
        asks: vec![get("/"); 3],
    }
}

fn said(code: i32) -> Said {
    let status = |requests, unit, name: &str, remaining, seconds| Status {
        code,
        limit: Some(Limit { requests, unit, name: name.into() }),
        remaining,
        reset: Some(Seconds { seconds }),
    };
    Said {
        overall_code: code,
        statuses: vec![status(10, 1, "per-ip", 4, 1), status(100, 2, "", 3, 30)],
        response_headers: vec![pair("x-said", "1"), pair("x-kept", "more")],
        request_headers: vec![pair("x-passes", "1")],
        raw_body: Vec::new(),
    }
}

fn global(name: &'static str, said: Said) -> Case {
    let filter = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
        "domain": "shop",
        "timeout": "10s",
        "failure_mode_deny": true,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "rate_limit_service": {
            "grpc_service": {"envoy_grpc": {"cluster_name": GUARD}},
            "transport_api_version": "V3",
        },
    });
    let of_user = json!({"request_headers": {"header_name": "x-user", "descriptor_key": "user"}});
    Case {
        name,
        filter: json!({"name": "envoy.filters.http.ratelimit", "typed_config": filter}),
        actions: json!([
            {"actions": [{"generic_key": {"descriptor_value": "all"}}]},
            {"actions": [of_user, {"generic_key": {"descriptor_value": "known", "descriptor_key": "who"}}]},
        ]),
        documents: document(
            "{global: {service: guard.default.svc.cluster.local, port: 80, domain: shop, timeout: 10s, \
             failOpen: false, descriptors: [[{value: all}], [{key: user, of: {header: x-user}}, \
             {key: who, value: known}]]}, headers: true}",
        ),
        guard: Guard::Limits(said),
        asks: vec![
            get("/"),
            super::case::Ask { headers: &[("x-user", "me"), ("x-user", "too")], ..get("/a") },
        ],
    }
}

fn document(rule: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: x}}\nspec: {{rules: [{rule}]}}\n"
    )
}
