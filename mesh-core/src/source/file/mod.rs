//! Documents from files and folders, and word of their changes.
//!
//! *When you want it:* a service that reads its documents from a folder, a mounted ConfigMap among them, or from a few
//! files. *Half a write is never shown:* a file that changes while it is read is read again, and so is everything when
//! a folder changes meanwhile. *Cancel safety:* [`FileSource::changed`] may be dropped at any time without losing a
//! change. *What survives:* a file that did not change gives the very [`Batch`] it gave before.

mod content;
mod survey;
mod watch;

use super::{Batch, Source};
use crate::document::{Fault, Place};
use content::Content;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use survey::{Found, Stamp, State, Survey};
use tokio::time::{Instant, timeout_at};
use watch::Watch;

/// How long nothing may happen before changes count as complete.
const SETTLE: Duration = Duration::from_millis(100);

/// How long changes that never end are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often file systems that send no events are looked through.
const SCAN: Duration = Duration::from_secs(5);

/// How long after a file's time stamp it can change again with no new one: the coarsest file systems count by two seconds.
const GRAIN: Duration = Duration::from_secs(2);

/// How often everything is read again because something changed meanwhile.
const ATTEMPTS: usize = 4;

/// Documents from files and folders.
///
/// Of folders it reads `*.yaml`, `*.yml` and `*.json`, in the order of their names and with all subfolders, and passes
/// over everything whose name starts with a dot. Symbolic links are followed; a file reached twice is read once.
#[derive(Debug)]
pub struct FileSource {
    paths: Arc<[PathBuf]>,
    namespace: String,
    /// What the last load read, by path.
    known: HashMap<PathBuf, Known>,
    /// What the last load saw; `None` before the first.
    seen: Option<Survey>,
    watch: Watch,
    /// When the change that is settling was noticed, so that a dropped `changed` forgets nothing.
    stirred: Option<Instant>,
    next_scan: Option<Instant>,
}

/// A file as it was read.
#[derive(Debug)]
struct Known {
    stamp: Stamp,
    age: Age,
    /// Whether `batch` tells its content, and not why there is none.
    is_read: bool,
    batch: Arc<Batch>,
}

/// How long the stamp of a file has been the same.
#[derive(Clone, Copy, Debug)]
struct Age {
    /// When it was seen first.
    since: Instant,
    /// Whether the file was read so long after `since` that a change must have given it another stamp.
    is_settled: bool,
}

impl Source for FileSource {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        Self::load(self)
    }

    async fn changed(&mut self) {
        Self::changed(self).await;
    }
}

impl FileSource {
    /// Documents from these files and folders, in this order; `namespace` is the one for documents that name none.
    ///
    /// # Errors
    ///
    /// Fails when one of the paths does not exist, or is neither a file nor a folder.
    #[expect(clippy::result_large_err, reason = "asked once, and the fault is a plain value everywhere else")]
    pub fn new(paths: Vec<PathBuf>, namespace: String) -> Result<Self, Fault> {
        if let Some(fault) = paths.iter().find_map(|path| check(path)) {
            return Err(fault);
        }
        Ok(Self {
            paths: paths.into(),
            namespace,
            known: HashMap::new(),
            seen: None,
            watch: Watch::new(),
            stirred: None,
            next_scan: None,
        })
    }

    /// Reads what changed since the last time, and gives all files, in order.
    ///
    /// A file that vanished is no longer among them. One that cannot be read is, with the reason. This reads files, and
    /// so blocks.
    pub fn load(&mut self) -> Vec<Arc<Batch>> {
        let mut survey = Survey::of(&self.paths);
        let mut batches = Vec::new();
        for _ in 0..ATTEMPTS {
            // First watched, then read, then compared: a change at any moment shows in one of the three.
            self.watch.follow(&survey.folders);
            batches = self.read(&survey);
            let after = Survey::of(&self.paths);
            let is_steady = after == survey;
            survey = after;
            if is_steady {
                break;
            }
        }
        self.seen = Some(survey);
        batches
    }

    /// Completes when something may have changed and the changes have settled: after 100 ms of silence, and at most one
    /// second after the first change.
    ///
    /// Before the first [`load`](Self::load) it completes at once. Where the file system sends no events, changes are
    /// noticed within 5 seconds. Cancel safe: a change noticed by a call that is dropped is reported by the next.
    pub async fn changed(&mut self) {
        if self.seen.is_none() {
            return;
        }
        if self.stirred.is_none() {
            self.stir().await;
        }
        let latest = *self.stirred.get_or_insert_with(Instant::now) + PATIENCE;
        while Instant::now() < latest {
            let quiet = latest.min(Instant::now() + SETTLE);
            if timeout_at(quiet, self.watch.event()).await.is_err() {
                break;
            }
        }
        self.stirred = None;
    }

