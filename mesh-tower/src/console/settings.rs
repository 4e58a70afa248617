//! What a console is told.

use http::Uri;
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use tokio::sync::watch;

/// The port of 127.0.0.1 that a console opens unless it is told otherwise.
pub(super) const PORT: u16 = 15080;

/// One process of the mesh.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// What people call it. Each process has a name of its own.
    pub name: String,
    /// Where its admin endpoint is.
    pub admin: SocketAddr,
}

/// What a console is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the page is served. Default: port 15080 of 127.0.0.1; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// The processes to ask, as they are now: whoever starts them keeps this up to date. Default: none.
    pub processes: watch::Receiver<Vec<Process>>,
    /// Files and folders whose documents may be shown. Default: none, so that faults are shown without the text around
    /// them.
    pub documents: Vec<PathBuf>,
    /// A Prometheus that has the metrics of the mesh, such as `http://prometheus:9090`. Default: none; traffic is what the
    /// processes say themselves.
    pub prometheus: Option<Uri>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
            // Nobody sends, so these are the processes for ever.
            processes: watch::channel(Vec::new()).1,
            documents: Vec::new(),
            prometheus: None,
        }
    }
}

/// Why a console could not be opened; `Display` says where, and what to do.
#[derive(Clone, Debug)]
pub struct ConsoleFault {
    pub(super) address: SocketAddr,
    pub(super) error: Arc<io::Error>,
}

impl fmt::Display for ConsoleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self.error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there; choose another port, or 0 for any",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another port",
            _ => "choose an address of this machine",
        };
        write!(f, "the console cannot be opened at {}: {} ({remedy})", self.address, self.error)
    }
}

impl std::error::Error for ConsoleFault {}
