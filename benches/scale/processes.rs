//! What processes have in memory: by connections, and by services that they know of.

use crate::{
    caller::{Called, Who, resident},
    report::{ConnectionRow, Report, ServicesRow},
    sidecar::forwarding,
};
use benches::envoy::Envoy;
use mesh_tower::BoxError;
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

/// How many connections are open at once. A process may have so many files open.
const CONNECTIONS: [usize; 4] = [10, 100, 1_000, 10_000];
/// A proxy has two files open for each.
const MOST_OF_A_PROXY: usize = 9_500;
/// How many services the mesh knows of when it is compared with a bare client.
const SERVICES: [usize; 3] = [0, 100, 1_000];
/// How often each is started; the median counts.
const STARTS: usize = 3;

/// A process that answers. Dropping it ends it.
struct Origin {
    child: Child,
    at: SocketAddr,
}

impl Origin {
    fn start(together: usize) -> Result<Self, BoxError> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["origin", "--together", &together.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("an origin says nothing")?).read_line(&mut line)?;
        Ok(Self { child, at: line.trim().parse()? })
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures connections, up to `most` of them, and services.
///
/// # Errors
/// When a process does not do what it should.
pub(crate) async fn measure(report: &mut Report, most: usize, envoy: Option<&Path>) -> Result<(), BoxError> {
    for connections in CONNECTIONS.into_iter().filter(|connections| *connections <= most) {
        eprintln!("connections: {connections}");
        for who in [Who::Hyper, Who::Mesh] {
            let origin = Origin::start(connections)?;
            let found = call(who, 0, connections, origin.at)?;
            report.connections.push(ConnectionRow::new(who, connections, &found, found.kib));
        }
        if let Some(binary) = envoy {
            let connections = connections.min(MOST_OF_A_PROXY);
            let (origin, folder) = (Origin::start(connections)?, tempfile::tempdir()?);
            let envoy = Envoy::start(binary, folder.path(), 1, &forwarding(origin.at)).await?;
            let at = *envoy.listening.first().ok_or("Envoy does not listen")?;
            let found = call(Who::Envoy, 0, connections, at)?;
            let kib = resident(&envoy.id.to_string())?;
            report.connections.push(ConnectionRow::new(Who::Envoy, connections, &found, kib));
        }
    }
    let bare = usual(Who::Hyper, 0)?;
    for services in SERVICES {
        eprintln!("services: {services}");
        report.services.push(ServicesRow::new(services, usual(Who::Mesh, services)?, bare));
    }
    Ok(())
}

/// What a process with one connection has in memory, usually.
fn usual(who: Who, services: usize) -> Result<u64, BoxError> {
    let start = |_| Ok::<_, BoxError>(call(who, services, 1, Origin::start(1)?.at)?.kib);
    let mut all = (0..STARTS).map(start).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    Ok(all[STARTS / 2])
}

fn call(who: Who, services: usize, connections: usize, to: SocketAddr) -> Result<Called, BoxError> {
    let who = serde_json::to_value(who)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["caller", "--who", who.as_str().unwrap_or_default()]);
    command.args(["--services", &services.to_string(), "--connections", &connections.to_string()]);
    let mut child = command.args(["--to", &to.to_string()]).stdout(Stdio::piped()).spawn()?;
    let mut told = String::new();
    child.stdout.take().ok_or("a caller says nothing")?.read_to_string(&mut told)?;
    match child.wait()? {
        status if status.success() => Ok(serde_json::from_str(&told)?),
        status => Err(format!("a caller ended: {status}").into()),
    }
}