    /// Waits for the first sign of a change.
    async fn stir(&mut self) {
        loop {
            let scan = *self.next_scan.get_or_insert_with(|| Instant::now() + SCAN);
            if timeout_at(scan, self.watch.event()).await.is_ok() {
                return;
            }
            self.next_scan = None;
            if self.differs().await {
                return;
            }
        }
    }

    /// Whether the files look different from what the last load saw, or could differ without looking so.
    async fn differs(&self) -> bool {
        if self.known.values().any(|known| known.age.is_in_doubt()) {
            return true;
        }
        let paths = Arc::clone(&self.paths);
        let survey = tokio::task::spawn_blocking(move || Survey::of(&paths)).await;
        survey.is_ok_and(|survey| Some(&survey) != self.seen.as_ref())
    }

    fn read(&mut self, survey: &Survey) -> Vec<Arc<Batch>> {
        let mut before = std::mem::take(&mut self.known);
        let mut batches = Vec::with_capacity(survey.files.len());
        for found in &survey.files {
            if let Some(known) = self.read_one(found, before.remove(&found.path)) {
                batches.push(Arc::clone(&known.batch));
                self.known.insert(found.path.clone(), known);
            }
        }
        batches
    }

    /// Reads one file, unless it is as it was; `None` when it has vanished.
    fn read_one(&self, found: &Found, before: Option<Known>) -> Option<Known> {
        let before = match before {
            Some(known) if known.age.is_settled && found.state == State::Seen(known.stamp) => {
                return Some(known);
            }
            before => before,
        };
        let file: Arc<str> = found.path.display().to_string().into();
        let (content, stamp) = match found.state {
            State::Seen(stamp) => content::read(&found.path, stamp),
            State::Failed(kind) => (Content::Failed(kind), Stamp::default()),
        };
        let batch = match content {
            Content::Bytes(bytes) => return Some(self.keep(before, stamp, file, &bytes)),
            Content::Gone => return None,
            // The writer's last step will be noticed; until then the file stays what it was.
            Content::Unsteady if before.is_some() => {
                let age = Age { since: Instant::now(), is_settled: false };
                return before.map(|known| Known { age, ..known });
            }
            Content::Unsteady => Batch::unread(
                Arc::clone(&file),
                fault(&file, "is being written all the time")
                    .with_remedy("write another file and rename it to this one"),
            ),
            Content::TooLarge => Batch::too_large(file),
            Content::Failed(kind) => Batch::unread(Arc::clone(&file), unreadable(&file, kind)),
        };
        let age = Age::of(before.as_ref(), stamp);
        let same = before.filter(|known| !known.is_read && known.batch.readings == batch.readings);
        let batch = same.map_or_else(|| Arc::new(batch), |known| known.batch);
        Some(Known { stamp, age, is_read: false, batch })
    }

    fn keep(&self, before: Option<Known>, stamp: Stamp, file: Arc<str>, bytes: &[u8]) -> Known {
        let age = Age::of(before.as_ref(), stamp);
        let batch = match before.filter(|known| known.is_read) {
            Some(known) => known.batch.next(bytes),
            None => Arc::new(Batch::of(file, bytes, &self.namespace)),
        };
        Known { stamp, age, is_read: true, batch }
    }
}

impl Age {
    fn of(before: Option<&Known>, stamp: Stamp) -> Self {
        let now = Instant::now();
        let since = before.filter(|known| known.stamp == stamp).map_or(now, |known| known.age.since);
        Self { since, is_settled: now.duration_since(since) >= GRAIN }
    }

    /// Whether the file could have changed since it was read, and look the same.
    fn is_in_doubt(self) -> bool {
        !self.is_settled && self.since.elapsed() >= GRAIN
    }
}

/// What is wrong with a path that somebody named.
fn check(path: &Path) -> Option<Fault> {
    let file: Arc<str> = path.display().to_string().into();
    let remedy = "name a file, or a folder of files, in YAML or JSON";
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() || metadata.is_dir() => None,
        Ok(_) => Some(fault(&file, "neither a file nor a folder").with_remedy(remedy)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(fault(&file, "no such file or folder").with_remedy(remedy))
        }
        Err(error) => Some(unreadable(&file, error.kind())),
    }
}

fn unreadable(file: &Arc<str>, kind: std::io::ErrorKind) -> Fault {
    let remedy = "let the user of this process read it";
    fault(file, &format!("cannot be read: {kind}")).with_remedy(remedy)
}

fn fault(file: &Arc<str>, reason: &str) -> Fault {
    Fault::error(Place::new(Arc::clone(file), 0), reason)
}

#[cfg(test)]
mod tests;
