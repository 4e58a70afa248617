//! Ports open and close as the documents say.

use super::{forward::Forward, tls::Door};
use crate::{
    dice::Dice,
    error::BoxError,
    mesh::Mesh,
    serve::{Drain, serve},
};
use mesh_core::{
    model::ServerProtocol,
    table::{Listener, Snapshot},
};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Runs the gateways of a workload; see the [module](super).
#[derive(Debug)]
pub struct Gateway {
    mesh: Mesh,
    open: BTreeMap<u16, Open>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Open {
    address: SocketAddr,
    drain: Drain,
}

impl Gateway {
    pub(crate) fn new(mesh: Mesh) -> Self {
        Self { mesh, open: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// The workload that acts as gateways.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Opens the ports that the documents ask for now, and gives their addresses. [`Gateway::run`] does so by itself.
    ///
    /// # Errors
    /// When a port cannot be opened; the sentence says which and what to do.
    pub async fn open(&mut self) -> Result<Vec<SocketAddr>, BoxError> {
        let snapshot = self.mesh.handle().snapshot();
        self.reconcile(&snapshot).await?;
        Ok(self.open.values().map(|open| open.address).collect())
    }

    /// Serves until the process is told to stop (SIGTERM or Ctrl-C), or the mesh drains; then completes once the
    /// requests under way are answered. Dropping the future cuts every connection.
    ///
    /// # Errors
    /// When a port cannot be opened at the start. Later that is logged, and tried again with the next change.
    pub async fn run(mut self) -> Result<(), BoxError> {
        let signals = self.mesh.drain().on_signals()?;
        let mut handle = self.mesh.handle();
        self.open().await?;
        let drain = self.mesh.drain().clone();
        loop {
            let snapshot = tokio::select! {
                snapshot = handle.published() => snapshot,
                () = drain.started() => break,
            };
            // No publisher any more: the last table stays.
            let Some(snapshot) = snapshot else { break drain.started().await };
            if let Err(error) = self.reconcile(&snapshot).await {
                tracing::error!("{error}");
            }
        }
        self.open.values().for_each(|open| open.drain.start());
        while self.tasks.join_next().await.is_some() {}
        self.mesh.parts().telemetry.flush().await;
        signals.abort();
        Ok(())
    }

    async fn reconcile(&mut self, snapshot: &Snapshot) -> Result<(), BoxError> {
        while self.tasks.try_join_next().is_some() {}
        let wanted: Vec<_> = snapshot.listeners().iter().filter(|listener| is_served(listener)).collect();
        self.open.retain(|port, open| {
            let stays = wanted.iter().any(|listener| listener.port == *port);
            if !stays {
                tracing::info!(port, address = %open.address, "gateway port closed");
                open.drain.start();
            }
            stays
        });
        let mut failure = None;
        for listener in wanted {
            if !self.open.contains_key(&listener.port)
                && let Err(error) = self.open_port(listener).await
            {
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn open_port(&mut self, listener: &Listener) -> Result<(), BoxError> {
        let port = listener.port;
        let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let written = SocketAddr::new(listener.bind().unwrap_or(everywhere), port);
        let address = self.mesh.config().listen.get(&port).copied().unwrap_or(written);
        let listener =
            TcpListener::bind(address).await.map_err(|error| cannot_open(port, address, &error))?;
        let address = listener.local_addr()?;
        let drain = Drain::new(self.mesh.drain().grace());
        let door = Door {
            port,
            handle: self.mesh.handle(),
            certificates: self.mesh.certificates(),
            secrets: self.mesh.secrets(),
            dice: Dice::default(),
            reporter: self.mesh.parts().telemetry.reporter().clone(),
            forward: Forward::new(self.mesh.parts(), port),
        };
        self.tasks.spawn(serve(listener, door, drain.clone()));
        self.open.insert(port, Open { address, drain });
        tracing::info!(port, %address, "gateway port open");
        Ok(())
    }
}

fn is_served(listener: &Listener) -> bool {
    listener.servers.iter().any(|server| server.protocol != ServerProtocol::Other)
}

fn cannot_open(port: u16, address: SocketAddr, error: &io::Error) -> BoxError {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "another process listens there; stop it, or choose another address",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another address",
        _ => "choose another address",
    };
    format!("the gateway's port {port} cannot be opened at {address}: {error} ({remedy}, such as MESH_LISTEN={port}=127.0.0.1:8443)").into()
}
