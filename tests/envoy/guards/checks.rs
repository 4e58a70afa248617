//! Whether requests may pass, by those whom others ask.

use super::{
    case::{Ask, Case, Guard, call, get},
    config::GUARD,
};
use http::Method;
use serde_json::{Value, json};
use tests::asked::auth::{Allowed, CheckResponse, Code, Denied, header, older, pair};

pub(super) fn cases() -> Vec<Case> {
    [over_http(), denials(), bodies(), by_grpc()].into_iter().flatten().collect()
}

/// A request with much to tell.
const RICH: Ask = Ask {
    method: Method::PUT,
    path: "/a/b?c=d",
    headers: &[
        ("authorization", "Bearer x"),
        ("cookie", "a=1"),
        ("x-ext-a", "1"),
        ("x-ext-a", "2"),
        ("x-ext-c", "theirs"),
        ("x-user", "somebody else"),
        ("x-old", "1"),
        ("x-envoy-auth-partial-body", "true"),
    ],
    body: "",
};

fn over_http() -> Vec<Case> {
    let told = json!({
        "http_service": {
            "path_prefix": "/check",
            "authorization_request": {"headers_to_add": [
                {"key": "x-by", "value": "mesh"}, {"key": "x-ext-c", "value": "fixed"},
            ]},
            "authorization_response": {
                "allowed_upstream_headers": names(&["x-user"]),
                "allowed_client_headers_on_success": names(&["x-trace", "x-kept"]),
            },
        },
        "allowed_headers": {"patterns": [{"exact": "cookie", "ignore_case": true}, {"prefix": "x-ext-", "ignore_case": true}]},
    });
    let written = "pathPrefix: /check, includeRequestHeadersInCheck: [cookie, x-ext-*], \
                   includeAdditionalHeadersInCheck: {x-by: mesh, x-ext-c: fixed}, headersToUpstreamOnAllow: [x-user], \
                   headersToDownstreamOnAllow: [x-trace, x-kept]";
    let says = &[
        ("x-user", "me"),
        ("x-trace", "t"),
        ("x-kept", "too"),
        ("x-other", "1"),
        ("x-envoy-auth-headers-to-remove", "authorization, x-old"),
    ];
    let open = json!({"failure_mode_allow": true});
    vec![
        Case {
            asks: vec![get("/"), RICH],
            ..http("a service says yes", json!({}), "", Guard::Http(200, &[], ""))
        },
        Case {
            asks: vec![RICH],
            ..http("a service says yes and more", told, written, Guard::Http(200, says, "ignored"))
        },
        http(
            "a service says no without a word",
            json!({}),
            "",
            Guard::Http(401, &[("content-type", "text/html")], ""),
        ),
        http("a service says 204", json!({}), "", Guard::Http(204, &[], "")),
        http("a service fails", json!({}), "", Guard::Http(500, &[], "broken")),
        http(
            "a service fails, with a status",
            json!({"status_on_error": {"code": 503}}),
            "statusOnError: '503'",
            Guard::Http(503, &[], ""),
        ),
        http("a service fails, and is done without", open, "failOpen: true", Guard::Http(500, &[], "broken")),
    ]
}

