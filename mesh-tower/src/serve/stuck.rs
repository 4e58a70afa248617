//! When answers are not read.

use crate::{Body, BoxError, event::Traffic};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::sleep;

/// The time in which something of an answer must be written, or twice as much.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is answered over one connection. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    under_way: Arc<AtomicUsize>,
    traffic: Traffic,
}

/// An answer that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Answers {
    /// What counts the bytes of the connection.
    pub(super) fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// One more is under way.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// Completes when answers have been under way for too long of which nothing was written. Nobody looks at a clock for
    /// that when something is written.
    pub(super) async fn stuck(self) {
        let mut before = None;
        loop {
            let [_, sent] = self.traffic.so_far();
            let now = (self.under_way.load(Relaxed) > 0).then_some(sent);
            if now.is_some() && now == before {
                return;
            }
            before = now;
            sleep(PATIENCE).await;
        }
    }
}

impl UnderWay {
    /// Is under way as long as this body is.
    pub(super) fn with(self, body: Body) -> Body {
        Body::new(Answer { body, _under_way: self })
    }
}

struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn answers_are_stuck_when_nothing_is_written_for_half_a_minute_or_a_whole_one() {
        let answers = Answers::default();
        let stuck = answers.clone().stuck();
        tokio::pin!(stuck);
        // Who asks nothing is not stuck, nor is who reads something now and then.
        assert!(timeout(Duration::from_secs(600), stuck.as_mut()).await.is_err());
        let body = answers.begin().with(Body::from("much"));
        for _ in 0..20 {
            answers.traffic().send(1);
            assert!(timeout(PATIENCE, stuck.as_mut()).await.is_err());
        }
        let last = Instant::now();
        stuck.await;
        assert!((Duration::ZERO..=2 * PATIENCE).contains(&last.elapsed()), "{:?}", last.elapsed());
        drop(body);
        assert!(timeout(Duration::from_secs(600), answers.stuck()).await.is_err());
    }
}
