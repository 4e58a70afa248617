//! Asks the mesh while somebody looks.

use super::{
    asked::{Reports, follow, follow_prometheus, follow_requests},
    mesh::{Picture, under_way},
    settings::{Process, Settings},
    traffic::{Edge, Sample, edges},
};
use http::Uri;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::{broadcast, watch},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

/// How long it is asked on when the last page closes: whoever loads it again wants no gap.
const LINGER: Duration = Duration::from_secs(5);
/// How often a page is told, at most.
const PACE: Duration = Duration::from_millis(200);
/// How often it is told at least, so that what has ended goes.
const TICK: Duration = Duration::from_secs(1);
/// How many requests are kept for a page that reads slowly.
const REQUESTS: usize = 2048;

/// Something that was told, as JSON.
pub(super) type Said = Arc<str>;

/// Where pages look. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Looking {
    eyes: watch::Sender<usize>,
    pub(super) mesh: watch::Receiver<Option<Said>>,
    pub(super) traffic: watch::Receiver<Option<Said>>,
    pub(super) requests: broadcast::Sender<Said>,
    /// The files that processes have told of.
    pub(super) files: watch::Receiver<Arc<BTreeSet<String>>>,
}

/// Somebody who looks, until this is dropped.
#[derive(Debug)]
pub(super) struct Eye(watch::Sender<usize>);

impl Drop for Eye {
    fn drop(&mut self) {
        self.0.send_modify(|eyes| *eyes = eyes.saturating_sub(1));
    }
}

/// What passes now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Traffic<'a> {
    /// In milliseconds since 1970.
    at: u64,
    /// `processes` or `prometheus`.
    source: &'static str,
    fault: Option<&'a str>,
    edges: Vec<Edge>,
    /// How many requests are under way, by the address of the endpoint.
    active: BTreeMap<String, u64>,
}

/// Asks, and tells.
struct Asking {
    processes: watch::Receiver<Vec<Process>>,
    prometheus: Option<Uri>,
    eyes: watch::Receiver<usize>,
    reports: Reports,
    mesh: watch::Sender<Option<Said>>,
    traffic: watch::Sender<Option<Said>>,
    requests: broadcast::Sender<Said>,
    files: watch::Sender<Arc<BTreeSet<String>>>,
}

impl Looking {
    /// Waits for somebody to look, and asks as long as somebody does.
    pub(super) fn start(settings: &Settings) -> (Self, AbortHandle) {
        let (eyes, requests) = (watch::Sender::new(0), broadcast::Sender::new(REQUESTS));
        let (mesh, traffic, files) =
            (watch::Sender::new(None), watch::Sender::new(None), watch::Sender::new(Arc::default()));
        let looking = Self {
            eyes: eyes.clone(),
            mesh: mesh.subscribe(),
            traffic: traffic.subscribe(),
            requests: requests.clone(),
            files: files.subscribe(),
        };
        let asking = Asking {
            processes: settings.processes.clone(),
            prometheus: settings.prometheus.clone(),
            eyes: eyes.subscribe(),
            reports: Reports::default(),
            mesh,
            traffic,
            requests,
            files,
        };
        (looking, tokio::spawn(asking.run()).abort_handle())
    }

    /// Looks from now on.
    pub(super) fn look(&self) -> Eye {
        self.eyes.send_modify(|eyes| *eyes += 1);
        Eye(self.eyes.clone())
    }
}

impl Asking {
    async fn run(self) {
        let mut eyes = self.eyes.clone();
        // The sender lives as long as pages can be served.
        while eyes.wait_for(|eyes| *eyes > 0).await.is_ok() {
            tokio::select! {
                () = self.ask() => {}
                () = gone(self.eyes.clone()) => {}
            }
            // What was then is not shown as if it were now.
            self.reports.change(|told| *told = super::asked::Told::default());
            self.mesh.send_replace(None);
            self.traffic.send_replace(None);
        }
    }

