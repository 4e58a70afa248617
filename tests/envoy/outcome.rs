//! What became of a request, as far as both sides must agree.

use crate::{
    istiod::PASSED,
    upstreams::{SEEN, Seen, texts},
};
use http::Response;
use mesh_tower::GENERATION_HEADER;
use std::{collections::BTreeMap, fmt::Debug, net::IpAddr};
use tests::{soon, wire};

/// Headers of requests that Envoy adds of itself, with what they are for.
const REQUEST_HEADERS_OF_ENVOY: [(&str, &str); 8] = [
    ("x-request-id", "names the request in traces and logs, and is another one each time"),
    ("x-envoy-expected-rq-timeout-ms", "tells another Envoy how long this one waits"),
    (
        "content-length",
        "is said even of an empty body, which hyper leaves out; bodies are not what is compared",
    ),
    ("x-envoy-attempt-count", "counts the endpoints that were tried, of which each side begins with another"),
    ("x-envoy-is-timeout-retry", "is said even where the answer is no, which the mesh leaves out"),
    ("x-envoy-internal", "tells another Envoy whether the client is near"),
    ("x-envoy-external-address", "tells another Envoy who the client is; x-forwarded-for tells everybody"),
    ("x-forwarded-proto", "is added to a service's own calls too, where the scheme is always http"),
];
/// Headers of responses that one side adds of itself.
pub(crate) const RESPONSE_HEADERS: [(&str, &str); 7] = [
    ("x-envoy-upstream-service-time", "is Envoy's measurement"),
    ("server", "names Envoy"),
    ("date", "is the clock's"),
    ("connection", "is about one connection"),
    ("content-length", "says how the body is framed; bodies are compared"),
    ("transfer-encoding", "the same"),
    ("x-seen", "is what the upstream saw, which is compared for itself"),
];

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    /// The status.
    pub(crate) status: u16,
    /// What the upstream saw, if one was asked.
    pub(crate) seen: Option<Seen>,
    /// The response's headers.
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    /// Its body.
    pub(crate) body: String,
    /// Whether Envoy says that nobody's rules were for it. The mesh does not say so.
    pub(crate) is_passed: bool,
}

impl Outcome {
    /// Reads a response.
    pub(crate) async fn of<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = bytes::Bytes, Error: Debug>,
    {
        let status = response.status().as_u16();
        let seen = response.headers().get(SEEN).map(|seen| seen.to_str().expect("a value of text"));
        let seen = seen.map(|seen| serde_json::from_str(seen).expect("JSON of an upstream"));
        let mut headers = texts(response.headers());
        let is_passed = headers.remove(PASSED).is_some();
        headers.retain(|name, _| RESPONSE_HEADERS.iter().all(|(excluded, _)| name != excluded));
        let body = soon(wire::text(response)).await;
        Self { status, seen: seen.map(without_own_headers), headers, body, is_passed }
    }

    /// In a word: one of [`KINDS`].
    pub(crate) fn kind(&self) -> &'static str {
        match (&self.seen, self.status, &*self.body) {
            (Some(seen), _, _) if seen.server == "outside" => "passed on",
            (Some(seen), _, _) if seen.headers.contains_key("x-envoy-original-path") => "rewritten",
            (Some(seen), _, _) if seen.headers.contains_key("x-envoy-original-host") => "for another host",
            (Some(_), _, _) => "forwarded",
            (None, 300..400, _) => "redirected",
            (None, _, "fault filter abort") => "aborted",
            (None, _, body) if body.starts_with("direct ") => "answered directly",
            (None, 200, "") if self.headers.contains_key("access-control-allow-origin") => "preflight",
            (None, 404, "") => "without a route",
            (None, 502, "") => "to an unknown host",
            (None, 503, "") => "without a destination",
            (None, 503, "no healthy upstream") => "without an endpoint",
            (None, 503, _) => "not connected",
            (None, 504, _) => "too late",
            // HEAD gets no body that would say more.
            (None, _, _) => "answered",
        }
    }
}

/// Every kind of outcome. A run in which one does not occur tests too little.
pub(crate) const KINDS: [&str; 15] = [
    "preflight",
    "passed on",
    "rewritten",
    "for another host",
    "forwarded",
    "redirected",
    "aborted",
    "answered directly",
    "without a route",
    "to an unknown host",
    "without a destination",
    "without an endpoint",
    "not connected",
    "too late",
    "answered",
];

fn without_own_headers(mut seen: Seen) -> Seen {
    // Tells the next process of the mesh which documents decided.
    seen.headers.remove(GENERATION_HEADER.as_str());
    if let Some(value) = seen.headers.get_mut("x-forwarded-for").and_then(|values| values.last_mut()) {
        *value = without_client(value);
    }
    // One line of cookies is what a client should send (RFC 6265, 5.4); the mesh joins several, which says the same.
    if let Some(cookies) = seen.headers.get_mut("cookie") {
        *cookies = vec![cookies.join("; ")];
    }
    seen.headers.retain(|name, _| REQUEST_HEADERS_OF_ENVOY.iter().all(|(excluded, _)| name != excluded));
    seen
}

/// An `x-forwarded-for` without its last address: of a client on the same machine Envoy tells its own address instead.
fn without_client(value: &str) -> String {
    let (others, last) = value.rsplit_once(", ").unwrap_or(("", value));
    assert!(last.parse::<IpAddr>().is_ok(), "{value} ends with an address");
    others.to_owned()
}
