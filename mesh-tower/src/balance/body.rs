use super::fleet::Active;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A response's body; until its end the request counts as under way.
    #[derive(Debug)]
    pub struct BalanceBody<B> {
        #[pin]
        body: B,
        active: Option<Active>,
    }
}

impl<B: Body> BalanceBody<B> {
    pub(super) fn new(body: B, active: Option<Active>) -> Self {
        // A reader need not ask a body for frames that has none.
        let active = active.filter(|_| !body.is_end_stream());
        Self { body, active }
    }
}

impl<B: Body> Body for BalanceBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || this.body.is_end_stream() {
            *this.active = None;
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
