//! What is known of each process.

use crate::console::{
    mesh::{Certificates, Cluster, Configuration},
    traffic::{Sample, Window},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// What is asked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum Topic {
    Documents,
    Traffic,
    Others,
    Certificates,
}

/// What one process says of itself.
#[derive(Debug, Default)]
pub(in crate::console) struct Report {
    /// What it did not answer when it was asked last, and why.
    pub(in crate::console) faults: BTreeMap<Topic, String>,
    /// Why it is not to get requests now, if it is not.
    pub(in crate::console) unready: Option<String>,
    pub(in crate::console) configuration: Option<Arc<Configuration>>,
    pub(in crate::console) clusters: Arc<Vec<Cluster>>,
    pub(in crate::console) certificates: Option<Arc<Certificates>>,
    pub(in crate::console) window: Window,
}

impl Report {
    /// Why it does not answer, if it does not.
    pub(in crate::console) fn fault(&self) -> Option<&str> {
        self.faults.values().next().map(String::as_str)
    }
}

/// What all processes say. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct Reports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    told: Mutex<Told>,
    news: Notify,
}

/// What has been told so far.
#[derive(Debug, Default)]
pub(in crate::console) struct Told {
    pub(in crate::console) processes: BTreeMap<String, Report>,
    /// What a Prometheus has: how much a second, and in all.
    pub(in crate::console) prometheus: Option<[Sample; 2]>,
    /// Why the Prometheus does not answer, if it does not.
    pub(in crate::console) prometheus_fault: Option<String>,
}

impl Reports {
    /// Changes what is known, and tells those who wait.
    pub(in crate::console) fn change(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.lock());
        self.0.news.notify_one();
    }

    /// Changes what is known of one process, if it is still one of those that are asked.
    pub(in crate::console) fn change_one(&self, name: &str, change: impl FnOnce(&mut Report)) {
        self.change(|told| {
            if let Some(report) = told.processes.get_mut(name) {
                change(report);
            }
        });
    }

    /// Completes when there is something new.
    pub(in crate::console) async fn news(&self) {
        self.0.news.notified().await;
    }

    /// Looks at what is known.
    pub(in crate::console) fn look<R>(&self, look: impl FnOnce(&Told) -> R) -> R {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
