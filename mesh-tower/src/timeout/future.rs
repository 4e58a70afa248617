use super::{body::TimeoutBody, clock::Clock};
use crate::{AnswerBy, BoxError, Error, Kind, reply::is_upgrade};
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Timeout`](super::Timeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // None when there was no time left to begin.
        #[pin]
        future: Option<F>,
        #[pin]
        clock: Option<Clock>,
        asks_for_tunnel: bool,
        is_silent: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(
        future: Option<F>,
        by: Option<AnswerBy>,
        asks_for_tunnel: bool,
        is_silent: bool,
    ) -> Self {
        Self { future, clock: by.map(Clock::new), asks_for_tunnel, is_silent }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<TimeoutBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let is_silent = *this.is_silent;
        let Some(future) = this.future.as_pin_mut() else { return Poll::Ready(Err(late(is_silent))) };
        // The response first: one that is there in the same moment is not late. Nor does it ever start the timer.
        if let Poll::Ready(ended) = future.poll(cx) {
            let by = this.clock.as_ref().as_pin_ref().map(|clock| clock.get_ref().by().clone());
            return Poll::Ready(ended.map_err(|error| silenced(error.into(), is_silent)).map(|response| {
                let by = by.filter(|_| !is_upgrade(*this.asks_for_tunnel, response.status()));
                response.map(|body| TimeoutBody::new(body, by))
            }));
        }
        let Some(clock) = this.clock.as_pin_mut() else { return Poll::Pending };
        ready!(clock.poll(cx));
        Poll::Ready(Err(late(is_silent)))
    }
}

fn late(is_silent: bool) -> BoxError {
    silenced(Error::new(Kind::RouteTimeout).into(), is_silent)
}

/// Tells whoever answers that the request asked for nothing in the place of an error about time.
fn silenced(mut error: BoxError, is_silent: bool) -> BoxError {
    let late = error.downcast_mut::<Error>().filter(|_| is_silent);
    if let Some(late) = late.filter(|late| matches!(late.kind(), Kind::RouteTimeout | Kind::PerTryTimeout)) {
        late.silence();
    }
    error
}
