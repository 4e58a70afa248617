use super::copies::Original;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A response's body, to whose end the copies of its request may go on without being pressed for time.
    #[derive(Debug)]
    pub struct MirrorBody<B> {
        #[pin]
        body: B,
        original: Option<Original>,
    }
}

impl<B> MirrorBody<B> {
    pub(super) fn new(body: B, original: Option<Original>) -> Self {
        Self { body, original }
    }
}

impl<B: Body> Body for MirrorBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            *this.original = None;
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
