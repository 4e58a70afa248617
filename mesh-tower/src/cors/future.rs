use super::policy::Mark;
use crate::{Body, BoxError, Error};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Cors`](super::Cors).
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
        Forward { #[pin] future: F, mark: Option<Mark> },
        Answer { response: Option<Response<Body>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn forward(future: F, mark: Option<Mark>) -> Self {
        Self { state: State::Forward { future, mark } }
    }

    pub(super) fn answer(response: Response<Body>) -> Self {
        Self { state: State::Answer { response: Some(response) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forward { future, mark } => {
                let ended = ready!(future.poll(cx)).map_err(Into::into);
                let mark = mark.take();
                Poll::Ready(match ended {
                    Ok(response) => Ok(marked(response.map(Body::new), mark)),
                    Err(error) => Err(marked_error(error, mark)),
                })
            }
            StateProjection::Answer { response } => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is done")))
            }
        }
    }
}

fn marked(mut response: Response<Body>, mark: Option<Mark>) -> Response<Body> {
    if let Some(mark) = mark {
        mark.put(response.headers_mut());
    }
    response
}

/// What the mesh ends a request with becomes an answer further out, and a page is to read it.
fn marked_error(error: BoxError, mark: Option<Mark>) -> BoxError {
    let Some(mark) = mark else { return error };
    match error.downcast::<Error>() {
        Ok(mut refusal) => {
            mark.put(refusal.headers_mut());
            refusal
        }
        Err(error) => error,
    }
}
