//! What all contenders call, and the proxies of those that have some: started once, and idle when it is not their turn.

use crate::{
    certificates,
    contender::{Between, Contender},
    message::Listening,
    origin::Door,
    process::Process,
    sidecars::{self, Setup},
};
use benches::envoy::Envoy;
use mesh_tower::BoxError;
use std::{net::SocketAddr, path::Path};
use tempfile::TempDir;

/// The folder of a run, and the processes that serve in it.
#[derive(Debug)]
pub(crate) struct World {
    folder: TempDir,
    origins: Vec<(Door, Process, Listening)>,
    proxies: Vec<(Contender, Vec<Envoy>)>,
}

/// Whom a contender calls, and who is on the way.
#[derive(Debug)]
pub(crate) struct Way {
    /// Whom it calls.
    pub(crate) to: Vec<SocketAddr>,
    /// The proxies behind the caller, in the order that a request passes.
    pub(crate) proxies: Vec<u32>,
    /// The origin.
    pub(crate) origin: u32,
}

impl World {
    /// Starts what these contenders need. `envoy` is the binary, and `workers` the threads of each proxy.
    ///
    /// # Errors
    /// When a process does not start.
    pub(crate) async fn start(
        contenders: &[Contender],
        envoy: Option<&Path>,
        workers: usize,
    ) -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        certificates::write(folder.path())?;
        let mut world = Self { folder, origins: Vec::new(), proxies: Vec::new() };
        for contender in contenders {
            let door = contender.door();
            if world.origins.iter().all(|(other, ..)| *other != door) {
                world.start_origin(door).await?;
            }
            if let Some(binary) = envoy {
                world.start_proxies(*contender, binary, workers).await?;
            }
        }
        Ok(world)
    }

    async fn start_origin(&mut self, door: Door) -> Result<(), BoxError> {
        let world = self.folder().display().to_string();
        let arguments = ["origin", "--world", &world, "--door", door.id()].map(ToOwned::to_owned);
        let mut process = Process::start(&arguments)?;
        let listening = process.hear().await?;
        self.origins.push((door, process, listening));
        Ok(())
    }

    async fn start_proxies(
        &mut self,
        contender: Contender,
        binary: &Path,
        workers: usize,
    ) -> Result<(), BoxError> {
        let folder = |side: &str| self.folder().join(format!("{}-{side}", contender.id()));
        let setup =
            Setup { world: self.folder(), is_mtls: contender.is_mtls(), is_logging: contender.is_logging() };
        let origin = self.origin(contender)?.1.at;
        let proxies = match contender.between() {
            Between::Nothing => return Ok(()),
            Between::Proxy => {
                let config = sidecars::client_side(&setup, &origin);
                vec![Envoy::start(binary, &folder("client"), workers, &config).await?]
            }
            Between::Proxies => {
                let config = sidecars::server_side(&setup, &origin);
                let server = Envoy::start(binary, &folder("server"), workers, &config).await?;
                let config = sidecars::client_side(&setup, &server.listening);
                vec![Envoy::start(binary, &folder("client"), workers, &config).await?, server]
            }
        };
        self.proxies.push((contender, proxies));
        Ok(())
    }

    /// The folder that processes find their files in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whom a contender calls.
    ///
    /// # Errors
    /// When what it needs was not started.
    pub(crate) fn way(&self, contender: Contender) -> Result<Way, BoxError> {
        let (process, listening) = self.origin(contender)?;
        let origin = process.id;
        let proxies = self.proxies.iter().find(|(other, _)| *other == contender);
        let proxies = proxies.map(|(_, proxies)| proxies.as_slice()).unwrap_or_default();
        let to = proxies.first().map_or(listening.at.to_vec(), |first| first.listening.clone());
        Ok(Way { to, proxies: proxies.iter().map(|proxy| proxy.id).collect(), origin })
    }

    fn origin(&self, contender: Contender) -> Result<(&Process, &Listening), BoxError> {
        let found = self.origins.iter().find(|(other, ..)| *other == contender.door());
        let (_, process, listening) = found.ok_or("an origin was not started")?;
        Ok((process, listening))
    }
}