/// Denials, as clients get them.
fn denials() -> Vec<Case> {
    let few =
        json!({"http_service": {"authorization_response": {"allowed_client_headers": names(&["x-a"])}}});
    let denial = Guard::Http(
        302,
        &[
            ("location", "/login"),
            ("content-type", "text/html"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-a", "1"),
        ],
        "<a>log in</a>",
    );
    vec![
        http("a service sends its clients elsewhere", json!({}), "", denial.clone()),
        http(
            "a service sends its clients elsewhere in few words",
            few,
            "headersToDownstreamOnDeny: [x-a]",
            denial.clone(),
        ),
        Case { asks: vec![call()], ..http("a gRPC client is sent elsewhere", json!({}), "", denial.clone()) },
        Case {
            asks: vec![Ask { method: Method::HEAD, ..get("/") }],
            ..http("a HEAD is sent elsewhere", json!({}), "", denial)
        },
    ]
}

fn bodies() -> Vec<Case> {
    let sent = |body| Ask { method: Method::POST, body, ..get("/") };
    let rules = |partial: bool, bytes: bool| {
        let filter = json!({"with_request_body": {"max_request_bytes": 6, "allow_partial_message": partial, "pack_as_bytes": bytes}});
        let written = format!(
            "includeRequestBodyInCheck: {{maxRequestBytes: 6, allowPartialMessage: {partial}, packAsBytes: {bytes}}}"
        );
        (filter, written)
    };
    let yes = || Guard::Http(200, &[], "");
    let (whole, whole_written) = rules(false, false);
    let (partial, partial_written) = rules(true, false);
    let (bytes, bytes_written) = rules(false, true);
    let may_pass = || Guard::Auth(allowed(Allowed::default()));
    vec![
        Case {
            asks: vec![get("/"), sent("abcde"), sent("abcdefg")],
            ..http("a service is told of bodies", whole.clone(), &whole_written, yes())
        },
        Case {
            asks: vec![sent("abcde"), sent("abcdefghi")],
            ..http("a service is told of their beginning", partial, &partial_written, yes())
        },
        Case {
            asks: vec![sent("abc")],
            ..grpc("a service of gRPC is told of bodies", whole, &whole_written, may_pass())
        },
        Case {
            asks: vec![sent("abc")],
            ..grpc("a service of gRPC is told of bodies as bytes", bytes, &bytes_written, may_pass())
        },
    ]
}

fn by_grpc() -> Vec<Case> {
    let changes = Allowed {
        headers: vec![
            older("x-user", "set", false),
            older("x-ext-a", "3", true),
            older("x-not-there", "1", true),
            header("x-old", "2", 0),
            header("x-ext-c", "kept", 1),
            header("x-new", "1", 1),
            header("cookie", "b=2", 2),
            header("x-none", "1", 3),
        ],
        remove: vec!["authorization".into(), "host".into(), ":path".into()],
        response_headers: vec![
            header("x-told", "1", 2),
            header("x-kept", "too", 0),
            older("x-multi", "one", false),
        ],
        query: vec![pair("e", "f")],
        remove_query: vec!["c".into()],
    };
    let denied = |denied| Guard::Auth(CheckResponse { status: Some(Code { code: 7 }), denied, ok: None });
    let words = Denied {
        status: Some(Code { code: 429 }),
        headers: vec![
            header("x-why", "late", 0),
            header("x-why", "very", 0),
            header("content-type", "text/html", 2),
        ],
        body: "<b>late</b>".into(),
    };
    vec![
        Case {
            asks: vec![get("/"), RICH],
            ..grpc("a service of gRPC says yes", json!({}), "", Guard::Auth(allowed(Allowed::default())))
        },
        Case {
            asks: vec![RICH],
            ..grpc("a service of gRPC says yes and more", json!({}), "", Guard::Auth(allowed(changes)))
        },
        grpc("a service of gRPC says nothing", json!({}), "", Guard::Auth(CheckResponse::default())),
        grpc("a service of gRPC says no", json!({}), "", denied(None)),
        grpc("a service of gRPC says no in its own words", json!({}), "", denied(Some(words.clone()))),
        Case {
            asks: vec![call()],
            ..grpc("a service of gRPC says no to a call", json!({}), "", denied(Some(words)))
        },
    ]
}

fn allowed(ok: Allowed) -> CheckResponse {
    CheckResponse { status: Some(Code { code: 0 }), denied: None, ok: Some(ok) }
}

fn names(names: &[&str]) -> Value {
    let patterns: Vec<_> = names.iter().map(|name| json!({"exact": name, "ignore_case": true})).collect();
    json!({"patterns": patterns})
}

fn http(name: &'static str, more: Value, written: &str, guard: Guard) -> Case {
    let mut filter = filter(&more);
    let mut service = json!({"server_uri": {"uri": "http://guard", "cluster": GUARD, "timeout": "10s"}});
    merge(&mut service, &more["http_service"]);
    filter["http_service"] = service;
    case(name, filter, "envoyExtAuthzHttp", written, guard)
}

fn grpc(name: &'static str, more: Value, written: &str, guard: Guard) -> Case {
    let mut filter = filter(&more);
    filter["grpc_service"] = json!({"envoy_grpc": {"cluster_name": GUARD}, "timeout": "10s"});
    case(name, filter, "envoyExtAuthzGrpc", written, guard)
}

fn filter(more: &Value) -> Value {
    let mut filter = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
    });
    merge(&mut filter, more);
    filter
}

fn merge(value: &mut Value, more: &Value) {
    for (key, more) in more.as_object().into_iter().flatten().filter(|(key, _)| *key != "http_service") {
        value[key] = more.clone();
    }
}

fn case(name: &'static str, filter: Value, kind: &str, written: &str, guard: Guard) -> Case {
    let documents = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |-\n    \
         extensionProviders:\n    - name: guard\n      {kind}: {{service: guard.default.svc.cluster.local, port: 80, \
         timeout: 10s, {written}}}\n---\n\
         apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: ask}}\n\
         spec: {{action: CUSTOM, provider: {{name: guard}}, rules: [{{}}]}}\n"
    );
    Case {
        name,
        filter: json!({"name": "envoy.filters.http.ext_authz", "typed_config": filter}),
        actions: json!([]),
        documents,
        guard,
        asks: vec![get("/")],
    }
}
