use super::{future::ResponseFuture, layer::MirrorLayer};
use crate::{Body, BoxError};
use http::{Request, Response};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// A service whose requests are copied to others. Made by [`MirrorLayer`].
#[derive(Clone, Debug)]
pub struct Mirror<S> {
    pub(super) inner: S,
    pub(super) layer: Arc<MirrorLayer>,
}

impl<S, R> Service<Request<Body>> for Mirror<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<super::MirrorBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let original = self.layer.copy(&mut request);
        ResponseFuture::new(self.inner.call(request), original)
    }
}
