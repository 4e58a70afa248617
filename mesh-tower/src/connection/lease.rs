//! A response whose connection serves again.

use super::{http1::Lease, http2::Carried};
use crate::error::BoxError;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The body of a response, with what it holds of its connection; read to its end, the connection serves again.
pub struct Leased {
    body: Incoming,
    hold: Option<Hold>,
}

enum Hold {
    Http1(Lease),
    Http2(#[expect(dead_code, reason = "dropping it gives the stream back")] Carried),
}

impl Leased {
    pub(super) fn http1(body: Incoming, lease: Lease) -> Self {
        Self { body, hold: Some(Hold::Http1(lease)) }
    }

    pub(super) fn http2(body: Incoming, carried: Carried) -> Self {
        Self { body, hold: Some(Hold::Http2(carried)) }
    }

    fn finish(&mut self) {
        if let Some(Hold::Http1(lease)) = self.hold.take() {
            lease.give_back();
        }
    }
}

impl http_body::Body for Leased {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() {
            self.finish();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        // A reader that knows the length does not ask once more after the last byte.
        if self.body.is_end_stream() {
            self.finish();
        }
    }
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("body", &self.body).finish_non_exhaustive()
    }
}
