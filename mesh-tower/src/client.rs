//! The client for calls to other services of the mesh.

use crate::{body::Body, error::BoxError, stack::Outbound};
use bytes::Bytes;
use http::{Request, Response};
use std::{
    fmt,
    task::{Context, Poll},
};
use tower::util::ServiceExt;
use tower_service::Service;

/// Calls other services, routed and cared for by the mesh's documents. Clones share their connections.
///
/// A tower service, too. What the mesh refuses is a response with the status that Envoy would give; an error means that
/// the request itself was unusable, or that a body failed on the way.
#[derive(Clone)]
pub struct Client {
    stack: Outbound,
}

impl Client {
    pub(crate) fn new(stack: Outbound) -> Self {
        Self { stack }
    }

    /// Gets `url`: `http://service/path`, where the service has any of the names it has in Istio.
    ///
    /// Cancel safe: dropping the future gives up the request.
    ///
    /// # Errors
    /// When `url` is not a URL.
    pub async fn get(&self, url: &str) -> Result<Response<Body>, BoxError> {
        self.request(Request::get(url).body(Body::empty())?).await
    }

    /// Sends a request. Cancel safe: dropping the future gives up the request.
    ///
    /// # Errors
    /// When a layer of one's own fails; the mesh's refusals are responses.
    pub async fn request(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        self.stack.clone().oneshot(request).await
    }
}

impl<B> Service<Request<B>> for Client
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = <Outbound as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request<Body>>::poll_ready(&mut self.stack, cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.stack.call(request.map(Body::new))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
