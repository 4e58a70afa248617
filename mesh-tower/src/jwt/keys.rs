//! The keys of all issuers, as long as somebody asks for them.

use super::{fetch::Fetch, source::Source};
use mesh_core::model::KeySource;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long keys that no rule names any more are kept: an hour. A table that is gone may come back.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Fetches and keeps issuers' keys; see the [module](super). Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    fetch: Fetch,
    sources: Mutex<HashMap<KeySource, Kept>>,
}

struct Kept {
    source: Arc<Source>,
    named: Instant,
}

impl Keys {
    /// No keys yet; `fetch` gets them.
    #[must_use]
    pub fn new(fetch: Fetch) -> Self {
        Self(Arc::new(Inner { fetch, sources: Mutex::default() }))
    }

    /// Keys that are written in documents alone: those that would have to be fetched cannot be.
    #[must_use]
    pub fn inline() -> Self {
        Self::new(Arc::new(|_, _| Box::pin(std::future::ready(Err("nobody fetches keys here".into())))))
    }

    /// The keys of these sources, which keep their state from table to table. Asked once for each table.
    pub(super) fn of<'a>(&self, named: impl IntoIterator<Item = &'a KeySource>) -> Vec<Arc<Source>> {
        let now = Instant::now();
        let found = named.into_iter().map(|at| self.one(at, now)).collect();
        self.sources().retain(|_, kept| now.duration_since(kept.named) < FORGOTTEN_AFTER);
        found
    }

    /// How old the keys are that were fetched, by the address that people are shown.
    pub(super) fn ages(&self, now: Instant) -> Vec<(String, Duration)> {
        let sources = self.sources();
        let fetched = sources.iter().filter_map(|(at, kept)| Some((at, kept.source.age(now)?)));
        let address = |at: &KeySource| match at {
            KeySource::At(keys) | KeySource::Discovered(keys) => Some(keys.shown().to_string()),
            KeySource::Inline(_) | KeySource::Unknown => None,
        };
        fetched.filter_map(|(at, age)| Some((address(at)?, age))).collect()
    }

    fn one(&self, at: &KeySource, now: Instant) -> Arc<Source> {
        if let Some(kept) = self.sources().get_mut(at) {
            kept.named = now;
            return Arc::clone(&kept.source);
        }
        // Reading keys may take a while: nobody waits for it.
        let made = Kept { source: Source::new(at, &self.0.fetch), named: now };
        Arc::clone(&self.sources().entry(at.clone()).or_insert(made).source)
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<KeySource, Kept>> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
