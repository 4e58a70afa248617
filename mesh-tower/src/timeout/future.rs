use super::{body::TimeoutBody, policy::is_upgrade};
use crate::{BoxError, Error, Kind};
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

pin_project! {
    /// The response of [`Timeout`](super::Timeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Option<Sleep>,
        asks_for_tunnel: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, limit: Option<Duration>, asks_for_tunnel: bool) -> Self {
        Self { future, sleep: limit.map(sleep), asks_for_tunnel }
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
        let deadline = this.sleep.as_ref().as_pin_ref().map(|sleep| sleep.deadline());
        // The response first: one that is there in the same moment is not late. Nor does it ever start the timer.
        if let Poll::Ready(response) = this.future.poll(cx) {
            return Poll::Ready(response.map_err(Into::into).map(|response| {
                let deadline = deadline.filter(|_| !is_upgrade(*this.asks_for_tunnel, response.status()));
                response.map(|body| TimeoutBody::new(body, deadline))
            }));
        }
        let Some(sleep) = this.sleep.as_pin_mut() else { return Poll::Pending };
        ready!(sleep.poll(cx));
        Poll::Ready(Err(Error::new(Kind::RouteTimeout).into()))
    }
}
