//! One request at a gateway.

use crate::{
    body::Body,
    connection::{remove_hop_by_hop, tokens, without_credentials},
    context::PeerAddress,
    error::BoxError,
    event::{Tunnel, Tunnelled},
    request_id::set_reason,
    stack::{self, Gateway, Parts},
};
use futures_util::future::BoxFuture;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, HOST, LOCATION, UPGRADE},
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use mesh_core::{
    table::{RequestView, normalized},
    watch::Handle,
};
use std::task::{Context, Poll};
use tower::util::ServiceExt;
use tower_service::Service;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What only members of the mesh may say. Envoy takes the same off requests from outside.
const INTERNAL: [HeaderName; 20] = [
    HeaderName::from_static("x-envoy-decorator-operation"),
    HeaderName::from_static("x-envoy-downstream-service-cluster"),
    HeaderName::from_static("x-envoy-downstream-service-node"),
    HeaderName::from_static("x-envoy-expected-rq-timeout-ms"),
    HeaderName::from_static("x-envoy-force-trace"),
    HeaderName::from_static("x-envoy-hedge-on-per-try-timeout"),
    HeaderName::from_static("x-envoy-internal"),
    HeaderName::from_static("x-envoy-ip-tags"),
    HeaderName::from_static("x-envoy-max-retries"),
    HeaderName::from_static("x-envoy-original-host"),
    HeaderName::from_static("x-envoy-original-path"),
    HeaderName::from_static("x-envoy-original-url"),
    HeaderName::from_static("x-envoy-retriable-header-names"),
    HeaderName::from_static("x-envoy-retriable-status-codes"),
    HeaderName::from_static("x-envoy-retry-grpc-on"),
    HeaderName::from_static("x-envoy-retry-on"),
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
    HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-alt-response"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-ms"),
];

/// Forwards requests that come in at one port.
#[derive(Clone)]
pub(super) struct Forward {
    handle: Handle,
    plain: Gateway,
    tls: Gateway,
    port: u16,
    is_tls: bool,
}

impl Forward {
    pub(super) fn new(parts: &Parts, port: u16) -> Self {
        let (plain, tls) = (stack::gateway(parts, port, false), stack::gateway(parts, port, true));
        Self { handle: parts.handle.clone(), plain, tls, port, is_tls: false }
    }

    /// For requests that came over TLS, or did not.
    pub(super) fn at(self, port: u16, is_tls: bool) -> Self {
        Self { port, is_tls, ..self }
    }

    /// The place on https that a server which only redirects sends a request to.
    fn https<B>(&self, request: &Request<B>) -> Option<HeaderValue> {
        if self.is_tls {
            return None;
        }
        let view = RequestView::at_gateway(request, self.port, false);
        let host = view.host().to_ascii_lowercase();
        let snapshot = self.handle.snapshot();
        let listener = snapshot.listeners().iter().find(|listener| listener.port == self.port)?;
        let server = listener.server_for(Some(&host)).filter(|server| server.redirects_to_https)?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        tracing::debug!(gateway = %server.gateway, %host, "redirected to https");
        HeaderValue::try_from(format!("https://{}{path}", view.authority)).ok()
    }
}

impl Service<Request<Incoming>> for Forward {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let snapshot = self.handle.snapshot();
        // One that cannot be read is refused where it is routed.
        if let Ok(Some(uri)) = normalized(request.uri(), snapshot.path_normalization()) {
            *request.uri_mut() = uri;
        }
        if let Some(location) = self.https(&request) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            response.headers_mut().insert(LOCATION, location);
            return Box::pin(std::future::ready(Ok(response)));
        }
        let stack = if self.is_tls { self.tls.clone() } else { self.plain.clone() };
        Box::pin(forward(stack, request, self.is_tls))
    }
}

async fn forward(
    stack: Gateway,
    mut request: Request<Incoming>,
    is_tls: bool,
) -> Result<Response<Body>, BoxError> {
    let downstream = asks_to_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
    prepare(&mut request, is_tls);
    let mut response = stack.oneshot(request.map(Body::new)).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Some(downstream) = downstream {
            // Whoever reports the request reports what passes here.
            let tunnel = response.extensions_mut().remove::<Tunnel>().unwrap_or_default();
            tokio::spawn(bridge(downstream, hyper::upgrade::on(&mut response), tunnel));
        }
    } else {
        remove_hop_by_hop(response.headers_mut());
    }
    Ok(response)
}

/// Makes the head that of a request which came through a gateway.
fn prepare<B>(request: &mut Request<B>, is_tls: bool) {
    // Rules look at the authority of the request line; the service behind must see the same one.
    if let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(without_credentials(authority))
    {
        request.headers_mut().insert(HOST, host);
    }
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip().to_string());
    let headers = request.headers_mut();
    if headers.keys().any(|name| name.as_str().starts_with("x-envoy-")) {
        INTERNAL.iter().for_each(|name| drop(headers.remove(name)));
    }
    // Nor does a stranger's name for a request tell that it is traced.
    set_reason(headers, None);
    let upgrades = asks_to_upgrade(headers);
    remove_hop_by_hop(headers);
    if upgrades {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    } else {
        headers.remove(UPGRADE);
    }
    let scheme = if is_tls { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme));
    if let Some(peer) = peer {
        append_forwarded_for(headers, &peer);
    }
}

/// Whether a client wants to leave HTTP. One that wants another version of it stays: the service behind would answer it
/// requests that no rule has seen.
fn asks_to_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, wanted: &str| tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted));
    headers.contains_key(UPGRADE) && has(CONNECTION, "upgrade") && !has(UPGRADE, "h2c")
}

fn append_forwarded_for(headers: &mut HeaderMap, peer: &str) {
    let mut addresses: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    addresses.push(peer);
    if let Ok(value) = HeaderValue::try_from(addresses.join(", ")) {
        headers.insert(FORWARDED_FOR, value);
    }
}

/// Joins two connections that have left HTTP, a WebSocket say, until one of them ends.
async fn bridge(downstream: OnUpgrade, upstream: OnUpgrade, tunnel: Tunnel) {
    let joined = async {
        let (downstream, upstream) = tokio::try_join!(downstream, upstream)?;
        let mut upstream = TokioIo::new(upstream);
        let mut downstream = Tunnelled::within(TokioIo::new(downstream), tunnel);
        tokio::io::copy_bidirectional(&mut downstream, &mut upstream).await?;
        Ok::<_, BoxError>(())
    };
    if let Err(error) = joined.await {
        tracing::debug!(error, "upgraded connection ended");
    }
}