    async fn ask(&self) {
        let mut tasks = JoinSet::new();
        if let Some(prometheus) = &self.prometheus {
            tasks.spawn(follow_prometheus(prometheus.clone(), self.reports.clone()));
        }
        let follow = async {
            let mut processes = self.processes.clone();
            let mut asked = BTreeMap::new();
            loop {
                let now = processes.borrow_and_update().clone();
                self.follow(&now, &mut asked, &mut tasks);
                if processes.changed().await.is_err() {
                    // Nobody is left who could start or end one.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::join!(follow, self.tell());
    }

    /// Asks these processes, and no others.
    fn follow(
        &self,
        now: &[Process],
        asked: &mut BTreeMap<Process, [AbortHandle; 2]>,
        tasks: &mut JoinSet<()>,
    ) {
        asked.retain(|process, handles| {
            let stays = now.contains(process);
            if !stays {
                handles.iter().for_each(AbortHandle::abort);
            }
            stays
        });
        self.reports.change(|told| {
            told.processes.retain(|name, _| now.iter().any(|process| process.name == *name));
            for process in now.iter().filter(|process| !asked.contains_key(*process)) {
                told.processes.insert(process.name.clone(), super::asked::Report::default());
            }
        });
        for process in now.iter().filter(|process| !asked.contains_key(*process)).cloned().collect::<Vec<_>>()
        {
            let state = follow(process.clone(), self.reports.clone(), self.prometheus.is_none());
            let requests = follow_requests(process.clone(), self.requests.clone());
            asked.insert(process, [tasks.spawn(state), tasks.spawn(requests)]);
        }
    }

    /// Tells pages what is new.
    async fn tell(&self) {
        loop {
            // Whether there is news or the time is over: pages are told.
            let _ = timeout(TICK, self.reports.news()).await;
            let (mesh, files) = self.reports.look(|told| {
                let picture = Picture::of(&told.processes);
                (written(&picture), picture.files.keys().cloned().collect::<BTreeSet<_>>())
            });
            self.files.send_if_modified(|known| {
                let is_new = **known != files;
                if is_new {
                    *known = Arc::new(files);
                }
                is_new
            });
            replace(&self.mesh, mesh);
            replace(&self.traffic, self.traffic());
            sleep(PACE).await;
        }
    }

    fn traffic(&self) -> Option<Said> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let at = u64::try_from(at).unwrap_or_default();
        self.reports.look(|told| {
            let active = under_way(&told.processes);
            let fault = told.prometheus_fault.as_deref();
            if self.prometheus.is_some() {
                let none = Default::default();
                let [rates, totals] = told.prometheus.as_ref().unwrap_or(&none);
                return written(&Traffic {
                    at,
                    source: "prometheus",
                    fault,
                    edges: edges(rates, totals),
                    active,
                });
            }
            let windows = || told.processes.values().map(|report| &report.window);
            let rates = merged(windows().map(|window| window.rates()));
            let totals = merged(windows().filter_map(|window| window.totals().cloned()));
            written(&Traffic { at, source: "processes", fault, edges: edges(&rates, &totals), active })
        })
    }
}

/// Completes when nobody has looked for a while.
async fn gone(mut eyes: watch::Receiver<usize>) {
    loop {
        if eyes.wait_for(|eyes| *eyes == 0).await.is_err() {
            return;
        }
        if timeout(LINGER, eyes.wait_for(|eyes| *eyes > 0)).await.is_err() {
            return;
        }
    }
}

/// What several processes count, together.
fn merged(samples: impl Iterator<Item = Sample>) -> Sample {
    let mut all = Sample::default();
    for (call, totals) in samples.flatten() {
        all.entry(call).or_default().merge(&totals);
    }
    all
}

fn written(value: &impl Serialize) -> Option<Said> {
    let written = serde_json::to_string(value);
    written.inspect_err(|error| tracing::error!(%error, "this cannot be shown")).ok().map(Into::into)
}

/// Tells pages, unless they know.
fn replace(to: &watch::Sender<Option<Said>>, said: Option<Said>) {
    to.send_if_modified(|known| {
        let is_new = *known != said;
        if is_new {
            *known = said;
        }
        is_new
    });
}
