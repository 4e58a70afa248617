//! Connections that pass through a gateway untouched, since their TLS ends at the service behind.

use crate::{
    event::{Destination, Flags},
    stream::Untouched,
    telemetry::Connection,
};
use mesh_core::{
    model::Address,
    table::{Backend, BackendEndpoint},
};
use std::{future::Future, io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// The time to connect to an endpoint: Istio's `connectTimeout`.
const CONNECT: Duration = Duration::from_secs(10);

/// Joins a client's connection with one to an endpoint of a backend, until both have ended. An endpoint is chosen by its
/// weight; `roll` is any random number. What becomes of it is reported.
pub(super) fn to(
    backend: &Arc<Backend>,
    client: Untouched,
    roll: u32,
    mut reported: Connection,
) -> impl Future<Output = io::Result<()>> + Send + 'static + use<> {
    let backend = Arc::clone(backend);
    async move {
        reported.note(|exchange| exchange.backend = Some(Arc::clone(&backend)));
        let Some(endpoint) = choose(&backend.endpoints, roll) else {
            reported.note(|exchange| exchange.flag(Flags::named("UH")));
            let why = format!("{} has no endpoint that connections can pass to", backend.name);
            return Err(io::Error::other(why));
        };
        reported.note(|exchange| {
            let (address, port) = (endpoint.address.clone(), endpoint.port);
            exchange.destination = Some(Destination { address, port, principal: None });
            exchange.tries = 1;
        });
        let connected = timeout(CONNECT, connect(endpoint)).await.map_err(io::Error::from).flatten();
        let upstream = connected.inspect_err(|_| {
            reported.note(|exchange| exchange.flag(Flags::named("UF")));
        })?;
        upstream.set_nodelay(true)?;
        reported.opened();
        let client = client.counted(reported.traffic());
        reported.during(join(client, upstream)).await
    }
}

async fn join(mut client: Untouched, mut upstream: TcpStream) -> io::Result<()> {
    tokio::io::copy_bidirectional(&mut client, &mut upstream).await.map(drop)
}

async fn connect(endpoint: &BackendEndpoint) -> io::Result<TcpStream> {
    match &endpoint.address {
        Address::Ip(address) => TcpStream::connect((*address, endpoint.port)).await,
        Address::Name(name) => TcpStream::connect((name.as_str(), endpoint.port)).await,
    }
}

fn choose(endpoints: &[BackendEndpoint], roll: u32) -> Option<&BackendEndpoint> {
    let total: u64 = endpoints.iter().map(|endpoint| u64::from(endpoint.weight)).sum();
    // Scales the roll to 0..total without the bias of a remainder.
    let scaled = (u128::from(roll) * u128::from(total)) >> 32;
    let mut passed = 0;
    endpoints.iter().find(|endpoint| {
        passed += u128::from(endpoint.weight);
        scaled < passed
    })
}
