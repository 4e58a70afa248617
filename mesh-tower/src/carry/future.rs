use super::{body::CarryBody, policy::CATCH_UP_WITHIN, service::pin};
use crate::{BoxError, Context, Error, Kind};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use mesh_core::{table::Snapshot, watch::Handle};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};
use tokio::time::{Sleep, Timeout, sleep_until, timeout};
use tower_service::Service;

pin_project! {
    /// The response of [`CarryIn`](super::CarryIn).
    pub struct ResponseFuture<S, Q>
    where
        S: Service<Q>,
    {
        #[pin]
        state: State<S, Q>,
        // Boxed: most requests have none, and keep a small future.
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q>
    where
        S: Service<Q>,
    {
        // Boxed: it is rare, and all others keep a small future.
        CatchUp { waiting: Box<Waiting<S, Q>> },
        Forward { #[pin] future: S::Future, context: Context },
    }
}

/// A request whose table is not here yet.
struct Waiting<S, Q> {
    answer: Pin<Box<Timeout<Answer>>>,
    handle: Handle,
    context: Context,
    then: Option<(S, Q)>,
}

type Answer = BoxFuture<'static, Option<Arc<Snapshot>>>;

impl<S, B> ResponseFuture<S, Request<B>>
where
    S: Service<Request<B>>,
{
    pub(super) fn forward(inner: &mut S, request: Request<B>, context: Context) -> Self {
        let deadline = deadline_of(&context);
        Self { state: State::forward(inner, request, context), deadline }
    }

    pub(super) fn catch_up(
        answer: Answer,
        handle: Handle,
        inner: S,
        request: Request<B>,
        context: Context,
    ) -> Self {
        let answer = Box::pin(timeout(CATCH_UP_WITHIN, answer));
        let deadline = deadline_of(&context);
        let waiting = Waiting { answer, handle, context, then: Some((inner, request)) };
        Self { state: State::CatchUp { waiting: Box::new(waiting) }, deadline }
    }
}

fn deadline_of(context: &Context) -> Option<Pin<Box<Sleep>>> {
    context.due_by().map(|deadline| Box::pin(sleep_until(deadline)))
}

impl<S, Q> State<S, Q>
where
    S: Service<Q>,
{
    fn forward(inner: &mut S, request: Q, context: Context) -> Self {
        // A service may do its work in `call` already.
        let future = context.clone().sync_scope(|| inner.call(request));
        Self::Forward { future, context }
    }
}

impl<S, Q, R> Future for ResponseFuture<S, Q>
where
    S: Service<Q, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<CarryBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The handler first: an answer that is there in the same moment is not late. Nor does it ever start the timer.
        let answer = this.state.poll(cx);
        if answer.is_pending()
            && this.deadline.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready())
        {
            return Poll::Ready(Err(Error::new(Kind::RouteTimeout).into()));
        }
        answer
    }
}

impl<S, Q> State<S, Q>
where
    S: Service<Q>,
    S::Error: Into<BoxError>,
{
    fn poll<R>(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<Response<CarryBody<R>>, BoxError>>
    where
        S: Service<Q, Response = Response<R>>,
    {
        loop {
            match self.as_mut().project() {
                StateProjection::CatchUp { waiting } => {
                    let (mut inner, request, context) = ready!(waiting.poll(cx));
                    self.set(Self::forward(&mut inner, request, context));
                }
                StateProjection::Forward { future, context } => {
                    let response = ready!(context.clone().sync_scope(|| future.poll(cx)));
                    let response = response.map_err(Into::into)?;
                    return Poll::Ready(Ok(response.map(|body| CarryBody::new(body, context.clone()))));
                }
            }
        }
    }
}

impl<S, Q> Waiting<S, Q> {
    fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<(S, Q, Context)> {
        let answer = ready!(self.answer.as_mut().poll(cx)).ok().flatten();
        let (inner, request) = self.then.take().expect("a future is not polled after it is done");
        Poll::Ready((inner, request, pin(self.context.clone(), answer, &self.handle)))
    }
}

impl<S, Q> fmt::Debug for ResponseFuture<S, Q>
where
    S: Service<Q>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::CatchUp { .. } => "CatchUp",
            State::Forward { .. } => "Forward",
        })
    }
}
