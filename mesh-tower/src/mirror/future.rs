use super::{body::MirrorBody, copies::Original};
use crate::BoxError;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Mirror`](super::Mirror): that of the request itself.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        original: Option<Original>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, original: Option<Original>) -> Self {
        Self { future, original }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<MirrorBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.future.poll(cx));
        // Whatever becomes of this future later, a request that failed is over.
        let original = this.original.take();
        let response = outcome.map_err(Into::into)?;
        Poll::Ready(Ok(response.map(|body| MirrorBody::new(body, original))))
    }
}
