//! Events of the file system.

use super::survey::Interest;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

/// Folders, and what matters in each.
type Folders = BTreeMap<PathBuf, Interest>;

/// Watches folders, and remembers that something happened in them.
pub(super) struct Watch {
    /// `None` where the system offers no events.
    watcher: Option<RecommendedWatcher>,
    /// What is watched now; the watcher's own thread reads it.
    folders: Arc<Mutex<Folders>>,
    signal: Arc<Notify>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl Watch {
    pub(super) fn new() -> Self {
        let folders = Arc::<Mutex<Folders>>::default();
        let signal = Arc::<Notify>::default();
        let (theirs, wake) = (Arc::clone(&folders), Arc::clone(&signal));
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if matters(&event, &theirs.lock().unwrap_or_else(PoisonError::into_inner)) {
                wake.notify_one();
            }
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!(%error, "no events from the file system: changes are noticed by looking");
        });
        Self { watcher: watcher.ok(), folders, signal }
    }

    /// Watches these folders, and no others.
    pub(super) fn follow(&mut self, folders: &Folders) {
        let before = {
            let mut watched = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *watched, folders.clone())
        };
        let Some(watcher) = &mut self.watcher else { return };
        for gone in before.keys().filter(|folder| !folders.contains_key(*folder)) {
            // A folder that was deleted took its watch with it, and that is all that can fail here.
            let _ = watcher.unwatch(gone);
        }
        // Those watched before as well: under the same name there may be another folder now.
        for folder in folders.keys() {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::debug!(%error, folder = %folder.display(), "no events from this folder");
            }
        }
    }

    /// Completes when something happened since it completed last. Cancel safe.
    pub(super) async fn event(&self) {
        self.signal.notified().await;
    }
}

/// Whether an event may change what the documents say.
fn matters(event: &notify::Result<Event>, folders: &Folders) -> bool {
    let Ok(event) = event else { return true };
    match event.kind {
        // Reading the documents opens and closes them, and must not lead to reading them again.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
        EventKind::Access(_) => return false,
        _ => {}
    }
    event.need_rescan() || event.paths.iter().any(|path| is_of_interest(path, folders))
}

fn is_of_interest(path: &Path, folders: &Folders) -> bool {
    let in_folder = || match folders.get(path.parent()?)? {
        Interest::All => Some(true),
        Interest::Names(names) => path.file_name().map(|name| names.contains(name)),
    };
    folders.contains_key(path) || in_folder().unwrap_or(false)
}

#[cfg(test)]
impl Watch {
    /// A watch that hears nothing, as on a file system that sends no events.
    pub(super) fn deaf() -> Self {
        Self { watcher: None, folders: Arc::default(), signal: Arc::default() }
    }

    /// What a file system does when something happens.
    pub(super) fn sign(&self) -> impl Fn() + Send + 'static {
        let signal = Arc::clone(&self.signal);
        move || signal.notify_one()
    }
}
