use super::{
    future::ResponseFuture,
    layer::FaultLayer,
    policy::{Verdict, judge},
};
use crate::{
    BoxError, Error, Kind,
    event::{Flags, note},
};
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service behind injected faults. Made by [`FaultLayer`].
#[derive(Clone, Debug)]
pub struct Fault<S> {
    pub(super) inner: S,
    pub(super) layer: FaultLayer,
}

impl<S, B, R> Service<Request<B>> for Fault<S>
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Verdict { delay, abort } = self.judge(&request);
        if delay.is_some() {
            note(|exchange| exchange.flag(Flags::named("DI")));
        }
        let refusal = abort.map(|status| Error::new(Kind::Aborted(status)));
        match (delay, refusal) {
            (None, None) => ResponseFuture::forward(self.inner.call(request)),
            (None, Some(error)) => ResponseFuture::refuse(error),
            (Some(lasting), None) => ResponseFuture::delay(lasting, Ok((self.inner.clone(), request))),
            (Some(lasting), Some(error)) => ResponseFuture::delay(lasting, Err(error)),
        }
    }
}

impl<S> Fault<S> {
    fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let injection = self.layer.origin.injection(request.extensions());
        injection.map_or_else(Verdict::default, |injection| judge(injection, || self.layer.dice.roll()))
    }
}
