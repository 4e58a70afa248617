use super::{
    bench::Bench,
    layer::JwtLayer,
    service::{Halted, pass},
    source::Flight,
};
use crate::{BoxError, Error, Kind, TokenFault};
use futures_util::future::BoxFuture;
use http::Request;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// How often a request waits for keys at most: each of its rules may need some, and look again for a new one.
const MOST_WAITS: usize = 8;

pin_project! {
    /// The response of [`Jwt`](super::Jwt).
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
        // Boxed: it is rare, and all others keep a small future.
        Wait { waiting: Box<Waiting<S, Q>> },
        Forward { #[pin] future: S::Future },
        Refuse { error: Option<Error> },
    }
}

/// A request whose tokens cannot be judged before keys are there.
struct Waiting<S, Q> {
    flight: BoxFuture<'static, ()>,
    layer: JwtLayer,
    bench: Arc<Bench>,
    waits: usize,
    then: Option<(S, Q)>,
}

impl<S, B> ResponseFuture<S, Request<B>>
where
    S: Service<Request<B>>,
{
    pub(super) fn forward(future: S::Future) -> Self {
        Self { state: State::Forward { future } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }

    pub(super) fn wait(
        flight: Flight,
        layer: JwtLayer,
        bench: Arc<Bench>,
        inner: S,
        request: Request<B>,
    ) -> Self {
        let then = Some((inner, request));
        let waiting = Waiting { flight: end_of(flight), layer, bench, waits: 1, then };
        Self { state: State::Wait { waiting: Box::new(waiting) } }
    }
}

fn end_of(mut flight: Flight) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        // It ends by closing.
        let _ = flight.changed().await;
    })
}

impl<S, B> Future for ResponseFuture<S, Request<B>>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Wait { waiting } => {
                    let next = ready!(waiting.poll(cx));
                    state.set(next);
                }
                StateProjection::Forward { future } => return future.poll(cx).map_err(Into::into),
                StateProjection::Refuse { error } => {
                    let error = error.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
    }
}

impl<S, B> Waiting<S, Request<B>>
where
    S: Service<Request<B>>,
{
    /// What becomes of the request once its tokens can be judged.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<State<S, Request<B>>> {
        loop {
            ready!(self.flight.as_mut().poll(cx));
            let (mut inner, mut request) = self.then.take().expect("a future is not polled after it is done");
            match pass(&self.layer, &self.bench, &mut request) {
                Ok(()) => return Poll::Ready(State::Forward { future: inner.call(request) }),
                Err(Halted::Refused(error)) => return Poll::Ready(State::Refuse { error: Some(error) }),
                Err(Halted::Waits(_)) if self.waits == MOST_WAITS => {
                    let error = Error::new(Kind::BadToken(TokenFault::KeysNotFetched));
                    return Poll::Ready(State::Refuse { error: Some(error) });
                }
                Err(Halted::Waits(flight)) => {
                    self.waits += 1;
                    self.flight = end_of(flight);
                    self.then = Some((inner, request));
                }
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
            State::Wait { .. } => "Wait",
            State::Forward { .. } => "Forward",
            State::Refuse { .. } => "Refuse",
        })
    }
}
