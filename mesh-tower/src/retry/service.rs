use super::{
    attempts::Attempts, body::CountedBody, future::ResponseFuture, headers, layer::RetryLayer, policy,
    policy::Plan, state::Active,
};
use crate::{AnswerBy, Body, BoxError, Routed};
use http::{Request, Response};
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;
use tower_service::Service;

/// A service whose requests are tried again. Made by [`RetryLayer`].
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    shared: Arc<Shared<S>>,
}

/// What requests keep for as long as they may be tried again. They share one of it: services that retries are sent by would
/// be cloned for nothing by nearly every request.
#[derive(Debug)]
pub(super) struct Shared<S> {
    pub(super) layer: RetryLayer,
    /// What further tries are sent by, each by a clone of it.
    pub(super) again: S,
}

impl<S: Clone> Retry<S> {
    pub(super) fn new(inner: S, layer: RetryLayer) -> Self {
        Self { shared: Arc::new(Shared { layer, again: inner.clone() }), inner }
    }
}

impl<S, R> Service<Request<Body>> for Retry<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = Response<CountedBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clock is asked once, and not at all for a request that has all the time in the world.
        let by = AnswerBy::of_request(request.extensions()).cloned();
        let now = by.is_some().then(Instant::now);
        let left = by.as_ref().zip(now).map(|(by, now)| by.left(now));
        let plan = self.plan(&mut request, left);
        let active = self.active(&request);
        if plan.is_idle() {
            headers::tell(request.headers_mut(), 1, false, left);
            return ResponseFuture::forward(self.inner.call(request), active);
        }
        let attempts = Attempts::begin(&self.shared.layer, plan, &mut request, by.zip(now));
        ResponseFuture::retry(Arc::clone(&self.shared), self.inner.call(request), attempts, active)
    }
}

impl<S> Retry<S> {
    fn plan(&self, request: &mut Request<Body>, left: Option<Duration>) -> Plan {
        let routed = request.extensions().get::<Routed>();
        let mut plan = Plan::of(self.shared.layer.origin.policy(routed));
        let is_trusted = !routed.is_some_and(Routed::is_at_gateway);
        headers::take(request.headers_mut(), &mut plan, is_trusted);
        plan.is_delicate =
            self.shared.layer.is_cautious && policy::is_delicate(request.method(), request.headers());
        plan.within(left)
    }

    /// Counts the request, if its backend's retries are bound to the number of requests.
    fn active(&self, request: &Request<Body>) -> Option<Active> {
        let routed = request.extensions().get::<Routed>()?;
        let backend = routed.backend().ok()??;
        backend.policy.retry_budget?;
        Some(Active::new(self.shared.layer.limits.of(routed.snapshot(), &backend.name)))
    }
}
