//! Keeps one process running: starts it, listens to it, starts it again when it dies, and stops it.

use super::{
    Shop,
    roles::{Ports, Role},
};
use crate::instance::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::{io, process::ExitStatus, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::{mpsc, watch},
};

/// How long a process that died stays dead.
const REST: Duration = Duration::from_secs(5);

/// What becomes of a process.
pub(super) enum Event {
    /// It serves.
    Ready(Started),
    /// It is gone; `why` completes a sentence that begins with the name.
    Ended {
        /// Which.
        name: String,
        /// For example: ended (signal: 9).
        why: String,
    },
}

/// A process that serves.
pub(super) struct Started {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) ports: Ports,
}

/// Keeps a process running until `stop` says true.
pub(super) async fn keep(
    mut role: Role,
    shop: Arc<Shop>,
    mut stop: watch::Receiver<bool>,
    report: mpsc::UnboundedSender<Event>,
) {
    loop {
        let why = match run(&mut role, &shop, &mut stop, &report).await {
            Ok(None) => return,
            Ok(Some(status)) => format!("ended ({status})"),
            Err(error) => format!("could not be started ({error})"),
        };
        drop(report.send(Event::Ended { name: role.name.clone(), why }));
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            () = told(&mut stop) => return,
        }
    }
}

/// One life of the process: how it ended, or `None` when it was told to.
async fn run(
    role: &mut Role,
    shop: &Arc<Shop>,
    stop: &mut watch::Receiver<bool>,
    report: &mpsc::UnboundedSender<Event>,
) -> io::Result<Option<ExitStatus>> {
    let mut child = role.command(shop).spawn()?;
    // The child ends when this closes, and waiting for a child closes what is left in its handle.
    let _leash = child.stdin.take();
    let pid = child.id().unwrap_or_default();
    if let Some(errors) = child.stderr.take() {
        tokio::spawn(relay(errors, role.name.clone(), shop.clone()));
    }
    let mut output = child.stdout.take().map(|output| BufReader::new(output).lines());
    loop {
        tokio::select! {
            line = next(&mut output) => {
                if let Some(ports) = line.strip_prefix("ready ").and_then(|ports| serde_json::from_str(ports).ok()) {
                    moved(role, ports, shop)?;
                    let started = Started { name: role.name.clone(), pid, ports };
                    shop.console.show(&started);
                    drop(report.send(Event::Ready(started)));
                }
            }
            status = child.wait() => return status.map(Some),
            () = told(stop) => return end(&mut child).await.map(|()| None),
        }
    }
}

/// The next line, however long that takes: an output that has ended has no next line.
async fn next<R: AsyncRead + Unpin>(output: &mut Option<tokio::io::Lines<BufReader<R>>>) -> String {
    if let Some(lines) = output {
        if let Ok(Some(line)) = lines.next_line().await {
            return line;
        }
        *output = None;
    }
    std::future::pending().await
}

/// Tells the mesh if the process listens elsewhere than it was asked to.
fn moved(role: &mut Role, ports: Ports, shop: &Shop) -> io::Result<()> {
    // Where it tells about itself is no business of the mesh.
    let served = Ports { admin: role.ports.admin, ..ports };
    if role.ports == served {
        return Ok(());
    }
    role.ports = served;
    role.register(&shop.live)
}

async fn relay(errors: impl AsyncRead + Unpin, name: String, shop: Arc<Shop>) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        shop.heard.note(&line);
        shop.screen.relay(&name, line);
    }
}

/// Asks the process to finish, and kills it if it takes too long.
async fn end(child: &mut Child) -> io::Result<()> {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::TERM)?;
    }
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(ended) => ended.map(drop),
        Err(_) => child.kill().await,
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|told| *told).await);
}
