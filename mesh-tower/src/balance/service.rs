use super::{
    body::BalanceBody,
    fleet::Nobody,
    future::{Held, ResponseFuture},
    hash::{self, Found},
    layer::BalanceLayer,
    state::Asked,
};
use crate::{
    context::{Routed, Tried, Upstream},
    error::{BoxError, Error, Kind},
    event::{Destination, note},
};
use http::{Extensions, HeaderValue, Request, Response};
use http_body::Body;
use mesh_core::{
    identity::ClientHandshake,
    model::{Address, Algorithm, HashKey, Host, Protocol},
    table::{Backend, RequestView},
};
use std::{
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// Chooses endpoints; see the [module](super).
#[derive(Clone, Debug)]
pub struct Balance<S> {
    inner: S,
    // Shared, since every request that may be tried again has a clone.
    layer: Arc<BalanceLayer>,
}

impl<S> Balance<S> {
    pub(super) fn new(inner: S, layer: Arc<BalanceLayer>) -> Self {
        Self { inner, layer }
    }

    fn choose<B>(&self, request: &Request<B>) -> Result<(Upstream, Held), Error> {
        let routed = request.extensions().get::<Routed>();
        let view = || routed.map_or_else(|| RequestView::outbound(request), |routed| routed.view(request));
        let backend = routed.map(Routed::backend).transpose();
        let backend = backend.map_err(|missing| Error::new(Kind::NoCluster(missing)))?;
        let Some((routed, backend)) = routed.zip(backend.flatten()) else {
            return address_of(&view(), None, Protocol::Unknown, None);
        };
        if backend.is_passthrough {
            // What comes in at a gateway comes to the gateway's own port.
            let view = view();
            let port = view.listener.map(|_| backend.name.port);
            return address_of(&view, port, backend.protocol, backend.handshake_where_asked());
        }
        if backend.policy.balancing.algorithm == Algorithm::Passthrough {
            let view = view();
            return match view.listener {
                None => address_of(&view, None, backend.protocol, backend.handshake_where_asked()),
                // What was asked for is the gateway's own address.
                Some(_) => Err(Error::new(Kind::NoEndpoint)),
            };
        }
        let (hash, cookie) = self.hash(request, backend);
        let tried = Tried::beside(Some(routed), request.extensions());
        let BalanceLayer { fleets, ejections, dice, extras, .. } = &*self.layer;
        let asked = Asked { hash, tried, extras: *extras };
        let chosen = fleets.choose(routed.snapshot(), backend, asked, ejections, dice);
        let (endpoint, active) = chosen.map_err(|why| nobody(backend, why))?;
        if let Some(tried) = tried {
            tried.add(endpoint.address.clone(), endpoint.port);
        }
        let counts = backend.policy.balancing.algorithm == Algorithm::LeastRequest;
        let forgetting = extras.peak_ewma.filter(|_| counts);
        let stopwatch = active.as_ref().zip(forgetting).map(|(active, by)| active.stopwatch(by));
        Ok((Upstream::of(backend, endpoint), Held::new(active, cookie, stopwatch)))
    }

    /// What a request is hashed to, if its backend asks for that, and the cookie that was made for it.
    fn hash<B>(&self, request: &Request<B>, backend: &Backend) -> (Option<u64>, Option<HeaderValue>) {
        let Algorithm::ConsistentHash { key: Some(key), .. } = &backend.policy.balancing.algorithm else {
            return (None, None);
        };
        match (hash::find(key, request, self.layer.own), key) {
            (Found::Hash(hash), _) => (Some(hash), None),
            (Found::NoCookie, HashKey::Cookie(cookie)) => {
                let dice = &self.layer.dice;
                let value = u64::from(dice.roll()) << 32 | u64::from(dice.roll());
                let (hash, cookie) = hash::make(cookie, value);
                (Some(hash), cookie)
            }
            (Found::NoCookie | Found::Nothing, _) => (None, None),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Balance<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
{
    type Response = Response<BalanceBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.choose(&request) {
            Ok((upstream, held)) => {
                announce(&upstream, request.extensions());
                upstream.leave(request.extensions_mut());
                ResponseFuture::forward(self.inner.call(request), held)
            }
            Err(error) => ResponseFuture::refuse(error),
        }
    }
}

fn announce(upstream: &Upstream, extensions: &Extensions) {
    note(|exchange| {
        let routed = extensions.get::<Routed>();
        // The resolve layer may have put addresses into it.
        exchange.backend = routed.and_then(|routed| routed.backend().ok().flatten()).map(Arc::clone);
        exchange.tries += 1;
        exchange.destination =
            Some(Destination { address: upstream.address.clone(), port: upstream.port, principal: None });
    });
}

fn nobody(backend: &Backend, why: Nobody) -> Error {
    if why == Nobody::Full {
        let why = "each of its endpoints has as many requests under way as it may have";
        return Error::because(Kind::Overflow, why);
    }
    if backend.endpoints.is_empty() {
        return Error::new(Kind::NoEndpoint);
    }
    let why = match backend.policy.outlier_detection {
        Some(_) => "all of its endpoints are ejected (minHealthPercent of outlierDetection bounds that)",
        None => "none of its endpoints is where localityLbSetting sends requests (look at distribute)",
    };
    Error::because(Kind::NoEndpoint, why)
}

/// Where a request goes by its own address, and by its own port unless there is another.
fn address_of(
    view: &RequestView<'_>,
    port: Option<u16>,
    protocol: Protocol,
    tls: Option<&ClientHandshake>,
) -> Result<(Upstream, Held), Error> {
    let address = match view.host().parse::<IpAddr>() {
        Ok(ip) => Address::Ip(ip),
        Err(_) => Address::Name(Host::parse(view.host()).map_err(|why| Error::because(Kind::NoRoute, why))?),
    };
    let port = port.unwrap_or(view.port);
    Ok((Upstream { address, port, protocol, tls: tls.cloned() }, Held::default()))
}
