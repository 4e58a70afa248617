use super::{future::ResponseFuture, layer::EXPLAIN, log::Subject};
use crate::{Body, BoxError, reply::Asker};
use bytes::Bytes;
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service whose refusals are responses. Made by [`RespondLayer`](super::RespondLayer).
#[derive(Clone, Copy, Debug)]
pub struct Respond<S> {
    pub(super) inner: S,
    pub(super) explains: bool,
}

impl<S, B, R> Service<Request<B>> for Respond<S>
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
        let (asker, subject) = (Asker::of(&request), Subject::of(&request));
        let explains = self.explains && request.headers().contains_key(EXPLAIN);
        ResponseFuture::new(self.inner.call(request), asker, subject, explains)
    }
}
