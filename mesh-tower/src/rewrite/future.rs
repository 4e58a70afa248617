use super::policy::Pending;
use crate::BoxError;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`Rewrite`](super::Rewrite).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        pending: Pending,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, pending: Pending) -> Self {
        Self { future, pending }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Changed where it is: a response that is taken out is copied, and here twice.
        let mut ended = this.future.poll(cx).map_err(Into::into);
        if let Poll::Ready(Ok(response)) = &mut ended {
            this.pending.change(response.headers_mut());
        }
        ended
    }
}
