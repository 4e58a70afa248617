//! The keys of one issuer as they are now.

use super::{
    compact::Compact,
    fetch::{Fetch, fetch},
    key_set::KeySet,
    seen::Seen,
};
use crate::TokenFault;
use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use mesh_core::model::KeySource;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How long keys that were fetched count without a doubt: 5 minutes, as in Istio.
pub const FRESH: Duration = Duration::from_secs(5 * 60);
/// How old keys in use are when they are fetched anew, while requests go on with those: 4 minutes.
pub const RENEWED_AT: Duration = Duration::from_secs(4 * 60);
/// How long keys count when no others can be had: an hour. After that no token is good.
pub const KEPT: Duration = Duration::from_secs(60 * 60);
/// The time between two attempts to fetch keys that fail: 10 seconds.
pub const RETRIED_AFTER: Duration = Duration::from_secs(10);
/// The least time between two fetches for the sake of a key that nobody knows: a second.
pub const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Where a token's keys come from, and what is known of them.
pub(super) struct Source {
    held: ArcSwapOption<Held>,
    seen: Seen,
    remote: Option<Remote>,
    /// Counts the different sets that were held.
    sets: AtomicU64,
    /// Why there are no keys where none can come.
    lack: TokenFault,
}

struct Held {
    set: KeySet,
    /// The number of the set.
    number: u64,
    digest: [u8; 32],
    /// When they were fetched; those that are written in a document never age.
    fetched: Option<Instant>,
}

struct Remote {
    at: KeySource,
    fetch: Fetch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Tells when the fetch under way is over; there is never more than one.
    flight: Option<Flight>,
    /// When the last one ended, and whether it failed.
    ended: Option<(Instant, bool)>,
}

/// Changes, or closes, when a fetch is over.
pub(super) type Flight = watch::Receiver<()>;

/// What stands against a token now.
pub(super) enum Halt {
    /// It is not good.
    Fault(TokenFault),
    /// Nobody knows before these keys are there.
    Wait(Flight),
}

impl From<TokenFault> for Halt {
    fn from(fault: TokenFault) -> Self {
        Self::Fault(fault)
    }
}

impl Source {
    pub(super) fn new(at: &KeySource, fetch: &Fetch) -> Arc<Self> {
        let remote = || Remote { at: at.clone(), fetch: Arc::clone(fetch), state: Mutex::default() };
        let (inline, remote) = match at {
            KeySource::Inline(text) => (Some(text), None),
            KeySource::At(_) | KeySource::Discovered(_) => (None, Some(remote())),
            KeySource::Unknown => (None, None),
        };
        let lack = if inline.is_some() { TokenFault::NoValidKey } else { TokenFault::KeysNotFetched };
        let source = Self {
            held: ArcSwapOption::empty(),
            seen: Seen::default(),
            remote,
            sets: AtomicU64::new(0),
            lack,
        };
        match inline.map(|text| KeySet::parse(text.as_bytes())) {
            Some(Ok(set)) => source.hold(set, [0; 32], None),
            Some(Err(error)) => tracing::warn!(%error, "no token is good by the keys of a document"),
            None => {}
        }
        Arc::new(source)
    }

