//! A request's body, which goes to the request and to its copies.

use crate::{Body, BoxError};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a frame counts beside its data: there can be any number of tiny ones, and each needs room of its own.
const FRAME: usize = 128;

/// The bodies of a request's copies, and the request's own, which has their frames as it takes its own. For a copy at
/// most `held` bytes lie ready.
pub(super) fn split(body: Body, copies: usize, held: usize) -> (Vec<Body>, Body) {
    if let Some(first) = body.copy() {
        let whole = |_| first.copy().unwrap_or_default();
        return ((0..copies).map(whole).collect(), body);
    }
    let hint = body.size_hint();
    let (writers, bodies): (Vec<_>, Vec<_>) = (0..copies)
        .map(|_| {
            let (sender, receiver) = unbounded_channel();
            let ready = Arc::new(AtomicUsize::new(0));
            let copy = Copied { receiver, ready: Arc::clone(&ready), hint, is_over: false };
            (Writer { sender, ready, held }, Body::new(copy))
        })
        .unzip();
    (bodies, Body::new(Tee { body, writers }))
}

/// The request's own body. Dropped before its end, it leaves the copies without theirs.
#[derive(Debug)]
struct Tee {
    body: Body,
    writers: Vec<Writer>,
}

/// The near end of a copy's body.
#[derive(Debug)]
struct Writer {
    sender: UnboundedSender<Piece>,
    /// How many bytes lie ready.
    ready: Arc<AtomicUsize>,
    held: usize,
}

/// What lies ready for a copy.
#[derive(Debug)]
enum Piece {
    Frame(Frame<Bytes>),
    End,
}

impl Tee {
    fn end(&mut self) {
        for writer in self.writers.drain(..) {
            // A copy that is over already does not care.
            let _ = writer.sender.send(Piece::End);
        }
    }
}

impl Writer {
    /// Hands over a frame; false when the copy is over, or so slow that it is given up.
    fn write(&self, frame: &Frame<Bytes>) -> bool {
        let (frame, size) = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(bytes), _) => (Frame::data(bytes.clone()), bytes.len() + FRAME),
            (None, Some(trailers)) => (Frame::trailers(trailers.clone()), FRAME),
            (None, None) => return true,
        };
        let ready = self.ready.fetch_add(size, Relaxed) + size;
        ready <= self.held && self.sender.send(Piece::Frame(frame)).is_ok()
    }
}

impl http_body::Body for Tee {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                this.writers.retain(|writer| writer.write(frame));
                // Who sees the end here does not ask again.
                if this.body.is_end_stream() {
                    this.end();
                }
            }
            Some(Err(_)) => this.writers.clear(),
            None => this.end(),
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

/// The far end of a copy's body.
#[derive(Debug)]
struct Copied {
    receiver: UnboundedReceiver<Piece>,
    ready: Arc<AtomicUsize>,
    /// How much is to come.
    hint: SizeHint,
    is_over: bool,
}

impl http_body::Body for Copied {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match ready!(self.receiver.poll_recv(cx)) {
            Some(Piece::Frame(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.ready.fetch_sub(length + FRAME, Relaxed);
                self.hint = less(self.hint, length as u64);
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Piece::End) => {
                self.is_over = true;
                Poll::Ready(None)
            }
            None => {
                self.is_over = true;
                Poll::Ready(Some(Err(Cut.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// What is left of a body when so many bytes of it have come.
fn less(hint: SizeHint, length: u64) -> SizeHint {
    let mut left = SizeHint::new();
    left.set_lower(hint.lower().saturating_sub(length));
    if let Some(upper) = hint.upper() {
        left.set_upper(upper.saturating_sub(length));
    }
    left
}

/// The copy does not get the rest of its body, so that its receiver does not take a part for the whole.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was given up, or its copy was too slow to keep up with it")
    }
}

impl std::error::Error for Cut {}
