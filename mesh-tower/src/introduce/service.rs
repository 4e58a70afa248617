use super::policy::{Earlier, introduce};
use crate::context::Arrival;
use http::Request;
use std::task::{Context, Poll};
use tower_service::Service;

/// A server whose requests say who is at the other end of their connection. Made by
/// [`IntroduceLayer`](super::IntroduceLayer).
#[derive(Clone, Debug)]
pub struct Introduce<S> {
    pub(super) inner: S,
    pub(super) earlier: Earlier,
}

impl<S, B> Service<Request<B>> for Introduce<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let arrival = request.extensions().get::<Arrival>().cloned();
        introduce(request.headers_mut(), arrival.as_ref(), self.earlier);
        self.inner.call(request)
    }
}
