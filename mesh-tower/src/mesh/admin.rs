//! The admin endpoint of a member of the mesh.

use super::Config;
use crate::{
    admin::{State, start},
    recorder::Recorder,
    telemetry::Recording,
};
use std::{fmt, io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::AbortHandle};

/// Why the admin endpoint could not be opened; `Display` says where, and what to do.
#[derive(Clone, Debug)]
pub struct AdminFault {
    address: SocketAddr,
    error: Arc<io::Error>,
}

impl fmt::Display for AdminFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self.error.kind() {
            io::ErrorKind::AddrInUse => "another process listens there; choose another address",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another address",
            _ => "choose an address of this machine",
        };
        let Self { address, error } = self;
        write!(
            f,
            "the admin endpoint cannot be opened at {address}: {error} ({remedy}, such as MESH_ADMIN=127.0.0.1:15000, or off)"
        )
    }
}

impl std::error::Error for AdminFault {}

/// The endpoint while it is open.
#[derive(Debug)]
pub(super) struct Admin {
    pub(super) address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens the port that is configured, if one is. Nobody is answered yet.
///
/// # Errors
/// When it cannot be opened.
pub(super) async fn open(config: &Config) -> Result<Option<TcpListener>, AdminFault> {
    let Some(address) = config.admin else { return Ok(None) };
    let opened = TcpListener::bind(address).await;
    opened.map(Some).map_err(|error| AdminFault { address, error: Arc::new(error) })
}

/// The recorder that the endpoint is to read. Where nobody has installed one, one of ours is: handles that are asked for
/// before stay without, so this comes first.
pub(super) fn recorder(recording: &Recording) -> Option<Recorder> {
    recording.readable().or_else(|| {
        // Of somebody else's nothing is known but what they give us, and they have given nothing.
        let new = Recorder::default();
        (recording.recorder().is_none() && new.install().is_ok()).then_some(new)
    })
}

/// Answers from now on.
pub(super) fn serve(listener: TcpListener, state: State) -> Option<Admin> {
    let address = listener.local_addr();
    let address = address.inspect_err(|error| tracing::error!(%error, "no admin endpoint")).ok()?;
    let task = start(listener, state);
    tracing::info!(%address, "admin endpoint open");
    Some(Admin { address, task })
}
