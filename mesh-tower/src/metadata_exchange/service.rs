use super::{
    future::ResponseFuture,
    layer::{MetadataExchangeLayer, Part},
    policy::take,
};
use crate::{Routed, event::note};
use http::{HeaderValue, Request, Response};
use mesh_core::table::Decision;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service both ends of whose requests know each other. Made by [`MetadataExchangeLayer`].
#[derive(Clone, Debug)]
pub struct MetadataExchange<S> {
    pub(super) inner: S,
    pub(super) layer: MetadataExchangeLayer,
}

impl<S, B, R> Service<Request<B>> for MetadataExchange<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match &self.layer.part {
            Part::Client(own) => {
                let routed = request.extensions().get::<Routed>();
                let is_ours = routed.is_some_and(|routed| matches!(routed.decision(), Decision::Forward(_)));
                if is_ours {
                    own.put(request.headers_mut());
                }
                let peers = is_ours.then(|| self.layer.peers.clone());
                ResponseFuture::learn(self.inner.call(request), peers)
            }
            Part::Server(own) => {
                let (has_id, metadata) = take(request.headers_mut());
                self.learn(metadata.as_ref());
                ResponseFuture::tell(self.inner.call(request), has_id.then(|| own.clone()))
            }
            Part::Silent => ResponseFuture::tell(self.inner.call(request), None),
            Part::Gateway => {
                take(request.headers_mut());
                ResponseFuture::learn(self.inner.call(request), None)
            }
        }
    }
}

impl<S> MetadataExchange<S> {
    fn learn(&self, metadata: Option<&HeaderValue>) {
        if let Some(peer) = metadata.and_then(|metadata| self.layer.peers.of(metadata.as_bytes())) {
            note(|exchange| exchange.peer = Some(peer));
        }
    }
}
