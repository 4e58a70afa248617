//! A request's body that can be sent several times.

use crate::{Body, BoxError, context::Sent};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

/// A request's body, for every try anew.
#[derive(Debug)]
pub(super) enum Copies {
    /// All of it was here from the beginning.
    Whole(Body),
    /// It comes as it is sent, and is kept meanwhile.
    Streamed(Replay),
}

impl Copies {
    /// Splits a body: what sends it for the first time, and what can send it again if it has at most `limit` bytes.
    pub(super) fn of(body: Body, limit: u64) -> (Self, Body) {
        let is_short = body.size_hint().upper().is_some_and(|length| length <= limit);
        if let Some(copy) = body.copy().filter(|_| is_short) {
            return (Self::Whole(copy), body);
        }
        let replay = Replay::new(body, limit);
        let first = replay.body(0);
        (Self::Streamed(replay), first)
    }

    /// Whether the body can be sent again.
    pub(super) fn is_possible(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Streamed(replay) => replay.is_whole(),
        }
    }

    /// The body for the next try. Those for earlier tries end with an error if anybody still reads them before all of the
    /// body has come.
    pub(super) fn next(&self) -> Body {
        match self {
            Self::Whole(body) => body.copy().unwrap_or_default(),
            Self::Streamed(replay) => replay.again(),
        }
    }

    /// Tells when this try has sent all of it; `None` if it was all here from the beginning.
    pub(super) fn unsent(&self) -> Option<Sent> {
        match self {
            Self::Whole(_) => None,
            Self::Streamed(replay) => Some(replay.lock().sent.clone()),
        }
    }

    /// Waits until this try has sent all of it.
    pub(super) fn poll_sent(&self, cx: &Context<'_>) -> Poll<()> {
        match self {
            Self::Whole(_) => Poll::Ready(()),
            Self::Streamed(replay) => replay.poll_sent(cx),
        }
    }
}

/// What all tries share of a body that comes as it is sent. The lock is held while one frame is taken, and only one try
/// at a time takes frames.
#[derive(Clone, Debug)]
pub(super) struct Replay(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    body: Body,
    /// What has been read of it, as long as it is within the limit.
    kept: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    /// How many bytes may still be kept; `None` once there were more.
    room: Option<u64>,
    progress: Progress,
    /// The try that may read, from 0.
    current: u32,
    /// Whether that try has been given the end.
    sent: Sent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Ended,
    Failed,
}

impl Replay {
    fn new(body: Body, limit: u64) -> Self {
        let shared = Shared {
            body,
            kept: Vec::new(),
            trailers: None,
            room: Some(limit),
            progress: Progress::Open,
            current: 0,
            sent: Sent::default(),
        };
        Self(Arc::new(Mutex::new(shared)))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A body that panicked is not polled again by the try that it ended: nothing is half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_whole(&self) -> bool {
        let shared = self.lock();
        shared.room.is_some() && shared.progress != Progress::Failed
    }

    fn again(&self) -> Body {
        let mut shared = self.lock();
        shared.current += 1;
        shared.sent = Sent::default();
        self.body(shared.current)
    }

    fn body(&self, attempt: u32) -> Body {
        Body::new(ReplayBody { replay: self.clone(), attempt, next: 0 })
    }

    fn poll_sent(&self, cx: &Context<'_>) -> Poll<()> {
        let shared = self.lock();
        if shared.is_over(0) {
            shared.sent.finish();
        }
        shared.sent.poll(cx)
    }
}

impl Shared {
    /// The `next`-th frame, kept or new.
    fn poll_frame(
        &mut self,
        next: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.kept.get(next) {
            return Poll::Ready(Some(Ok(Frame::data(bytes.clone()))));
        }
        if self.progress != Progress::Open {
            let trailers = self.trailers.as_ref().filter(|_| next == self.kept.len());
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers.clone()))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.progress = match &frame {
            None => Progress::Ended,
            Some(Err(_)) => Progress::Failed,
            Some(Ok(frame)) => {
                self.keep(frame);
                if self.body.is_end_stream() { Progress::Ended } else { Progress::Open }
            }
        };
        Poll::Ready(frame)
    }

    /// The `next`-th frame, for a try that is not the last one: it may go on if all of the body is kept.
    fn frame_of_whole(&self, next: usize) -> Option<Result<Frame<Bytes>, BoxError>> {
        if self.progress != Progress::Ended || self.room.is_none() {
            return Some(Err(Superseded.into()));
        }
        match self.kept.get(next) {
            Some(bytes) => Some(Ok(Frame::data(bytes.clone()))),
            None => {
                let trailers = self.trailers.as_ref().filter(|_| next == self.kept.len());
                trailers.map(|trailers| Ok(Frame::trailers(trailers.clone())))
            }
        }
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Some(room) = self.room else { return };
        if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
        }
        let Some(bytes) = frame.data_ref() else { return };
        // An empty frame counts too: there can be any number of them.
        self.room = room.checked_sub(bytes.len().max(1) as u64);
        if self.room.is_some() {
            self.kept.push(bytes.clone());
        } else {
            self.kept = Vec::new();
        }
    }

    /// Whether nothing comes after the frames before the `next`-th.
    fn is_over(&self, next: usize) -> bool {
        let frames = self.kept.len() + usize::from(self.trailers.is_some());
        match self.progress {
            Progress::Open => next >= frames && self.body.is_end_stream(),
            Progress::Ended => next >= frames,
            Progress::Failed => true,
        }
    }
}

/// A request's body as one try sends it: what earlier tries have read, then the rest.
#[derive(Debug)]
struct ReplayBody {
    replay: Replay,
    attempt: u32,
    next: usize,
}

impl http_body::Body for ReplayBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let mut shared = this.replay.lock();
        if shared.current != this.attempt {
            let frame = shared.frame_of_whole(this.next);
            this.next += usize::from(frame.is_some());
            return Poll::Ready(frame);
        }
        let frame = ready!(shared.poll_frame(this.next, cx));
        this.next += usize::from(frame.is_some());
        if frame.is_none() || shared.is_over(this.next) {
            shared.sent.finish();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.replay.lock().is_over(self.next)
    }

    fn size_hint(&self) -> SizeHint {
        let shared = self.replay.lock();
        let kept: u64 = shared.kept.iter().skip(self.next).map(|bytes| bytes.len() as u64).sum();
        let rest = shared.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + kept);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + kept);
        }
        hint
    }
}

/// The body belongs to a later try.
#[derive(Debug)]
struct Superseded;

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request is being tried again elsewhere")
    }
}

impl std::error::Error for Superseded {}
