use crate::Context;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{self, Poll},
};

pin_project! {
    /// A response's body that is streamed within its request's context: calls that it makes are calls of the request.
    #[derive(Debug)]
    pub struct CarryBody<B> {
        #[pin]
        body: B,
        context: Context,
    }
}

impl<B> CarryBody<B> {
    pub(super) fn new(body: B, context: Context) -> Self {
        Self { body, context }
    }
}

impl<B: Body> Body for CarryBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        this.context.clone().sync_scope(|| this.body.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
