use super::{
    again::Above,
    counts::Counted,
    dialer::Dialer,
    http1, http2,
    table::{Endpoint, Means, Table},
};
use crate::{
    body::Body,
    context::{Routed, Upstream},
    dns::Dns,
    error::{BoxError, Error, Kind},
};
use futures_util::future::BoxFuture;
use http::{Request, Response, Version, uri::Scheme};
use mesh_core::{
    identity::{ClientHandshake, Clients},
    model::{ConnectionPool, Protocol, TrafficPolicy},
    table::{Backend, BackendName, RequestView},
};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// Sends requests over pooled connections; see the [module](super). Clones share the pool.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    table: Arc<Table>,
    /// For requests that no table sends to a backend.
    own: Arc<TrafficPolicy>,
    above: Above,
}

impl Connection {
    /// A pool without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Who knows the addresses of hosts that have none in the documents. Default: DNS, as the operating system is configured.
    #[must_use]
    pub fn with_dns(self, dns: Dns) -> Self {
        let means = Means { dns, ..self.table.means().clone() };
        Self { table: Arc::new(Table::with(means)), ..self }
    }

    /// The bounds for requests that no table sends to a backend, and that no MeshConfig has bounds for: all of them together.
    /// Istio's defaults are none to speak of. Connections that are open already keep those they were opened within.
    #[must_use]
    pub fn with_bounds(mut self, bounds: ConnectionPool) -> Self {
        self.own = Arc::new(TrafficPolicy { connection_pool: bounds, ..TrafficPolicy::default() });
        self
    }

    /// What connections are secured with. Default: nothing, and whatever must be secured by the workload's own certificate
    /// fails. Connections that are open already belong to the other ones.
    #[must_use]
    pub fn with_clients(self, clients: Arc<Clients>) -> Self {
        let means = Means { clients, ..self.table.means().clone() };
        Self { table: Arc::new(Table::with(means)), ..self }
    }

    /// Who knows ways to endpoints other than TCP. Default: nobody. Connections that are open already stay what they are.
    #[must_use]
    pub fn with_dialer(self, dialer: Arc<dyn Dialer>) -> Self {
        let means = Means { dialer: Some(dialer), ..self.table.means().clone() };
        Self { table: Arc::new(Table::with(means)), ..self }
    }

    /// Promises that no layer between this and the one that tries requests again changes their heads: what that one keeps
    /// of them is not compared with each.
    pub(crate) fn right_below(self) -> Self {
        Self { above: Above::Same, ..self }
    }

    /// What is open and under way to a backend.
    pub(crate) fn counts(&self, backend: &BackendName) -> Counted {
        self.table.counts(backend)
    }

    /// The pools for a request, and whether it is HTTP/2 there.
    fn pools(
        &self,
        upstream: &Upstream,
        request: &Request<Body>,
        routed: Option<&Routed>,
        backend: Option<&Arc<Backend>>,
    ) -> (Arc<Endpoint>, bool) {
        let snapshot = routed.map(|routed| &**routed.snapshot());
        let endpoint = self.table.of(upstream, snapshot, backend);
        let is_at_gateway = routed.is_some_and(Routed::is_at_gateway);
        // What comes to a gateway says https of the way there.
        let asks_itself = request.uri().scheme() == Some(&Scheme::HTTPS) && !is_at_gateway;
        let is_http2 = match upstream.protocol {
            Protocol::Http2 => true,
            Protocol::Http => false,
            // What is opaque to the mesh is not to a client that asks for TLS itself.
            Protocol::Opaque => asks_itself && request.version() == Version::HTTP_2,
            Protocol::OfClient => request.version() == Version::HTTP_2,
            // A gateway's clients say nothing about the services behind it.
            Protocol::Unknown => request.version() == Version::HTTP_2 && !is_at_gateway,
        };
        let handshake = match &upstream.tls {
            Some(handshake) => Some(handshake).filter(|handshake| handshake.is_by_host()).cloned(),
            None => asks_itself.then(ClientHandshake::of_url),
        };
        let Some(handshake) = handshake else { return (endpoint, is_http2) };
        let host = RequestView::outbound(request).host();
        (self.table.for_host(&endpoint, handshake, host), is_http2)
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(upstream) = Upstream::take(request.extensions_mut()) else {
            let why = "no endpoint was chosen for this request (is there a balance layer above?)";
            return Box::pin(std::future::ready(Err(Error::because(Kind::NoEndpoint, why).into())));
        };
        let routed = request.extensions().get::<Routed>();
        let backend = routed.and_then(|routed| routed.backend().ok().flatten());
        let passing = || routed.and_then(|routed| routed.snapshot().passing()).unwrap_or(&self.own);
        let policy = Arc::clone(backend.map_or_else(passing, |backend| &backend.policy));
        let (endpoint, is_http2) = self.pools(&upstream, &request, routed, backend);
        match is_http2 {
            true => http2::send(upstream, endpoint, policy, request, self.above),
            false => http1::send(upstream, endpoint, policy, request, self.above),
        }
    }
}
