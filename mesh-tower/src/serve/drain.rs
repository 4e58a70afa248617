//! When to stop, and how long those under way may take.

use std::time::Duration;
use tokio::sync::watch;

/// Tells servers to stop: no new connections, those under way finish their requests.
#[derive(Clone, Debug)]
pub struct Drain {
    sender: watch::Sender<bool>,
    grace: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self::new(Self::GRACE)
    }
}

impl Drain {
    /// The time that requests under way have by default; Istio's `terminationDrainDuration`.
    pub const GRACE: Duration = Duration::from_secs(5);

    /// A drain that gives requests under way so much time.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self { sender: watch::Sender::new(false), grace }
    }

    /// Starts to drain; for good.
    pub fn start(&self) {
        self.sender.send_replace(true);
    }

    /// Completes when draining has started. Cancel safe.
    pub async fn started(&self) {
        // The sender is ours, so this can only end by the value.
        let _ = self.sender.subscribe().wait_for(|started| *started).await;
    }

    /// Whether draining has started.
    #[must_use]
    pub fn has_started(&self) -> bool {
        *self.sender.borrow()
    }

    /// The time that requests under way have.
    #[must_use]
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// Starts to drain at SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub(crate) fn on_signals(&self) -> std::io::Result<tokio::task::JoinHandle<()>> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.clone();
        Ok(tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            drain.start();
        }))
    }
}
