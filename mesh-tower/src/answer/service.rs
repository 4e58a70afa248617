use super::{future::ResponseFuture, policy::judge};
use crate::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service that is spared the requests which a rule answers. Made by [`AnswerLayer`](super::AnswerLayer).
#[derive(Clone, Debug)]
pub struct Answer<S> {
    pub(super) inner: S,
}

impl<S, B, R> Service<Request<B>> for Answer<S>
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
        match judge(&request) {
            Some(response) => ResponseFuture::answer(response),
            None => ResponseFuture::forward(self.inner.call(request)),
        }
    }
}
