use super::global::Told;
use crate::{BoxError, Error};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
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
    /// The response of [`RateLimit`](super::RateLimit).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
        // Boxed: most answers tell nothing, and keep a small future.
        headers: Option<Box<HeaderMap>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Forward { #[pin] future: S::Future },
        Refuse { error: Option<Error> },
        // Boxed: a request that waits for another service can afford it.
        Ask { asking: Box<Asking<S, Request<B>>> },
        Allow { future: Pin<Box<Oneshot<S, Request<B>>>> },
    }
}

/// A request that services are asked about.
struct Asking<S, Q> {
    answer: Answer,
    then: Option<(S, Q)>,
}

type Answer = BoxFuture<'static, Result<Told, Error>>;

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn forward(future: S::Future, headers: Option<Box<HeaderMap>>) -> Self {
        Self { state: State::Forward { future }, headers }
    }

    pub(super) fn refuse(mut error: Error, headers: Option<Box<HeaderMap>>) -> Self {
        if let Some(headers) = headers {
            *error.headers_mut() = *headers;
        }
        Self { state: State::Refuse { error: Some(error) }, headers: None }
    }

    pub(super) fn ask(
        answer: Answer,
        inner: S,
        request: Request<B>,
        headers: Option<Box<HeaderMap>>,
    ) -> Self {
        let asking = Asking { answer, then: Some((inner, request)) };
        Self { state: State::Ask { asking: Box::new(asking) }, headers }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = loop {
            match this.state.as_mut().project() {
                StateProjection::Forward { future } => break ready!(future.poll(cx)),
                StateProjection::Allow { future } => break ready!(future.as_mut().poll(cx)),
                StateProjection::Refuse { error } => {
                    let error = error.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Err(error.into()));
                }
                StateProjection::Ask { asking } => {
                    let told = ready!(asking.answer.as_mut().poll(cx));
                    let (inner, mut request) =
                        asking.then.take().expect("a future is not polled after it is done");
                    let told = told.map_err(|error| amended(error, this.headers.take()))?;
                    // Beside what the client says, as in Envoy.
                    for (name, value) in &told.request {
                        request.headers_mut().append(name, value.clone());
                    }
                    append(this.headers, told.response);
                    let future = Box::pin(Oneshot::new(inner, request));
                    this.state.set(State::Allow { future });
                }
            }
        };
        let mut response = response.map_err(Into::into)?;
        for (name, value) in this.headers.iter().flat_map(|headers| headers.iter()) {
            response.headers_mut().append(name, value.clone());
        }
        Poll::Ready(Ok(response))
    }
}

/// The refusal of a service, with what local limits tell besides.
fn amended(mut error: Error, headers: Option<Box<HeaderMap>>) -> Error {
    if let Some(mut headers) = headers {
        headers.extend(std::mem::take(error.headers_mut()));
        *error.headers_mut() = *headers;
    }
    error
}

fn append(headers: &mut Option<Box<HeaderMap>>, said: HeaderMap) {
    if !said.is_empty() {
        headers.get_or_insert_default().extend(said);
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Forward { .. } | State::Allow { .. } => "Forward",
            State::Refuse { .. } => "Refuse",
            State::Ask { .. } => "Ask",
        })
    }
}
