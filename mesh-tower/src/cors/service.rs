use super::{
    future::ResponseFuture,
    policy::{Origin, Verdict, judge},
};
use crate::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service that pages of other origins can ask. Made by [`CorsLayer`](super::CorsLayer).
#[derive(Clone, Debug)]
pub struct Cors<S> {
    pub(super) inner: S,
    pub(super) origin: Origin,
}

impl<S, B, R> Service<Request<B>> for Cors<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
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
        match judge(&self.origin, &request) {
            Verdict::Forward(mark) => ResponseFuture::forward(self.inner.call(request), mark),
            Verdict::Answer(response) => ResponseFuture::answer(response),
        }
    }
}
