use super::clock::Clock;
use crate::{AnswerBy, Body as AnyBody, BoxError, Error, Kind, context::Sent};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A response's body that ends with an error when the request's time is over before the body is.
    #[derive(Debug)]
    pub struct TimeoutBody<B> {
        // None once the time is over: the inner body is dropped at once, which resets its stream.
        #[pin]
        body: Option<B>,
        #[pin]
        clock: Option<Clock>,
    }
}

impl<B> TimeoutBody<B> {
    pub(super) fn new(body: B, by: Option<AnswerBy>) -> Self {
        Self { body: Some(body), clock: by.map(Clock::new) }
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
        let Some(clock) = this.clock.as_pin_mut() else { return body.poll_frame(cx).map_err(Into::into) };
        // Asked of the clock, not of the timer: a body that always has a frame ready would never look at the timer.
        let is_late = !body.is_end_stream() && clock.is_over();
        if !is_late {
            if let Poll::Ready(frame) = body.poll_frame(cx) {
                return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
            }
            ready!(clock.poll(cx));
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

/// A request's body that tells when it has been sent, or is sent no further.
#[derive(Debug)]
pub(super) struct SentBody {
    body: AnyBody,
    sending: Option<Sending>,
}

/// Tells it when dropped.
#[derive(Debug)]
struct Sending(Sent);

impl SentBody {
    pub(super) fn new(body: AnyBody, sent: Sent) -> Self {
        Self { body, sending: Some(Sending(sent)) }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.sending = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.finish();
    }
}
