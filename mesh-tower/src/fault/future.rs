use crate::{BoxError, Error};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Sleep, sleep};
use tower::util::Oneshot;
use tower_service::Service;

pin_project! {
    /// The response of [`Fault`](super::Fault).
    pub struct ResponseFuture<S, Q>
    where
        S: Service<Q>,
    {
        #[pin]
        state: State<S, Q>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q>
    where
        S: Service<Q>,
    {
        Forward { #[pin] future: S::Future },
        Refuse { error: Option<Error> },
        // Boxed: a delayed request can afford it, and all others keep a small future.
        Delay { delayed: Pin<Box<Delayed<S, Q>>> },
    }
}

pin_project! {
    #[project = DelayedProjection]
    enum Delayed<S, Q>
    where
        S: Service<Q>,
    {
        Wait { #[pin] sleep: Sleep, then: Option<Then<S, Q>> },
        Forward { #[pin] future: Oneshot<S, Q> },
    }
}

/// What follows a delay.
type Then<S, Q> = Result<(S, Q), Error>;

impl<S, Q> ResponseFuture<S, Q>
where
    S: Service<Q>,
{
    pub(super) fn forward(future: S::Future) -> Self {
        Self { state: State::Forward { future } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }

    pub(super) fn delay(lasting: Duration, then: Then<S, Q>) -> Self {
        let delayed = Delayed::Wait { sleep: sleep(lasting), then: Some(then) };
        Self { state: State::Delay { delayed: Box::pin(delayed) } }
    }
}

impl<S, Q> Future for ResponseFuture<S, Q>
where
    S: Service<Q>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future } => future.poll(cx).map_err(Into::into),
            StateProjection::Refuse { error } => {
                let error = error.take().expect("a future is not polled after it is done");
                Poll::Ready(Err(error.into()))
            }
            StateProjection::Delay { delayed } => delayed.as_mut().poll(cx),
        }
    }
}

impl<S, Q> Future for Delayed<S, Q>
where
    S: Service<Q>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project() {
                DelayedProjection::Wait { sleep, then } => {
                    ready!(sleep.poll(cx));
                    let (inner, request) = then.take().expect("a future is not polled after it is done")?;
                    self.set(Self::Forward { future: Oneshot::new(inner, request) });
                }
                DelayedProjection::Forward { future } => return future.poll(cx).map_err(Into::into),
            }
        }
    }
}

impl<S, Q> fmt::Debug for ResponseFuture<S, Q>
where
    S: Service<Q>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } => "Forward",
            State::Refuse { .. } => "Refuse",
            State::Delay { .. } => "Delay",
        })
    }
}
