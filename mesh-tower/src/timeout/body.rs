use crate::{BoxError, Error, Kind};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// A response's body that ends with an error when the request's time is over before the body is.
    #[derive(Debug)]
    pub struct TimeoutBody<B> {
        // None once the time is over: the inner body is dropped at once, which resets its stream.
        #[pin]
        body: Option<B>,
        deadline: Option<Instant>,
        // Made when somebody first has to wait: a body that is already there needs no timer.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<B> TimeoutBody<B> {
    pub(super) fn new(body: B, deadline: Option<Instant>) -> Self {
        Self { body: Some(body), deadline, sleep: None }
    }
}

impl<B> Body for TimeoutBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(deadline) = *this.deadline else { return body.poll_frame(cx).map_err(Into::into) };
        // Asked of the clock, not of the timer: a body that always has a frame ready would never look at the timer.
        let is_late = !body.is_end_stream() && Instant::now() >= deadline;
        if !is_late {
            if let Poll::Ready(frame) = body.poll_frame(cx) {
                return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
            }
            if this.sleep.is_none() {
                this.sleep.set(Some(sleep_until(deadline)));
            }
            if this.sleep.as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_pending()) {
                return Poll::Pending;
            }
        }
        this.body.set(None);
        Poll::Ready(Some(Err(Error::new(Kind::RouteTimeout).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), B::size_hint)
    }
}
