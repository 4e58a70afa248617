//! Which requests are copied, and what a copy's head says.

use crate::{
    Routed,
    context::tell_time_left,
    trace::{Incoming, TraceContext, TraceFormats},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{HOST, UPGRADE},
    request::Parts,
};
use std::time::Duration;

/// Tells a service that a request was not sent by a stranger; Envoy says it of every copy.
const INTERNAL: HeaderName = HeaderName::from_static("x-envoy-internal");
const ATTEMPT_COUNT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");

/// What a request asks of the mesh, and no service behind it is told.
const FOR_THE_MESH: [HeaderName; 10] = [
    HeaderName::from_static("x-envoy-decorator-operation"),
    HeaderName::from_static("x-envoy-hedge-on-per-try-timeout"),
    HeaderName::from_static("x-envoy-max-retries"),
    HeaderName::from_static("x-envoy-retriable-header-names"),
    HeaderName::from_static("x-envoy-retriable-status-codes"),
    HeaderName::from_static("x-envoy-retry-grpc-on"),
    HeaderName::from_static("x-envoy-retry-on"),
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
    HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-ms"),
];

/// Whether a request can be copied at all. One that is to become a tunnel cannot: what is said in it is nobody else's.
pub(super) fn is_copyable<B>(request: &Request<B>) -> bool {
    request.method() != Method::CONNECT && !request.headers().contains_key(UPGRADE)
}

/// Whether the request itself has somebody to go to: as in Envoy, a copy is never all that is sent.
pub(super) fn has_destination(routed: &Routed) -> bool {
    let backend = routed.backend().ok().flatten();
    backend.is_some_and(|backend| backend.is_passthrough || !backend.endpoints.is_empty())
}

/// The head of a request's copies, without its extensions. They are told how much time they have.
pub(super) fn head_of_copy<B>(request: &Request<B>, limit: Option<Duration>, is_renamed: bool) -> Parts {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = request.method().clone();
    head.uri = request.uri().clone();
    head.version = request.version();
    head.headers = request.headers().clone();
    for name in &FOR_THE_MESH {
        head.headers.remove(name);
    }
    head.headers.insert(ATTEMPT_COUNT, HeaderValue::from_static("1"));
    head.headers.insert(INTERNAL, HeaderValue::from_static("true"));
    if let Some(limit) = limit {
        tell_time_left(&mut head.headers, limit);
    }
    leave_untraced(&mut head.headers);
    if is_renamed {
        rename(&mut head.uri, &mut head.headers);
    }
    head
}

/// Says that the trace which a request belongs to is not kept: as in Istio, a copy has no part in it.
fn leave_untraced(headers: &mut HeaderMap) {
    let incoming = Incoming::read(headers);
    if let Some(context) = incoming.context.filter(TraceContext::is_sampled) {
        let untraced = TraceContext { sampled: Some(false), is_debug: false, ..context };
        incoming.replace(&untraced, TraceFormats::default(), headers);
    }
}

/// Appends to the host wherever a request names it; what cannot be renamed stays.
fn rename(uri: &mut Uri, headers: &mut HeaderMap) {
    if let Some(authority) = uri.authority() {
        let mut parts = uri.clone().into_parts();
        parts.authority = shadow(authority.as_str()).parse().ok();
        if let Ok(renamed) = Uri::from_parts(parts) {
            *uri = renamed;
        }
    }
    let host = headers.get(HOST).and_then(|host| HeaderValue::try_from(shadow(host.to_str().ok()?)).ok());
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
}

fn shadow(authority: &str) -> String {
    // The colons of an IPv6 address are within brackets.
    match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((host, port)) => format!("{host}-shadow:{port}"),
        None => format!("{authority}-shadow"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_keeps_its_port() {
        for (host, expected) in [
            ("product", "product-shadow"),
            ("product:9080", "product-shadow:9080"),
            ("[::1]", "[::1]-shadow"),
            ("[::1]:80", "[::1]-shadow:80"),
        ] {
            assert_eq!(shadow(host), expected);
        }
    }

    #[test]
    fn a_copy_is_renamed_wherever_it_names_its_host_and_asks_nothing_of_the_mesh() {
        let request = Request::get("http://product:81/a?b").header(HOST, "product:81");
        let request = request.header("x-envoy-retry-on", "5xx").header("x-user", "me").body(()).unwrap();
        let head = head_of_copy(&request, Some(Duration::from_secs(3)), true);
        assert_eq!(head.uri, "http://product-shadow:81/a?b");
        let expected = [
            (HOST, "product-shadow:81"),
            (HeaderName::from_static("x-user"), "me"),
            (ATTEMPT_COUNT, "1"),
            (INTERNAL, "true"),
            (HeaderName::from_static("x-envoy-expected-rq-timeout-ms"), "3000"),
        ];
        assert_eq!(
            head.headers,
            expected.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect()
        );
        let head = head_of_copy(&request, None, false);
        assert_eq!((head.uri, &head.headers[HOST]), (request.uri().clone(), &request.headers()[HOST]));
    }

    #[test]
    fn what_becomes_a_tunnel_is_not_copied() {
        let request = |method| Request::builder().method(method).uri("product:80");
        assert!(is_copyable(&request(Method::POST).body(()).unwrap()));
        assert!(!is_copyable(&request(Method::CONNECT).body(()).unwrap()));
        assert!(!is_copyable(&request(Method::GET).header(UPGRADE, "websocket").body(()).unwrap()));
    }
}
