use super::{
    future::ResponseFuture,
    state::{Backends, Standing},
};
use crate::{BoxError, Routed};
use http::Request;
use mesh_core::table::{Backend, Names};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower::util::ServiceExt;
use tower_service::Service;

/// A service whose requests go to addresses. Made by [`ResolveLayer`](super::ResolveLayer).
#[derive(Clone, Debug)]
pub struct Resolve<S> {
    pub(super) inner: S,
    pub(super) backends: Arc<Backends>,
}

impl<S, B> Service<Request<B>> for Resolve<S>
where
    S: Service<Request<B>, Response: 'static, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.stand(&request) {
            None => {}
            Some(Standing::Resolved(backend)) => resolve(&mut request, backend),
            Some(Standing::Refused(error)) => return ResponseFuture::refuse(error),
            Some(Standing::Waiting(named)) => {
                let inner = self.inner.clone();
                return ResponseFuture::wait(async move {
                    resolve(&mut request, named.answered().await?);
                    inner.oneshot(request).await.map_err(Into::into)
                });
            }
        }
        ResponseFuture::forward(self.inner.call(request))
    }
}

impl<S> Resolve<S> {
    /// How the backend of a request stands, if its endpoints have names.
    fn stand<B>(&self, request: &Request<B>) -> Option<Standing> {
        let routed = request.extensions().get::<Routed>()?;
        self.backends.follow(routed.snapshot());
        let written = routed.backend().ok()??;
        (written.names != Names::None).then(|| self.backends.find(routed.snapshot(), written))
    }
}

fn resolve<B>(request: &mut Request<B>, backend: Arc<Backend>) {
    if let Some(routed) = request.extensions_mut().get_mut::<Routed>() {
        routed.resolve(backend);
    }
}
