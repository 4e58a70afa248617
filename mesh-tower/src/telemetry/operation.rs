//! Tells what requests ask for, from within an application.

use crate::event::note;
use http::{Extensions, Request};
use std::{
    fmt,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// The longest name of an operation that is told, in bytes.
pub(super) const LONGEST: usize = 256;

/// Wraps what a router has chosen, and tells metrics the operation: the request's method and the pattern that matched.
///
/// Only a router knows the pattern, so this belongs below it; metrics have it in the label `operation` where
/// [`Config::operations`](crate::mesh::Config::operations) allows that. Calls of gRPC need no such layer.
///
/// # Example
///
/// ```
/// use axum::{Router, extract::MatchedPath, routing::get};
/// use mesh_tower::telemetry::OperationLayer;
///
/// let pattern = OperationLayer::new(|found| found.get::<MatchedPath>().map(MatchedPath::as_str));
/// let app: Router = Router::new().route("/product/{id}", get(async || "a chair")).route_layer(pattern);
/// ```
#[derive(Clone, Copy)]
pub struct OperationLayer<F> {
    pattern: F,
}

impl<F> OperationLayer<F>
where
    F: Fn(&Extensions) -> Option<&str>,
{
    /// `pattern` finds the pattern in what the router has left in the request's extensions.
    pub fn new(pattern: F) -> Self {
        Self { pattern }
    }
}

impl<S, F: Clone> Layer<S> for OperationLayer<F> {
    type Service = Operation<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        Operation { inner, pattern: self.pattern.clone() }
    }
}

/// A service whose requests are told as one operation. Made by [`OperationLayer`].
#[derive(Clone, Copy)]
pub struct Operation<S, F> {
    inner: S,
    pattern: F,
}

impl<S, F, B> Service<Request<B>> for Operation<S, F>
where
    S: Service<Request<B>>,
    F: Fn(&Extensions) -> Option<&str>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        if let Some(pattern) = (self.pattern)(request.extensions()).filter(|pattern| pattern.len() < LONGEST)
        {
            note(|exchange| {
                exchange.operation.clear();
                exchange.operation.extend([request.method().as_str(), " ", pattern]);
            });
        }
        self.inner.call(request)
    }
}

impl<F> fmt::Debug for OperationLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationLayer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Operation<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("inner", &self.inner).finish_non_exhaustive()
    }
}
