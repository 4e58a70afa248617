//! The page that shows the shop at work.

use super::process::Started;
use mesh_tower::{
    BoxError,
    console::{self, Process, Settings},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use tokio::sync::watch;

/// The console, and the processes that it shows.
pub(super) struct Console {
    open: console::Console,
    processes: watch::Sender<Vec<Process>>,
}

impl Console {
    /// Opens it at a port of this machine, or at any other if that is taken.
    ///
    /// # Errors
    /// No port is free.
    pub(super) async fn open(port: u16, folders: &[PathBuf], platform: PathBuf) -> Result<Self, BoxError> {
        let processes = watch::Sender::new(Vec::new());
        let settings = |port| Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            processes: processes.subscribe(),
            documents: folders.iter().cloned().chain([platform.clone()]).collect(),
            prometheus: None,
        };
        let open = match console::Console::open(settings(port)).await {
            Err(_) if port != 0 => console::Console::open(settings(0)).await,
            opened => opened,
        };
        Ok(Self { open: open?, processes })
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.open.address())
    }

    /// Shows a process from now on, in the place of the one that had its name before.
    pub(super) fn show(&self, started: &Started) {
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, started.ports.admin));
        let process = Process { name: started.name.clone(), admin };
        self.processes.send_modify(|known| {
            known.retain(|other| other.name != process.name);
            known.push(process);
        });
    }
}
