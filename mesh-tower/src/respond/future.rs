use super::{layer::EXPLAIN, log::Subject, policy::respond};
use crate::{Body, BoxError, Error, reply::Asker};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Respond`](super::Respond).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        asker: Asker,
        subject: Option<Subject>,
        explains: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, asker: Asker, subject: Option<Subject>, explains: bool) -> Self {
        Self { future, asker, subject, explains }
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
        let this = self.project();
        let error = match ready!(this.future.poll(cx)) {
            Ok(response) => return Poll::Ready(Ok(response.map(Body::new))),
            Err(error) => error.into(),
        };
        let error = error.downcast::<Error>()?;
        let (mut response, refused) = respond(&error, *this.asker);
        refused.announce();
        if let Some(subject) = this.subject {
            subject.log(&refused, &error);
        }
        if *this.explains {
            response.headers_mut().insert(EXPLAIN, refused.explanation(&error));
        }
        Poll::Ready(Ok(response))
    }
}
