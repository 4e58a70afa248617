//! Who is hurt, when, and how.

use crate::platform::process::{Event, Started};
use mesh_tower::BoxError;
use rustix::process::{Pid, Signal, kill_process};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// The services on the path of a visit.
const SERVICES: [&str; 4] = ["product-composite-v1", "product-v1", "recommendation-v1", "review-v1"];
/// From one deed to the next.
const PERIOD: Duration = Duration::from_secs(3);
/// How long an instance hangs.
const HANG: Duration = Duration::from_secs(4);
/// An instance that serves for less than this is not taken for a healthy one.
const SETTLED: Duration = Duration::from_secs(1);

/// The instances of version v1, and what is done to them.
pub(super) struct Trouble {
    instances: BTreeMap<String, Instance>,
    deeds: Vec<Instant>,
    hung: Vec<(Instant, String, Hung)>,
}

#[derive(Clone, Copy)]
struct Instance {
    /// `None` while it does not run.
    pid: Option<Pid>,
    since: Instant,
}

#[derive(Clone, Copy)]
enum Deed {
    Kill,
    Hang,
    Restart,
}

const DEEDS: [Deed; 3] = [Deed::Kill, Deed::Hang, Deed::Restart];

impl Trouble {
    /// Trouble for these.
    ///
    /// # Errors
    /// One of the services has fewer than two instances.
    pub(super) fn among(ready: &[Started]) -> Result<Self, BoxError> {
        let mut trouble = Self { instances: BTreeMap::new(), deeds: Vec::new(), hung: Vec::new() };
        ready.iter().for_each(|started| trouble.started(started));
        match SERVICES.iter().find(|service| trouble.of(service).count() < 2) {
            Some(service) => Err(format!(
                "{service} has fewer than two instances that run, and who is left could not help. Start more: --instances 3"
            )
            .into()),
            None => Ok(trouble),
        }
    }

    /// Follows who comes and goes.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Ready(started) => self.started(&started),
            Event::Ended { name, .. } => {
                if let Some(instance) = self.instances.get_mut(&name) {
                    *instance = Instance { pid: None, since: Instant::now() };
                }
            }
        }
    }

    fn started(&mut self, started: &Started) {
        let pid = i32::try_from(started.pid).ok().and_then(Pid::from_raw);
        self.instances.insert(started.name.clone(), Instance { pid, since: Instant::now() });
    }

    /// Lets those go on who have hung for long enough, and hurts somebody if it is time. Says whom.
    pub(super) fn go_on(&mut self, now: Instant) -> Option<String> {
        self.hung.retain(|(until, ..)| now < *until);
        if self.deeds.last().is_some_and(|last| now < *last + PERIOD) {
            return None;
        }
        let number = self.deeds.len();
        let service = SERVICES[number % SERVICES.len()];
        let (name, pid) = self.victim(service, now)?;
        let said = self.hurt(&name, pid, DEEDS[number % DEEDS.len()], now);
        self.deeds.push(now);
        Some(said)
    }

    /// Any instance of a service of which all are well; of one that still recovers nobody is hurt.
    fn victim(&self, service: &str, now: Instant) -> Option<(String, Pid)> {
        let mut well = Vec::new();
        for (name, instance) in self.of(service) {
            let is_hung = self.hung.iter().any(|(_, hung, _)| hung == name);
            let pid = instance.pid.filter(|_| !is_hung && now > instance.since + SETTLED)?;
            well.push((name.clone(), pid));
        }
        (!well.is_empty()).then(|| well.swap_remove(fastrand::usize(..well.len())))
    }

    fn hurt(&mut self, name: &str, pid: Pid, deed: Deed, now: Instant) -> String {
        // Who has just ended on its own has been hurt enough.
        match deed {
            Deed::Kill => {
                let _ = kill_process(pid, Signal::KILL);
                format!("  {name} is killed")
            }
            Deed::Hang => {
                self.hung.push((now + HANG, name.to_owned(), Hung::new(pid)));
                format!("  {name} hangs for {} s", HANG.as_secs())
            }
            Deed::Restart => {
                let _ = kill_process(pid, Signal::TERM);
                format!("  {name} is told to end, and starts again")
            }
        }
    }

    fn of(&self, service: &str) -> impl Iterator<Item = (&String, &Instance)> {
        self.instances
            .iter()
            .filter(move |(name, _)| name.strip_prefix(service).is_some_and(|rest| rest.starts_with('-')))
    }

    /// Lets everybody go on; when there was trouble.
    pub(super) fn end(self) -> Vec<Instant> {
        self.deeds
    }
}

/// A process that hangs until this is dropped.
struct Hung(Pid);

impl Hung {
    fn new(pid: Pid) -> Self {
        let _ = kill_process(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}
