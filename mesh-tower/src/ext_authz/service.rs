use super::{
    check::Check,
    future::ResponseFuture,
    layer::{ExtAuthzLayer, Origin},
};
use crate::{Body, BoxError, Error, Kind};
use bytes::Bytes;
use http::{Request, Response};
use mesh_core::model;
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// A service whose requests another one is asked about. Made by [`ExtAuthzLayer`].
#[derive(Clone, Debug)]
pub struct ExtAuthz<S> {
    pub(super) inner: S,
    pub(super) layer: ExtAuthzLayer,
}

impl<S, B, R> Service<Request<B>> for ExtAuthz<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.layer.asked(&request) {
            Ok(asked) if asked.is_empty() => ResponseFuture::forward(self.inner.call(request.map(Body::new))),
            Ok(asked) => {
                let check = Check { caller: self.layer.caller.clone(), place: self.layer.place };
                let checked = check.all(asked, request.map(Body::new));
                ResponseFuture::check(Box::pin(checked), self.inner.clone())
            }
            Err(error) => ResponseFuture::refuse(error),
        }
    }
}

impl ExtAuthzLayer {
    /// Who is asked about a request; an error when nobody knows who that is. Allocates nothing when nobody is asked.
    fn asked<B>(&self, request: &Request<B>) -> Result<Vec<Arc<model::ExtAuthz>>, Error> {
        let handle = match &self.origin {
            Origin::Fixed(ext_authz) => return Ok(vec![Arc::clone(ext_authz)]),
            Origin::Inbound(handle) => handle,
        };
        // The newest table, whatever table the request keeps: who names an old one must not get around a new rule.
        let snapshot = handle.snapshot();
        let inbound = snapshot.inbound();
        let view = self.place.view(request, inbound.trusted_proxies());
        let mut asked: Vec<Arc<model::ExtAuthz>> = Vec::new();
        for (name, _) in inbound.custom(&view) {
            match inbound.ext_authz(name) {
                Some(ext_authz) if asked.contains(ext_authz) => {}
                Some(ext_authz) => asked.push(Arc::clone(ext_authz)),
                None => {
                    return Err(Error::because(
                        Kind::NoAuthorizer,
                        format!("no extension provider {name:?}"),
                    ));
                }
            }
        }
        Ok(asked)
    }
}
