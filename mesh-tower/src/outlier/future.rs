use super::{policy, state::Attempt};
use crate::BoxError;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`Outlier`](super::Outlier).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        attempt: Option<Attempt>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, attempt: Option<Attempt>) -> Self {
        Self { future, attempt }
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
        // Looked at where it is: a response that is taken out is copied, and here twice.
        let ended = this.future.poll(cx).map_err(Into::into);
        if let Poll::Ready(ended) = &ended
            && let Some(attempt) = this.attempt.take()
        {
            let outcome = match ended {
                Ok(response) => Some(policy::answer(response.status().as_u16(), response.headers())),
                Err(error) => policy::failure(error),
            };
            attempt.ended(outcome);
        }
        ended
    }
}
