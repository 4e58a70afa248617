use super::{attempts::Attempts, body::CountedBody, service::Shared, state::Active};
use crate::{Body, BoxError, Error, Kind};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::time::{Sleep, sleep};
use tower::util::Oneshot;
use tower_service::Service;

pin_project! {
    /// The response of [`Retry`](super::Retry).
    pub struct ResponseFuture<S>
    where
        S: Service<Request<Body>>,
    {
        #[pin]
        state: State<S>,
        active: Option<Active>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<Request<Body>>,
    {
        Forward { #[pin] future: S::Future },
        // Boxed: what is kept for further tries is much larger than the future of a request that has one.
        Retry { tries: Pin<Box<Tries<S>>> },
    }
}

pin_project! {
    struct Tries<S>
    where
        S: Service<Request<Body>>,
    {
        shared: Arc<Shared<S>>,
        attempts: Attempts,
        #[pin]
        step: Step<S>,
        // Of the try under way, made when its request has been sent.
        #[pin]
        limit: Option<Sleep>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<S>
    where
        S: Service<Request<Body>>,
    {
        First { #[pin] future: S::Future },
        // Boxed: few requests come so far, and all others keep a smaller future.
        Wait { sleep: Pin<Box<Sleep>> },
        Again { future: Pin<Box<Oneshot<S, Request<Body>>>> },
    }
}

impl<S> ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    pub(super) fn forward(future: S::Future, active: Option<Active>) -> Self {
        Self { state: State::Forward { future }, active }
    }

    pub(super) fn retry(
        shared: Arc<Shared<S>>,
        first: S::Future,
        attempts: Attempts,
        active: Option<Active>,
    ) -> Self {
        let tries = Tries { shared, attempts, step: Step::First { future: first }, limit: None };
        Self { state: State::Retry { tries: Box::pin(tries) }, active }
    }
}

impl<S, R> Future for ResponseFuture<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<CountedBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = match this.state.project() {
            StateProjection::Forward { future } => ready!(future.poll(cx)).map_err(Into::into),
            StateProjection::Retry { tries } => ready!(tries.as_mut().poll(cx)),
        };
        let active = this.active.take();
        Poll::Ready(outcome.map(|response| response.map(|body| CountedBody::new(body, active))))
    }
}

impl<S, R> Future for Tries<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let outcome = ready!(self.as_mut().poll_step(cx));
            let mut this = self.as_mut().project();
            this.limit.set(None);
            let Some(mut outcome) = outcome else {
                let future = Box::pin(Oneshot::new(this.shared.again.clone(), this.attempts.next()));
                this.step.set(Step::Again { future });
                continue;
            };
            let Some(wait) = this.attempts.judge(&this.shared.layer, &mut outcome) else {
                return Poll::Ready(outcome);
            };
            // With it the try ends, and its stream, before the wait begins.
            drop(outcome);
            this.step.set(Step::Wait { sleep: Box::pin(sleep(wait)) });
        }
    }
}

impl<S, R> Tries<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    /// The outcome of the try under way; `None` when a wait is over.
    fn poll_step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Response<R>, BoxError>>> {
        let mut this = self.project();
        let outcome = match this.step.project() {
            StepProjection::Wait { sleep } => return sleep.as_mut().poll(cx).map(|()| None),
            StepProjection::First { future } => future.poll(cx).map_err(Into::into),
            StepProjection::Again { future } => future.as_mut().poll(cx).map_err(Into::into),
        };
        if let Poll::Ready(outcome) = outcome {
            return Poll::Ready(Some(outcome));
        }
        if this.limit.is_none() {
            let limit = ready!(this.attempts.poll_limit(cx));
            this.limit.set(Some(sleep(limit)));
        }
        let Some(limit) = this.limit.as_pin_mut() else { return Poll::Pending };
        limit.poll(cx).map(|()| Some(Err(Error::new(Kind::PerTryTimeout).into())))
    }
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } => "Forward",
            State::Retry { .. } => "Retry",
        })
    }
}
