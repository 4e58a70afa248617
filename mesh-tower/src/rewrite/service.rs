use super::{future::ResponseFuture, policy::Origin};
use crate::BoxError;
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service behind changed requests. Made by [`RewriteLayer`](super::RewriteLayer).
#[derive(Clone, Debug)]
pub struct Rewrite<S> {
    pub(super) inner: S,
    pub(super) origin: Origin,
}

impl<S, B, R> Service<Request<B>> for Rewrite<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let pending = self.origin.change(&mut request);
        ResponseFuture::new(self.inner.call(request), pending)
    }
}