    /// Verifies a token's signature by the keys of now.
    pub(super) fn verify(self: &Arc<Self>, token: &Compact<'_>, now: Instant) -> Result<(), Halt> {
        let held = self.keys(now)?;
        let digest = sha256(token.text.as_bytes());
        if self.seen.has(&digest, held.number) {
            return Ok(());
        }
        match held.set.check(token) {
            Ok(()) => {
                self.seen.add(digest, held.number);
                Ok(())
            }
            // Its issuer may have a new key.
            Err(fault) if !held.set.names(token) => {
                Err(self.ask_again(now).map_or(Halt::Fault(fault), Halt::Wait))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// How old the keys are; `None` where there are none, or they never age.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        let fetched = self.held.load().as_ref()?.fetched?;
        Some(now.duration_since(fetched))
    }

    fn keys(self: &Arc<Self>, now: Instant) -> Result<Arc<Held>, Halt> {
        let held = self.held.load_full();
        let age = held.as_ref().map(|held| held.fetched.map_or(Duration::ZERO, |at| now.duration_since(at)));
        let Some(remote) = &self.remote else { return held.ok_or(Halt::Fault(self.lack)) };
        match (held, age) {
            (Some(held), Some(age)) if age < RENEWED_AT => Ok(held),
            (Some(held), Some(age)) => {
                let mut state = remote.state();
                let flight = state.is_due(now, RETRIED_AFTER).then(|| self.start(remote, &mut state));
                match flight.or_else(|| state.under_way()) {
                    Some(flight) if age >= FRESH => Err(Halt::Wait(flight)),
                    None if age >= KEPT => Err(Halt::Fault(self.lack)),
                    _ => Ok(held),
                }
            }
            _ => {
                let mut state = remote.state();
                let flight = state.is_due(now, RETRIED_AFTER).then(|| self.start(remote, &mut state));
                let flight = flight.or_else(|| state.under_way());
                Err(flight.map_or(Halt::Fault(self.lack), Halt::Wait))
            }
        }
    }

    /// Fetches the keys for the sake of one that is unknown, unless that was done a moment ago.
    fn ask_again(self: &Arc<Self>, now: Instant) -> Option<Flight> {
        let remote = self.remote.as_ref()?;
        let mut state = remote.state();
        let is_due = state.ended.is_none_or(|(at, _)| now.duration_since(at) >= ASKED_AGAIN_AFTER);
        match state.under_way() {
            Some(flight) => Some(flight),
            None => is_due.then(|| self.start(remote, &mut state)),
        }
    }

    /// Starts a fetch that goes on whoever gives up waiting for it.
    fn start(self: &Arc<Self>, remote: &Remote, state: &mut State) -> Flight {
        let (done, flight) = watch::channel(());
        let source = Arc::clone(self);
        let fetched = fetch(&remote.at, &remote.fetch);
        tokio::spawn(async move {
            let fetched = fetched.await;
            source.settle(fetched);
            drop(done);
        });
        state.flight = Some(flight.clone());
        flight
    }

    fn settle(&self, fetched: Result<(KeySet, Bytes), crate::BoxError>) {
        let Some(remote) = &self.remote else { return };
        let now = Instant::now();
        let has_failed = fetched.is_err();
        match fetched {
            Ok((set, body)) => self.hold(set, sha256(&body), Some(now)),
            Err(error) => {
                let has_older = self.held.load().is_some();
                tracing::warn!(from = ?remote.at, error, has_older, "keys of tokens could not be fetched");
            }
        }
        let mut state = remote.state();
        state.flight = None;
        state.ended = Some((now, has_failed));
    }

    /// Takes keys; those that are the same as before stay the same, with all that was verified by them.
    fn hold(&self, set: KeySet, digest: [u8; 32], fetched: Option<Instant>) {
        let former = self.held.load();
        let same = former.as_ref().filter(|former| former.digest == digest).map(|former| former.number);
        let number = same.unwrap_or_else(|| self.sets.fetch_add(1, Relaxed) + 1);
        self.held.store(Some(Arc::new(Held { set, number, digest, fetched })));
    }
}

impl Remote {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The fetch under way. One that ended without a word, because whoever fetches has panicked, is over.
    fn under_way(&self) -> Option<Flight> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }

    /// Whether a fetch may start: none is under way, and the last did not fail just now.
    fn is_due(&self, now: Instant, pause: Duration) -> bool {
        let failed_at = self.ended.filter(|(_, has_failed)| *has_failed).map(|(at, _)| at);
        self.under_way().is_none() && failed_at.is_none_or(|at| now.duration_since(at) >= pause)
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
