//! The future of layers that let a request pass, or do not, as soon as they see it.

use crate::{BoxError, Error};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response to a request that passes, or the refusal of one that does not.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjection]
    enum State<F> {
        Forward { #[pin] future: F },
        Refuse { error: Option<Error> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn forward(future: F) -> Self {
        Self { state: State::Forward { future } }
    }

    pub(crate) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future } => future.poll(cx).map_err(Into::into),
            StateProjection::Refuse { error } => {
                let error = error.take().expect("a future is not polled after it is done");
                Poll::Ready(Err(error.into()))
            }
        }
    }
}
