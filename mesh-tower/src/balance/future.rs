use crate::error::{BoxError, Error};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response, or the refusal when there is no endpoint.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Send { #[pin] future: F },
        Refuse { error: Option<Error> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn send(future: F) -> Self {
        Self { state: State::Send { future } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Send { future } => future.poll(cx).map_err(Into::into),
            StateProjection::Refuse { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                // Polled again after it ended, which futures may answer as they like.
                None => Poll::Pending,
            },
        }
    }
}
