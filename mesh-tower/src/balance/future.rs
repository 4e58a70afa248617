use super::{
    body::BalanceBody,
    fleet::{Active, Stopwatch},
};
use crate::{BoxError, Error};
use http::{HeaderValue, Response, header::SET_COOKIE};
use http_body::Body;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Balance`](super::Balance).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjection]
    enum State<F> {
        Forward { #[pin] future: F, held: Held },
        Refuse { error: Option<Error> },
    }
}

/// What belongs to a request under way.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// That it counts.
    pub(super) active: Option<Active>,
    /// What is seldom there, hence boxed.
    pub(super) rest: Option<Box<Rest>>,
}

/// What belongs to few requests.
#[derive(Debug)]
pub(super) struct Rest {
    /// The cookie that the response hands to the client.
    pub(super) cookie: Option<HeaderValue>,
    /// What measures how long the answer takes.
    pub(super) stopwatch: Option<Stopwatch>,
}

impl Held {
    pub(super) fn new(
        active: Option<Active>,
        cookie: Option<HeaderValue>,
        stopwatch: Option<Stopwatch>,
    ) -> Self {
        let is_there = cookie.is_some() || stopwatch.is_some();
        Self { active, rest: is_there.then(|| Box::new(Rest { cookie, stopwatch })) }
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn forward(future: F, held: Held) -> Self {
        Self { state: State::Forward { future, held } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    E: Into<BoxError>,
{
    type Output = Result<Response<BalanceBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future, held } => {
                let response = ready!(future.poll(cx));
                // Whatever becomes of this future later, a request that failed is over.
                let Held { active, rest } = std::mem::take(held);
                let mut response = response.map_err(Into::into)?;
                if let Some(Rest { cookie, stopwatch }) = rest.map(|rest| *rest) {
                    if let Some(cookie) = cookie {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                    stopwatch.into_iter().for_each(Stopwatch::answered);
                }
                Poll::Ready(Ok(response.map(|body| BalanceBody::new(body, active))))
            }
            StateProjection::Refuse { error } => {
                let error = error.take().expect("a future is not polled after it is done");
                Poll::Ready(Err(error.into()))
            }
        }
    }
}
