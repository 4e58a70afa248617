use super::{layer::AuthorizeLayer, policy::judge};
use crate::{BoxError, passing::ResponseFuture};
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A server that only requests reach which policies allow. Made by [`AuthorizeLayer`].
#[derive(Clone, Debug)]
pub struct Authorize<S> {
    pub(super) inner: S,
    pub(super) layer: AuthorizeLayer,
}

impl<S, B, R> Service<Request<B>> for Authorize<S>
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The newest, not the one that is pinned: a caller names that one, and may name one that allowed more.
        let snapshot = self.layer.handle.snapshot();
        match judge(snapshot.inbound(), &request, self.layer.place) {
            Ok(()) => ResponseFuture::forward(self.inner.call(request)),
            Err(error) => ResponseFuture::refuse(error),
        }
    }
}
