use super::{
    bench::Bench,
    future::ResponseFuture,
    layer::{Gateway, JwtLayer},
    places::challenge,
    policy::{Now, Stop, judge},
    source::Flight,
    told::tell,
};
use crate::{Arrival, BoxError, Error, Kind};
use http::{Request, Response, header::WWW_AUTHENTICATE};
use std::{
    mem,
    task::{Context, Poll},
};
use tokio::time::Instant;
use tower_service::Service;

/// A service that requests reach with good tokens, or without any. Made by [`JwtLayer`].
#[derive(Clone, Debug)]
pub struct Jwt<S> {
    pub(super) inner: S,
    pub(super) layer: JwtLayer,
}

impl<S, B, R> Service<Request<B>> for Jwt<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, Request<B>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let bench = self.layer.bench();
        match pass(&self.layer, &bench, &mut request) {
            Ok(()) => ResponseFuture::forward(self.inner.call(request)),
            Err(Halted::Refused(error)) => ResponseFuture::refuse(error),
            Err(Halted::Waits(flight)) => {
                // The instance that was made ready waits with the request; its clone, which is not, stays.
                let unready = self.inner.clone();
                let inner = mem::replace(&mut self.inner, unready);
                ResponseFuture::wait(flight, self.layer.clone(), bench, inner, request)
            }
        }
    }
}

/// Why a request does not go on.
pub(super) enum Halted {
    /// It is refused.
    Refused(Error),
    /// Keys are being fetched.
    Waits(Flight),
}

/// Judges a request's tokens, and tells its service what they say.
pub(super) fn pass<B>(layer: &JwtLayer, bench: &Bench, request: &mut Request<B>) -> Result<(), Halted> {
    if bench.is_idle() {
        request.extensions_mut().remove::<crate::Token>();
        return Ok(());
    }
    let port = match (layer.gateway, request.extensions().get::<Arrival>()) {
        (Some(Gateway { port, .. }), _) => port,
        (None, Some(arrival)) => arrival.local().port(),
        (None, None) => 0,
    };
    let now = Now { unix: layer.now(), instant: Instant::now() };
    match judge(bench, request, port, now) {
        Ok(good) => {
            tell(bench, good, request);
            Ok(())
        }
        Err(Stop::Wait(flight)) => Err(Halted::Waits(flight)),
        Err(Stop::Refuse(kind)) => {
            let scheme = if layer.gateway.is_some_and(|gateway| gateway.is_tls) { "https" } else { "http" };
            let mut error = Error::new(kind);
            if let Kind::BadToken(_) = kind {
                error.headers_mut().insert(WWW_AUTHENTICATE, challenge(request, scheme, true));
            }
            Err(Halted::Refused(error))
        }
    }
}
