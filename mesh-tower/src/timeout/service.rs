use super::{
    body::{SentBody, TimeoutBody},
    future::ResponseFuture,
    policy::{Origin, Terms, answer_by},
};
use crate::{AnswerBy, Body, BoxError, Context, context::Sent};
use http::{Method, Request, Response};
use std::{
    mem,
    task::{self, Poll},
    time::Duration,
};
use tokio::time::Instant;
use tower_service::Service;

/// A service whose responses are complete in time. Made by [`TimeoutLayer`](super::TimeoutLayer).
#[derive(Clone, Copy, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) origin: Origin,
}

impl<S, R> Service<Request<Body>> for Timeout<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<TimeoutBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let asks_for_tunnel = request.method() == Method::CONNECT;
        let Terms { limit, is_silent } = self.origin.terms(&mut request);
        let Some((by, is_late)) = begin(&mut request, limit) else {
            return ResponseFuture::new(Some(self.inner.call(request)), None, asks_for_tunnel, is_silent);
        };
        // Whoever asks for it has gone already: nothing of it is begun.
        let future = (!is_late).then(|| self.inner.call(request));
        ResponseFuture::new(future, Some(by), asks_for_tunnel, is_silent)
    }
}

/// Begins a request's time, which runs from the end of its body, and leaves in the request by when it ends. Tells that, and
/// whether it is over already.
fn begin(request: &mut Request<Body>, limit: Option<Duration>) -> Option<(AnswerBy, bool)> {
    let deadline = Context::deadline();
    if limit.is_none() && deadline.is_none() {
        return None;
    }
    // A body that is here already needs nobody who watches it.
    let unsent = (limit.is_some() && !request.body().is_whole()).then(Sent::default);
    let now = Instant::now();
    let by = answer_by(limit, deadline, unsent.as_ref(), now)?;
    if let Some(sent) = unsent {
        let body = mem::take(request.body_mut());
        *request.body_mut() = Body::new(SentBody::new(body, sent));
    }
    by.clone().leave(request.extensions_mut());
    let is_late = by.has_passed(now);
    Some((by, is_late))
}
