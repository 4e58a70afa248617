//! What an inbound request hands to the outbound calls that it causes.

use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_core::table::Snapshot;
use std::{future::Future, sync::Arc};
use tokio::time::Instant;

tokio::task_local! {
    static CURRENT: Context;
}

/// What belongs to the inbound request whose handler is running. Cheap to clone.
///
/// It is the task's: a handler that spawns further tasks wraps them in [`Context::scope`] to hand it on.
#[derive(Clone, Debug, Default)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug, Default)]
struct Inner {
    headers: Vec<(HeaderName, HeaderValue)>,
    pinned: Option<Pinned>,
    deadline: Option<Instant>,
}

/// The table that decides every call of this request, while it is fresh.
#[derive(Clone, Debug)]
struct Pinned {
    snapshot: Arc<Snapshot>,
    until: Instant,
}

impl Context {
    /// A context that hands on these headers.
    #[must_use]
    pub fn new(headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self(Arc::new(Inner { headers, ..Inner::default() }))
    }

    /// The same, with the table that decides its calls until a moment; later the newest one does.
    #[must_use]
    pub fn pinned(mut self, snapshot: Arc<Snapshot>, until: Instant) -> Self {
        Arc::make_mut(&mut self.0).pinned = Some(Pinned { snapshot, until });
        self
    }

    /// The same, with the moment by which the request has to be answered: its calls have no more time than that.
    #[must_use]
    pub fn due(mut self, deadline: Instant) -> Self {
        Arc::make_mut(&mut self.0).deadline = Some(deadline);
        self
    }

    /// The context of the inbound request whose handler is running in this task, if there is one.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// By when this request has to be answered, if anybody said.
    #[must_use]
    pub fn due_by(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// By when the inbound request whose handler is running in this task has to be answered, if anybody said.
    #[must_use]
    pub fn deadline() -> Option<Instant> {
        CURRENT.try_with(|context| context.0.deadline).ok().flatten()
    }

    /// Runs a future within this context: calls that it makes are calls of this request.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a closure within this context.
    pub fn sync_scope<R>(self, run: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, run)
    }

    /// Adds the headers that travel, but for those that the caller has set itself.
    pub fn apply(&self, headers: &mut HeaderMap) {
        // The values of one name are neighbours: a name that was free before its first value is ours to the last.
        let mut last = None;
        for (name, value) in &self.0.headers {
            let (_, is_free) =
                last.filter(|(seen, _)| *seen == name).unwrap_or_else(|| (name, !headers.contains_key(name)));
            last = Some((name, is_free));
            if is_free {
                headers.append(name, value.clone());
            }
        }
    }

    /// The headers that travel.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The table that decides this request's calls, if it is still fresh.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.0.pinned.as_ref().filter(|pinned| Instant::now() < pinned.until).map(|pinned| &pinned.snapshot)
    }
}
