use super::{attempts::Attempts, future::ResponseFuture, layer::HedgeLayer, policy, state::Active};
use crate::{Body, BoxError};
use http::{Request, Response};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// A service whose slow requests are sent once more. Made by [`HedgeLayer`].
#[derive(Clone, Debug)]
pub struct Hedge<S> {
    pub(super) inner: S,
    pub(super) layer: Arc<HedgeLayer>,
}

impl<S, R> Service<Request<Body>> for Hedge<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let active = Active::new(Arc::clone(&self.layer.counts));
        if self.layer.most == 0 || !policy::is_repeatable(&request, self.layer.is_bold) {
            return ResponseFuture::forward(self.inner.call(request), active);
        }
        let (attempts, first) = Attempts::begin(Arc::clone(&self.layer), request);
        ResponseFuture::race(self.inner.clone(), self.inner.call(first), attempts, active)
    }
}
