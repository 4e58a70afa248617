//! When nothing was asked for too long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::sleep;

/// The time a client has for its first request.
const FIRST: Duration = Duration::from_secs(60);
/// The time between two requests after which a connection ends, or twice as much: Envoy's `idle_timeout`.
const NEXT: Duration = Duration::from_secs(3600);

/// How much was asked over one connection. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicU64>);

impl Asked {
    /// One more request came.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Whether none ever came.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// Completes when none has come for too long. Nobody looks at a clock for that when requests come.
    pub(super) async fn nothing(&self) {
        sleep(FIRST).await;
        let mut before = 0;
        loop {
            let now = self.0.load(Relaxed);
            if now == before {
                return;
            }
            before = now;
            sleep(NEXT).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn a_connection_over_which_nothing_comes_ends_after_a_minute_and_later_after_an_hour_or_two() {
        let begun = Instant::now();
        Asked::default().nothing().await;
        assert_eq!(begun.elapsed(), FIRST);

        let asked = Asked::default();
        let nothing = asked.nothing();
        tokio::pin!(nothing);
        for _ in 0..5 {
            asked.count();
            assert!(timeout(NEXT, nothing.as_mut()).await.is_err());
        }
        let last = Instant::now();
        nothing.await;
        assert!((NEXT..=2 * NEXT).contains(&(last.elapsed() + NEXT)));
    }
}
