use crate::{Body, BoxError};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`Answer`](super::Answer).
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
        Forward { #[pin] future: F },
        Answer { response: Option<Response<Body>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn forward(future: F) -> Self {
        Self { state: State::Forward { future } }
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
            StateProjection::Forward { future } => {
                future.poll(cx).map_ok(|response| response.map(Body::new)).map_err(Into::into)
            }
            StateProjection::Answer { response } => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is done")))
            }
        }
    }
}
