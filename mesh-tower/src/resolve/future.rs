use crate::{BoxError, Error};
use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`Resolve`](super::Resolve).
    pub struct ResponseFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R> {
        Forward { #[pin] future: F },
        // Boxed: the first request to a backend can afford it, and all others keep a small future.
        Wait { answer: BoxFuture<'static, Result<R, BoxError>> },
        Refuse { error: Option<Box<Error>> },
    }
}

impl<F, R> ResponseFuture<F, R> {
    pub(super) fn forward(future: F) -> Self {
        Self { state: State::Forward { future } }
    }

    pub(super) fn wait(answer: impl Future<Output = Result<R, BoxError>> + Send + 'static) -> Self {
        Self { state: State::Wait { answer: Box::pin(answer) } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(Box::new(error)) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future } => future.poll(cx).map_err(Into::into),
            StateProjection::Wait { answer } => answer.as_mut().poll(cx),
            StateProjection::Refuse { error } => {
                let error = error.take().expect("a future is not polled after it is done");
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } => "Forward",
            State::Wait { .. } => "Wait",
            State::Refuse { .. } => "Refuse",
        })
    }
}
