use crate::{BoxError, Error, context::Decided};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Route`](super::Route).
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
        Forward { #[pin] future: F, decided: Option<Decided> },
        Refuse { error: Option<Error> },
    }
}

impl<F> ResponseFuture<F> {
    /// Forwards; `decided` is there if the rule changes what it is answered with.
    pub(super) fn forward(future: F, decided: Option<Decided>) -> Self {
        Self { state: State::Forward { future, decided } }
    }

    pub(super) fn refuse(error: Error) -> Self {
        Self { state: State::Refuse { error: Some(error) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future, decided } => {
                let ended = ready!(future.poll(cx));
                Poll::Ready(ended.map_err(|error| changed(error.into(), decided.as_ref())))
            }
            StateProjection::Refuse { error } => {
                let error = error.take().expect("a future is not polled after it is done");
                Poll::Ready(Err(error.into()))
            }
        }
    }
}

/// What the mesh ends a request with becomes an answer further out, whose headers the rule changes as any other's.
fn changed(mut error: BoxError, decided: Option<&Decided>) -> BoxError {
    if let (Some(target), Some(refusal)) = (decided.and_then(Decided::target), error.downcast_mut::<Error>())
    {
        // What it says already is for pages of other origins, and stands whatever the rule changes, as in Envoy.
        let marks = std::mem::take(refusal.headers_mut());
        target.response_headers.apply(refusal.headers_mut());
        refusal.headers_mut().extend(marks);
    }
    error
}
