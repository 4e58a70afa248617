use super::{future::ResponseFuture, reporter::Reporter};
use crate::{
    Body, BoxError,
    event::{Meter, Side, within},
};
use bytes::Bytes;
use http::{Method, Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service whose requests are reported. Made by [`TelemetryLayer`](super::TelemetryLayer).
#[derive(Clone, Debug)]
pub struct Telemetry<S> {
    pub(super) inner: S,
    pub(super) reporter: Reporter,
    pub(super) side: Side,
    pub(super) is_gateway: bool,
}

impl<S, B, R> Service<Request<B>> for Telemetry<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let request = request.map(Body::new);
        let Some((mut exchange, report)) = self.reporter.begin(&request, self.side, self.is_gateway) else {
            return ResponseFuture::unreported(self.inner.call(request));
        };
        let asks_for_tunnel = request.method() == Method::CONNECT;
        let request = match request.body().length() {
            Some(length) if !exchange.is_grpc || length == 0 => {
                exchange.request_bytes += length;
                request
            }
            _ => {
                let meter = Meter::of_request(&mut exchange);
                request.map(|body| body.metered(meter))
            }
        };
        let mut exchange = Some(exchange);
        // Layers do part of their work in `call`.
        let future = within(&mut exchange, || self.inner.call(request));
        ResponseFuture::new(future, exchange, asks_for_tunnel, report)
    }
}
