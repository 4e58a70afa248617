use super::{policy, state::Turns};
use crate::{
    context::{Routed, Tried, Upstream},
    error::{BoxError, Error, Kind},
    refuse::ResponseFuture,
};
use http::Request;
use mesh_core::{
    model::{Address, Host, Protocol},
    table::RequestView,
};
use std::{
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// Chooses endpoints in turn; see the [module](super).
#[derive(Clone, Debug)]
pub struct Balance<S> {
    inner: S,
    turns: Arc<Turns>,
}

impl<S> Balance<S> {
    pub(super) fn new(inner: S, turns: Arc<Turns>) -> Self {
        Self { inner, turns }
    }

    fn choose<B>(&self, request: &Request<B>) -> Result<Upstream, Error> {
        let routed = request.extensions().get::<Routed>();
        let view = routed.map_or_else(|| RequestView::outbound(request), |routed| routed.view(request));
        if view.listener.is_none() && view.scheme == "https" {
            // In plain text it would reach the wrong port, or the wrong eyes.
            let why = "TLS to services is not spoken yet (call it by http://)";
            return Err(Error::because(Kind::ConnectFailure, why));
        }
        let backend = routed.map(Routed::backend).transpose();
        let backend = backend.map_err(|missing| Error::new(Kind::NoCluster(missing)))?;
        let Some((routed, backend)) = routed.zip(backend.flatten()) else {
            return address_of(&view, view.port, Protocol::Unknown);
        };
        if backend.is_passthrough {
            // What comes in at a gateway comes to the gateway's own port.
            let port = view.listener.map_or(view.port, |_| backend.name.port);
            return address_of(&view, port, backend.protocol);
        }
        let turns = || self.turns.take(routed.snapshot(), &backend.name);
        let tried = request.extensions().get::<Tried>();
        let Some(endpoint) = policy::choose_untried(&backend.endpoints, turns, tried) else {
            return Err(Error::new(Kind::NoEndpoint));
        };
        let address = endpoint.address.clone();
        if let Some(tried) = tried {
            tried.add(address.clone(), endpoint.port);
        }
        Ok(Upstream { address, port: endpoint.port, protocol: backend.protocol })
    }
}

impl<S, B> Service<Request<B>> for Balance<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.choose(&request) {
            Ok(upstream) => {
                request.extensions_mut().insert(upstream);
                ResponseFuture::forward(self.inner.call(request))
            }
            Err(error) => ResponseFuture::refuse(error),
        }
    }
}

/// Where a request goes by its own address.
fn address_of(view: &RequestView<'_>, port: u16, protocol: Protocol) -> Result<Upstream, Error> {
    let address = match view.host().parse::<IpAddr>() {
        Ok(ip) => Address::Ip(ip),
        Err(_) => Address::Name(Host::parse(view.host()).map_err(|why| Error::because(Kind::NoRoute, why))?),
    };
    Ok(Upstream { address, port, protocol })
}
