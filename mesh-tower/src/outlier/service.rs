use super::{future::ResponseFuture, state::Tallies};
use crate::BoxError;
use http::{Request, Response};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// A service whose endpoints are ejected when they fail. Made by [`OutlierLayer`](super::OutlierLayer).
#[derive(Clone, Debug)]
pub struct Outlier<S> {
    pub(super) inner: S,
    pub(super) tallies: Arc<Tallies>,
}

impl<S, B, R> Service<Request<B>> for Outlier<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let attempt = self.tallies.attempt(&request);
        ResponseFuture::new(self.inner.call(request), attempt)
    }
}
