//! Connections within TLS.

use super::socket::Way;
use crate::error::{Error, Kind};
use mesh_core::identity::{Client, ClientFault, ClientHandshake, Clients, Spoken};
use std::{io, sync::Arc};
use tokio::task::spawn_blocking;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How the connections of a pool are secured. None of them is in any other way.
#[derive(Clone, Debug)]
pub(super) struct Secure {
    clients: Arc<Clients>,
    handshake: ClientHandshake,
    /// The host of its requests, where the handshake depends on that.
    host: Box<str>,
}

impl Secure {
    /// Secures connections by a handshake, for requests to a host.
    pub(super) fn new(clients: &Arc<Clients>, handshake: ClientHandshake, host: &str) -> Self {
        Self { clients: Arc::clone(clients), handshake, host: host.into() }
    }

    /// Shakes hands over a stream.
    pub(super) async fn shake_hands(&self, stream: Way, spoken: Spoken) -> Result<TlsStream<Way>, Error> {
        let client = self.client(spoken).await?;
        let name = client.server_name(&self.host).map_err(failed)?;
        let connector = TlsConnector::from(Arc::clone(client.config()));
        let stream = connector.connect(name.clone(), stream).await.map_err(refused)?;
        client.confirm(stream.get_ref().1, &name).map_err(failed)?;
        Ok(stream)
    }

    async fn client(&self, spoken: Spoken) -> Result<Arc<Client>, Error> {
        if !self.handshake.reads_files() {
            return self.clients.client(&self.handshake, spoken).map_err(failed);
        }
        let Self { clients, handshake, .. } = self.clone();
        let reading = spawn_blocking(move || clients.client(&handshake, spoken)).await;
        reading.map_err(|panic| Error::because(Kind::ConnectFailure, panic))?.map_err(failed)
    }
}

fn failed(fault: ClientFault) -> Error {
    Error::because(Kind::ConnectFailure, fault)
}

/// What ended the handshake: the verdict of one side about the other, or the connection's end.
fn refused(error: io::Error) -> Error {
    match error.downcast::<rustls::Error>() {
        Ok(error) => failed(ClientFault::Tls(error)),
        Err(error) => Error::because(Kind::ConnectFailure, error),
    }
}
