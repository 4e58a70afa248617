use super::{
    body::CarryBody,
    future::ResponseFuture,
    layer::CarryInLayer,
    policy::{PINNED_FOR, time_of},
};
use crate::{
    BoxError, Context, Dice,
    context::take_generation,
    event::note,
    request_id::{REQUEST_ID, identify},
    trace::Incoming,
};
use http::{HeaderMap, Request, Response};
use mesh_core::{table::Snapshot, watch::Handle};
use std::{
    mem,
    sync::Arc,
    task::{self, Poll},
};
use tokio::time::Instant;
use tower_service::Service;

/// A server whose handlers run within their request's context. Made by [`CarryInLayer`].
#[derive(Clone, Debug)]
pub struct CarryIn<S> {
    pub(super) inner: S,
    pub(super) layer: CarryInLayer,
}

impl<S, B, R> Service<Request<B>> for CarryIn<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body,
{
    type Response = Response<CarryBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S, Request<B>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let digest = take_generation(request.headers_mut());
        let context = self.context(&mut request);
        note_trace(request.headers());
        let Some(handle) = &self.layer.handle else {
            return ResponseFuture::forward(&mut self.inner, request, context);
        };
        let known = digest.and_then(|digest| handle.snapshot_of(digest));
        if let (Some(digest), None, Some(catch_up)) = (digest, &known, &self.layer.catch_up) {
            let answer = catch_up(digest);
            let handle = handle.clone();
            // The instance that was made ready waits with the request; its clone, which is not, stays.
            let unready = self.inner.clone();
            let inner = mem::replace(&mut self.inner, unready);
            return ResponseFuture::catch_up(answer, handle, inner, request, context);
        }
        let context = pin(context, known, handle);
        ResponseFuture::forward(&mut self.inner, request, context)
    }
}

impl<S> CarryIn<S> {
    fn context<B: http_body::Body>(&self, request: &mut Request<B>) -> Context {
        let time = time_of(request).filter(|_| self.layer.keeps_deadlines);
        let headers = request.headers_mut();
        if self.layer.headers.lists(&REQUEST_ID) {
            identify(headers, || self.layer.dice.roll());
        }
        let context = Context::new(self.layer.headers.of(headers));
        match time.and_then(|time| Instant::now().checked_add(time)) {
            Some(deadline) => context.due(deadline),
            None => context,
        }
    }
}

/// The context with the table asked for, or the newest.
pub(super) fn pin(context: Context, asked: Option<Arc<Snapshot>>, handle: &Handle) -> Context {
    context.pinned(asked.unwrap_or_else(|| handle.snapshot()), Instant::now() + PINNED_FOR)
}

/// Announces the trace that a request belongs to, where it has no span here.
fn note_trace(headers: &HeaderMap) {
    note(|exchange| {
        if exchange.traced.is_none() {
            exchange.trace = Incoming::read(headers).context;
        }
    });
}

/// How many headers the layers below usually add: the request's id, who calls, and which documents decided.
const ADDED: usize = 5;

/// A client whose calls carry the headers of the request that causes them. Made by
/// [`CarryOutLayer`](super::CarryOutLayer).
#[derive(Clone, Debug)]
pub struct CarryOut<S> {
    pub(super) inner: S,
    pub(super) dice: Dice,
}

impl<S, B> Service<Request<B>> for CarryOut<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let headers = request.headers_mut();
        if headers.len() + ADDED > headers.capacity() {
            // Once, and not when the last of them comes, since a map that grows takes memory twice.
            headers.reserve(ADDED);
        }
        if let Some(context) = Context::current() {
            context.apply(headers);
        }
        identify(headers, || self.dice.roll());
        note_trace(headers);
        self.inner.call(request)
    }
}
