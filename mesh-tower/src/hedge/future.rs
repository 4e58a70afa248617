use super::{
    attempts::Attempts,
    policy,
    state::{Active, Slot},
};
use crate::{Body, BoxError};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Sleep, sleep};
use tower::util::Oneshot;
use tower_service::Service;

pin_project! {
    /// The response of [`Hedge`](super::Hedge).
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
        // Boxed: what is kept for hedges is much larger than the future of a request that has none.
        Race { race: Pin<Box<Race<S>>> },
    }
}

pin_project! {
    struct Race<S>
    where
        S: Service<Request<Body>>,
    {
        inner: S,
        attempts: Attempts,
        // None once it is over, with its stream.
        #[pin]
        first: Option<S::Future>,
        hedges: Vec<Running<S>>,
        // Made when all tries under way have been sent.
        #[pin]
        wait: Option<Sleep>,
        // What is answered if nothing better comes.
        worse: Option<Result<S::Response, BoxError>>,
    }
}

type Outcome<R> = Result<Response<R>, BoxError>;

/// A hedge under way, with its share of the budget.
type Running<S> = (Pin<Box<Oneshot<S, Request<Body>>>>, Slot);

impl<S> ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    pub(super) fn forward(future: S::Future, active: Active) -> Self {
        Self { state: State::Forward { future }, active: Some(active) }
    }

    pub(super) fn race(inner: S, first: S::Future, attempts: Attempts, active: Active) -> Self {
        let race = Race { inner, attempts, first: Some(first), hedges: Vec::new(), wait: None, worse: None };
        Self { state: State::Race { race: Box::pin(race) }, active: Some(active) }
    }
}

impl<S, R> Future for ResponseFuture<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = match this.state.project() {
            StateProjection::Forward { future } => ready!(future.poll(cx)).map_err(Into::into),
            StateProjection::Race { race } => {
                let outcome = ready!(race.as_mut().poll(cx));
                race.as_mut().reset_others();
                outcome
            }
        };
        *this.active = None;
        Poll::Ready(outcome)
    }
}

impl<S, R> Future for Race<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(outcome) = self.as_mut().poll_tries(cx) {
                return Poll::Ready(outcome);
            }
            ready!(self.as_mut().poll_wait(cx));
            let mut this = self.as_mut().project();
            this.wait.set(None);
            if let Some((request, slot)) = this.attempts.next() {
                this.hedges.push((Box::pin(Oneshot::new(this.inner.clone(), request)), slot));
            }
        }
    }
}

impl<S, R> Race<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    /// The first good outcome; when all tries are over, the best of the others.
    fn poll_tries(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<R>> {
        let mut this = self.project();
        if let Some(first) = this.first.as_mut().as_pin_mut()
            && let Poll::Ready(outcome) = first.poll(cx)
        {
            this.first.set(None);
            if let Some(good) = good(outcome.map_err(Into::into), this.worse) {
                return Poll::Ready(good);
            }
        }
        let mut index = 0;
        while let Some((hedge, _)) = this.hedges.get_mut(index) {
            let Poll::Ready(outcome) = hedge.as_mut().poll(cx) else {
                index += 1;
                continue;
            };
            this.hedges.swap_remove(index);
            if let Some(good) = good(outcome.map_err(Into::into), this.worse) {
                return Poll::Ready(good);
            }
        }
        let is_over = this.first.is_none() && this.hedges.is_empty();
        this.worse.take_if(|_| is_over).map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits until another try is due.
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.wait.is_none() {
            let wait = ready!(this.attempts.poll_wait(cx));
            this.wait.set(Some(sleep(wait)));
        }
        this.wait.as_pin_mut().map_or(Poll::Pending, |wait| wait.poll(cx))
    }

    /// Ends the tries that were slower.
    fn reset_others(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.first.set(None);
        this.hedges.clear();
        *this.worse = None;
    }
}

/// An outcome if it is good; else it becomes the one for want of a better, which is an answer rather than an error.
fn good<R>(outcome: Outcome<R>, worse: &mut Option<Outcome<R>>) -> Option<Outcome<R>> {
    if policy::is_good(&outcome) {
        return Some(outcome);
    }
    if outcome.is_ok() || !matches!(worse, Some(Ok(_))) {
        *worse = Some(outcome);
    }
    None
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } => "Forward",
            State::Race { .. } => "Race",
        })
    }
}
