//! Connections that pass through a gateway untouched, since their TLS ends at the service behind.

use crate::stream::Untouched;
use mesh_core::{
    model::Address,
    table::{Backend, BackendEndpoint},
};
use std::{future::Future, io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// The time to connect to an endpoint: Istio's `connectTimeout`.
const CONNECT: Duration = Duration::from_secs(10);

/// Joins a client's connection with one to an endpoint of a backend, until both have ended. An endpoint is chosen by its
/// weight; `roll` is any random number.
pub(super) fn to(
    backend: &Arc<Backend>,
    mut client: Untouched,
    roll: u32,
) -> impl Future<Output = io::Result<()>> + Send + 'static + use<> {
    let backend = Arc::clone(backend);
    async move {
        let endpoint = choose(&backend.endpoints, roll).ok_or_else(|| {
            io::Error::other(format!("{} has no endpoint that connections can pass to", backend.name))
        })?;
        let mut upstream = timeout(CONNECT, connect(endpoint)).await??;
        upstream.set_nodelay(true)?;
        tokio::io::copy_bidirectional(&mut client, &mut upstream).await?;
        Ok(())
    }
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
