use super::policy;
use crate::{BoxError, Error, Kind, passing::ResponseFuture};
use http::{Request, Response};
use mesh_core::{table::normalized, watch::Handle};
use std::task::{Context, Poll};
use tower_service::Service;

/// A server whose paths and hosts are read in one way only. Made by [`NormalizeLayer`](super::NormalizeLayer).
#[derive(Clone, Debug)]
pub struct Normalize<S> {
    pub(super) inner: S,
    pub(super) handle: Handle,
}

impl<S, B, R> Service<Request<B>> for Normalize<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if !policy::settle(&mut request) {
            return ResponseFuture::refuse(Error::new(Kind::InvalidHost));
        }
        match normalized(request.uri(), self.handle.snapshot().path_normalization()) {
            Ok(uri) => {
                if let Some(uri) = uri {
                    *request.uri_mut() = uri;
                }
                ResponseFuture::forward(self.inner.call(request))
            }
            Err(invalid) => ResponseFuture::refuse(Error::because(Kind::InvalidPath, invalid)),
        }
    }
}
