use super::{body::TimeoutBody, future::ResponseFuture, policy::Origin};
use crate::{AnswerBy, BoxError};
use http::{Method, Request, Response};
use std::task::{Context, Poll};
use tokio::time::Instant;
use tower_service::Service;

/// A service whose responses are complete in time. Made by [`TimeoutLayer`](super::TimeoutLayer).
#[derive(Clone, Copy, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) origin: Origin,
}

impl<S, B, R> Service<Request<B>> for Timeout<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<TimeoutBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let limit = self.origin.limit(&request);
        let asks_for_tunnel = request.method() == Method::CONNECT;
        // An endpoint that is still silent when the request is given up was too slow.
        if let Some(by) = limit.and_then(|limit| Instant::now().checked_add(limit)) {
            request.extensions_mut().insert(AnswerBy(by));
        }
        ResponseFuture::new(self.inner.call(request), limit, asks_for_tunnel)
    }
}
