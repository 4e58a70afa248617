use super::{future::ResponseFuture, layer::RouteLayer, policy::judge};
use crate::{
    BoxError, Context, Error, Kind,
    context::{Decided, GENERATION_HEADER, Routed},
    event::note,
};
use http::{Request, Response};
use mesh_core::table::{Decision, Snapshot, normalized};
use std::{
    sync::Arc,
    task::{self, Poll},
};
use tower_service::Service;

/// A service whose requests are decided before they reach it. Made by [`RouteLayer`].
#[derive(Clone, Debug)]
pub struct Route<S> {
    pub(super) inner: S,
    pub(super) layer: RouteLayer,
}

impl<S, B, R> Service<Request<B>> for Route<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let snapshot = self.snapshot();
        // Rules and services see one form of a path, or a rule could be walked around.
        match normalized(request.uri(), snapshot.path_normalization()) {
            Ok(None) => {}
            Ok(Some(uri)) => *request.uri_mut() = uri,
            Err(invalid) => return ResponseFuture::refuse(Error::because(Kind::InvalidPath, invalid)),
        }
        let roll = self.layer.sticky.as_ref().and_then(|sticky| sticky.roll(request.headers()));
        let roll = roll.unwrap_or_else(|| self.layer.dice.roll());
        match judge(snapshot, &request, self.layer.place, roll) {
            Ok(routed) => {
                self.announce(&routed, &mut request);
                note(|exchange| {
                    exchange.backend = routed.backend().ok().flatten().map(Arc::clone);
                    exchange.decided = Some(routed.decided().clone());
                });
                let changes = |decided: &&Decided| {
                    decided.target().is_some_and(|target| !target.response_headers.is_empty())
                };
                let decided = Some(routed.decided()).filter(changes).cloned();
                request.extensions_mut().insert(routed);
                ResponseFuture::forward(self.inner.call(request), decided)
            }
            Err(kind) => ResponseFuture::refuse(Error::new(kind)),
        }
    }
}

impl<S> Route<S> {
    /// The request's only load of a table, unless one was pinned for it at the door of this process.
    fn snapshot(&self) -> Arc<Snapshot> {
        let pinned = Context::current().and_then(|context| context.snapshot().cloned());
        pinned.unwrap_or_else(|| self.layer.handle.snapshot())
    }

    /// Tells the next process which documents decided.
    fn announce<B>(&self, routed: &Routed, request: &mut Request<B>) {
        // A host that nobody described may be anybody's: what we run is not theirs to know.
        if let Decision::Forward(_) = routed.decision() {
            let value = self.layer.generations.value(routed.snapshot().digest());
            request.headers_mut().insert(GENERATION_HEADER, value);
        }
    }
}
