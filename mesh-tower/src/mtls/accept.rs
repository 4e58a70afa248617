//! One connection: how it begins, and who is at the other end.

use super::{
    policy::{Beginning, HANDSHAKE, Verdict, beginning, judge},
    state::{Ready, Secrets},
};
use crate::{
    context::{Arrival, Introduction, PeerIdentity},
    stream::{Stream, Untouched},
};
use mesh_core::{
    identity::{PeerCertificate, Svid},
    model::{TlsDemand, TlsLimits},
    table::Snapshot,
    watch::Handle,
};
use rustix::net::{RecvFlags, recv};
use rustls::server::Acceptor;
use socket2::SockRef;
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{io::Interest, net::TcpStream, time::timeout};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// The time a client has for its first byte: as long as it may stay idle between requests.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// The time a client has for its handshake, from its first byte on.
const WITHIN: Duration = Duration::from_secs(10);

/// Accepts the connections that come to a workload, as its documents say.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    handle: Handle,
    secrets: Arc<Secrets>,
}

/// What a connection turned out to be.
pub(crate) enum Arrived {
    /// Requests come over it.
    Requests(Stream, Arrival),
    /// It is TLS of the application's own.
    Passed(Untouched, Arrival),
}

impl Door {
    pub(crate) fn new(handle: Handle, secrets: Arc<Secrets>) -> Self {
        Self { handle, secrets }
    }

    /// Accepts one connection. Cancel safe: dropping the future closes it.
    ///
    /// # Errors
    /// When it is refused. The client learns no reason.
    pub(crate) async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Arrived> {
        let local = stream.local_addr()?;
        let plain = |stream| Arrived::Requests(Stream::Plain(stream), Arrival::new(peer, local));
        if self.demand(local.port()) == TlsDemand::Disabled {
            return Ok(plain(stream));
        }
        let first = timeout(FIRST_BYTE, first_byte(&stream)).await??;
        // Documents may have changed while it was silent.
        let snapshot = self.handle.snapshot();
        let demand = snapshot.inbound().tls.at(local.port());
        if first != HANDSHAKE || demand == TlsDemand::Disabled {
            return match judge(demand, Beginning::Plain) {
                Verdict::Serve => Ok(plain(stream)),
                _ => Err(reset(&stream)),
            };
        }
        timeout(WITHIN, self.greet(stream, demand, &snapshot, [peer, local])).await?
    }

    /// Completes when a connection in plain text to a port is to end, since mutual TLS must be spoken there now.
    pub(crate) async fn closes(mut self, port: u16) {
        while self.demand(port) != TlsDemand::Strict {
            if self.handle.published().await.is_none() {
                return std::future::pending().await;
            }
        }
    }

    fn demand(&self, port: u16) -> TlsDemand {
        self.handle.snapshot().inbound().tls.at(port)
    }

    async fn greet(
        &self,
        stream: TcpStream,
        demand: TlsDemand,
        snapshot: &Snapshot,
        [peer, local]: [SocketAddr; 2],
    ) -> io::Result<Arrived> {
        let start = hello(stream).await?;
        let greeting = start.client_hello();
        let offered = greeting.alpn().into_iter().flatten();
        let name = greeting.server_name().map(str::to_owned);
        if judge(demand, beginning(offered)) == Verdict::Pass {
            let arrival = Arrival::over_tls(peer, local, name.as_deref(), None);
            return Ok(Arrived::Passed(start.io.rewound(), arrival));
        }
        let ready = self.secrets.ready(snapshot.trust(), &TlsLimits::default())?;
        let (stream, arrival) = secured(start, &ready, peer, local).await?;
        Ok(Arrived::Requests(stream, arrival))
    }
}

/// Reads a client's first message, and keeps it.
///
/// # Errors
/// When it is none, or the client leaves.
pub(crate) async fn hello(stream: TcpStream) -> io::Result<StartHandshake<Untouched>> {
    LazyConfigAcceptor::new(Acceptor::default(), Untouched::new(stream)).await
}

/// Shakes hands as members of the mesh do.
///
/// # Errors
/// When the other end cannot prove that it is a workload of the mesh.
pub(crate) async fn secured(
    mut start: StartHandshake<Untouched>,
    ready: &Ready,
    peer: SocketAddr,
    local: SocketAddr,
) -> io::Result<(Stream, Arrival)> {
    start.io.read_on();
    let stream = start.into_stream(Arc::clone(&ready.config)).await?;
    let (_, session) = stream.get_ref();
    let shown = session.peer_certificates().unwrap_or_default();
    // A session that is resumed is not verified again; that its certificate is still valid is seen here.
    let svid = Svid::of_peer(shown, SystemTime::now()).map_err(io::Error::other)?;
    let certificate = shown.first().and_then(PeerCertificate::read);
    let introduction = certificate.and_then(|of| Introduction::of_workload(&ready.credentials.id, &of));
    let identity = PeerIdentity { id: svid.id, certificate_hash: svid.hash };
    let arrival = Arrival::over_tls(peer, local, session.server_name(), Some(identity));
    Ok((Stream::Tls(Box::new(stream)), arrival.introduced(introduction)))
}

/// The first byte that a client sends, which stays unread.
async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let look = || -> io::Result<u8> {
        let mut first = [0];
        match recv(stream, &mut first, RecvFlags::PEEK)? {
            (0, _) => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(first[0]),
        }
    };
    match look() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            stream.async_io(Interest::READABLE, look).await
        }
        // It is there already, though the runtime has not been told yet: whoever drains asks once, and not again.
        looked => looked,
    }
}

/// Resets a connection, so that its client knows that nothing it sent was looked at.
fn reset(stream: &TcpStream) -> io::Error {
    if let Err(error) = SockRef::from(stream).set_linger(Some(Duration::ZERO)) {
        return error;
    }
    io::Error::new(io::ErrorKind::ConnectionReset, "plain text where mutual TLS must be spoken")
}
