//! One name, and the task that keeps it up to date.

use super::{
    lookup::{Answer, Lookup},
    policy, route,
};
use crate::BoxError;
use mesh_core::model::Host;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{Instant, sleep},
};

/// How long a name that requests bring along is kept up to date after it was used: Envoy's `host_ttl`.
const KEPT: Duration = Duration::from_secs(300);

/// A name that is kept up to date until this is dropped.
#[derive(Debug)]
pub(crate) struct Name {
    known: watch::Receiver<Option<Known>>,
    use_of: Option<Arc<Use>>,
    task: AbortHandle,
}

/// What is known of a name.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its addresses, in the order of preference; none if there is no such name, or nobody could say.
    pub(crate) addresses: Arc<[IpAddr]>,
    /// Why nobody could say, the last time.
    pub(crate) failure: Option<Arc<str>>,
}

/// When a name was used the last time, where it is forgotten for not being used.
#[derive(Debug, Default)]
struct Use {
    /// In milliseconds after everything began.
    last: AtomicU64,
    again: Notify,
}

/// What all names share.
#[derive(Debug)]
pub(super) struct Shared {
    lookup: Box<dyn Lookup>,
    begun: Instant,
    /// How often anything that is known has changed.
    changes: AtomicU64,
    /// The longest wait, in milliseconds.
    refresh: AtomicU64,
}

impl Name {
    /// A name that is asked for from now on: always, or for as long as it is used.
    pub(super) fn new(name: &Host, shared: &Arc<Shared>, is_forgotten: bool) -> Self {
        let (teller, known) = watch::channel(None);
        let use_of = is_forgotten.then(Arc::<Use>::default);
        let asking = Asking { name: name.clone(), shared: Arc::clone(shared), teller, in_vain: 0 };
        let task = tokio::spawn(asking.run(use_of.clone())).abort_handle();
        let name = Self { known, use_of, task };
        name.touch(shared);
        name
    }

    /// What is known now; `None` before the first answer.
    pub(crate) fn known(&self) -> Option<Known> {
        self.known.borrow().clone()
    }

    /// What is known, after the first answer. Cancel safe: others wait for the same one.
    pub(crate) async fn answered(&self) -> Known {
        let mut known = self.known.clone();
        let answered = known.wait_for(Option::is_some).await;
        // Whoever asks goes on for as long as this exists.
        answered.ok().and_then(|known| known.clone()).unwrap_or_else(Known::nothing)
    }

    /// Notes that it is used now.
    pub(super) fn touch(&self, shared: &Shared) {
        if let Some(use_of) = &self.use_of {
            use_of.last.store(millis(shared.begun.elapsed()), Relaxed);
            use_of.again.notify_one();
        }
    }

    /// When it was used the last time, in milliseconds after everything began.
    pub(super) fn last_use(&self) -> u64 {
        self.use_of.as_ref().map_or(u64::MAX, |use_of| use_of.last.load(Relaxed))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Known {
    fn nothing() -> Self {
        Self { addresses: [].into(), failure: None }
    }

    /// What is known after an outcome. A failure leaves what was known before.
    fn after(before: Option<&Self>, outcome: &Result<Answer, BoxError>) -> Self {
        match outcome {
            Ok(answer) => Self { addresses: answer.addresses.as_slice().into(), failure: None },
            Err(error) => Self {
                addresses: before.map_or_else(|| [].into(), |before| Arc::clone(&before.addresses)),
                failure: Some(error.to_string().into()),
            },
        }
    }
}

impl Use {
    /// Whether it was long ago.
    fn is_over(&self, shared: &Shared) -> bool {
        shared.begun.elapsed() >= Duration::from_millis(self.last.load(Relaxed)) + KEPT
    }
}

impl Shared {
    pub(super) fn new(lookup: impl Lookup, refresh: Duration) -> Self {
        let (changes, refresh) = (AtomicU64::new(0), AtomicU64::new(millis(refresh)));
        Self { lookup: Box::new(lookup), begun: Instant::now(), changes, refresh }
    }

    /// From the next answer on nothing waits longer than this for the one after it.
    pub(super) fn refresh_after(&self, refresh: Duration) {
        self.refresh.store(millis(refresh), Relaxed);
    }

    fn refresh(&self) -> Duration {
        Duration::from_millis(self.refresh.load(Relaxed))
    }

    /// How often anything that is known has changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Acquire)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One name at work.
struct Asking {
    name: Host,
    shared: Arc<Shared>,
    teller: watch::Sender<Option<Known>>,
    /// How many answers in a row brought no address.
    in_vain: u32,
}

impl Asking {
    async fn run(mut self, use_of: Option<Arc<Use>>) {
        loop {
            let outcome = self.shared.lookup.addresses(&self.name).await;
            let outcome =
                outcome.map(|answer| Answer { addresses: route::reachable(answer.addresses), ..answer });
            let is_vain = outcome.as_ref().map_or(true, |answer| answer.addresses.is_empty());
            self.in_vain = if is_vain { self.in_vain.saturating_add(1) } else { 0 };
            self.tell(&outcome);
            sleep(policy::wait(&outcome, self.in_vain, self.shared.refresh())).await;
            if let Some(use_of) = use_of.as_ref().filter(|use_of| use_of.is_over(&self.shared)) {
                // By the time that somebody wants it again it may be wrong.
                self.teller.send_replace(None);
                while use_of.is_over(&self.shared) {
                    use_of.again.notified().await;
                }
            }
        }
    }

    fn tell(&self, outcome: &Result<Answer, BoxError>) {
        let before = self.teller.borrow().clone();
        let known = Known::after(before.as_ref(), outcome);
        if let Err(error) = outcome {
            tracing::info!(name = %self.name, error, "name could not be resolved");
        }
        let is_changed = before.is_none_or(|before| before.addresses != known.addresses);
        self.teller.send_replace(Some(known));
        if is_changed {
            // In this order: whoever sees that something has changed sees what.
            self.shared.changes.fetch_add(1, Release);
        }
    }
}
