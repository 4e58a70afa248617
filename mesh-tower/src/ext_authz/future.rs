use super::{changes::Change, check::Allowed};
use crate::{Body, BoxError, Error};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower::util::Oneshot;
use tower_service::Service;

pin_project! {
    /// The response of [`ExtAuthz`](super::ExtAuthz).
    pub struct ResponseFuture<S>
    where
        S: Service<Request<Body>>,
    {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<Request<Body>>,
    {
        Forward { #[pin] future: S::Future },
        Refuse { error: Option<Error> },
        // Boxed: a request that waits for another service can afford it, and all others keep a small future.
        Check { checking: Box<Checking<S>> },
        Allow { allowed: Box<Passing<S>> },
    }
}

/// A request that a service is asked about.
struct Checking<S> {
    answer: Answer,
    inner: Option<S>,
}

type Answer = BoxFuture<'static, Result<Allowed, BoxError>>;

/// A request that may pass.
struct Passing<S>
where
    S: Service<Request<Body>>,
{
    future: Pin<Box<Oneshot<S, Request<Body>>>>,
    changes: Vec<Change>,
}

impl<S> ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    pub(super) fn forward(future: S::Future) -> Self {
        Self { state: State::Forward { future } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }

    pub(super) fn check(answer: Answer, inner: S) -> Self {
        Self { state: State::Check { checking: Box::new(Checking { answer, inner: Some(inner) }) } }
    }
}

impl<S, R> Future for ResponseFuture<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Forward { future } => return future.poll(cx).map_err(Into::into),
                StateProjection::Refuse { error } => {
                    let error = error.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Err(error.into()));
                }
                StateProjection::Check { checking } => {
                    let (request, changes) = ready!(checking.answer.as_mut().poll(cx))?;
                    let inner = checking.inner.take().expect("a future is not polled after it is done");
                    let future = Box::pin(Oneshot::new(inner, request));
                    this.state.set(State::Allow { allowed: Box::new(Passing { future, changes }) });
                }
                StateProjection::Allow { allowed } => {
                    let mut response = ready!(allowed.future.as_mut().poll(cx)).map_err(Into::into)?;
                    let changes = std::mem::take(&mut allowed.changes);
                    changes.into_iter().for_each(|change| change.apply(response.headers_mut()));
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } | State::Allow { .. } => "Forward",
            State::Refuse { .. } => "Refuse",
            State::Check { .. } => "Check",
        })
    }
}
