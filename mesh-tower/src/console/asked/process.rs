//! Asks one process, again and again.

use super::{
    AskFault, Link, Reports,
    report::{Report, Topic},
};
use crate::console::{
    settings::Process,
    traffic::{METRICS, sample},
};
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// The most that a page of a process may be, in bytes.
const MOST: usize = 64 << 20;
/// How often is asked what changes when somebody saves a file.
const OFTEN: Duration = Duration::from_millis(400);
/// How often is asked what requests change.
const STEADY: Duration = Duration::from_secs(1);
/// How often is asked what changes by the hour.
const SELDOM: Duration = Duration::from_secs(10);
/// A process is left alone for so many times as long as an answer took: one of many documents has other work to do.
const REST: u32 = 20;

impl Topic {
    fn pause(self) -> Duration {
        match self {
            Self::Documents => OFTEN,
            Self::Traffic | Self::Others => STEADY,
            Self::Certificates => SELDOM,
        }
    }
}

/// Asks a process what it knows, for as long as this is polled. `counts` says whether its metrics are wanted, too.
pub(in crate::console) async fn follow(process: Process, reports: Reports, counts: bool) {
    let about = |topic| Asker::new(&process, &reports).again(topic);
    let traffic = async {
        if counts {
            about(Topic::Traffic).await;
        }
    };
    tokio::join!(about(Topic::Documents), traffic, about(Topic::Others), about(Topic::Certificates));
}

/// Asks a process over a connection of its own.
struct Asker {
    link: Link,
    name: String,
    reports: Reports,
}

impl Asker {
    fn new(process: &Process, reports: &Reports) -> Self {
        let link = Link::to(process.admin.to_string());
        Self { link, name: process.name.clone(), reports: reports.clone() }
    }

    /// Asks and rests, and asks again.
    async fn again(mut self, topic: Topic) {
        loop {
            let begun = Instant::now();
            let asked = match topic {
                Topic::Documents => self.documents().await,
                Topic::Traffic => self.traffic().await,
                Topic::Others => self.others().await,
                Topic::Certificates => self.certificates().await,
            };
            self.tell(|report| match asked {
                Ok(()) => drop(report.faults.remove(&topic)),
                Err(fault) => drop(report.faults.insert(topic, fault.to_string())),
            });
            sleep(topic.pause().max((begun.elapsed() * REST).min(SELDOM))).await;
        }
    }

    async fn documents(&mut self) -> Result<(), AskFault> {
        let configuration = Arc::new(self.read("/config_dump").await?);
        self.tell(|report| report.configuration = Some(configuration));
        Ok(())
    }

    async fn others(&mut self) -> Result<(), AskFault> {
        let clusters = Arc::new(self.read("/clusters?format=json").await?);
        let (is_ready, why) = self.link.look("/ready", MOST).await?;
        let unready = (!is_ready).then(|| String::from_utf8_lossy(&why).trim().to_owned());
        self.tell(|report| {
            report.clusters = clusters;
            report.unready = unready;
        });
        Ok(())
    }

    async fn certificates(&mut self) -> Result<(), AskFault> {
        let certificates = Arc::new(self.read("/certs").await?);
        self.tell(|report| report.certificates = Some(certificates));
        Ok(())
    }

    async fn traffic(&mut self) -> Result<(), AskFault> {
        let path = format!("/metrics?name[]={}&name[]={}", METRICS[0], METRICS[1]);
        let asked = Instant::now();
        let text = self.link.get(&path, MOST).await?;
        let sample = sample(&String::from_utf8_lossy(&text));
        self.tell(|report| report.window.push(asked, sample));
        Ok(())
    }

    async fn read<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, AskFault> {
        let body = self.link.get(path, MOST).await?;
        serde_json::from_slice(&body).map_err(|error| AskFault::unreadable(path, &error))
    }

    fn tell(&self, change: impl FnOnce(&mut Report)) {
        self.reports.change_one(&self.name, change);
    }
}
