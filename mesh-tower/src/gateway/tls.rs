//! TLS at a gateway's port: which certificate, for whom, and whose.

use super::{forward::Forward, tunnel};
use crate::{
    Body,
    context::{Arrival, Introduction, connection_view},
    dice::Dice,
    event::Side,
    introduce::{Introduce, IntroduceLayer},
    mtls::{Secrets, hello, secured},
    serve::{Accept, Accepted, Requests},
    stream::{Stream, Untouched},
    telemetry::{Connection, Reporter},
};
use mesh_core::{
    identity::{PeerCertificate, ServerCertificates},
    model::{ServerProtocol, ServerTls, Termination},
    table::{InboundView, Listener, ListenerServer, Snapshot},
    watch::Handle,
};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;
use tower_layer::Layer;

/// The time a client has for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts connections at one port of a gateway.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) handle: Handle,
    pub(super) certificates: Arc<ServerCertificates>,
    pub(super) secrets: Arc<Secrets>,
    pub(super) forward: Forward,
    pub(super) dice: Dice,
    pub(super) reporter: Reporter,
}

/// Both ends of a client's connection: its own, and the gateway's.
type Ends = [SocketAddr; 2];

impl Accept for Door {
    type Service = Introduce<Forward>;
    type Body = Body;

    async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted<Self::Service>> {
        let ends = [peer, stream.local_addr()?];
        let snapshot = self.handle.snapshot();
        let listener = self.listener(&snapshot)?;
        // Servers that share a port are all of one protocol.
        if listener.servers.iter().all(|server| server.protocol == ServerProtocol::Http) {
            let arrival = Arrival::new(ends[0], ends[1]);
            return Ok(self.requests(Stream::Plain(stream), arrival, None));
        }
        tokio::time::timeout(HANDSHAKE, self.greet(stream, ends, &snapshot)).await?
    }
}

impl Door {
    fn listener<'s>(&self, snapshot: &'s Snapshot) -> io::Result<&'s Listener> {
        let listener = snapshot.listeners().iter().find(|listener| listener.port == self.port);
        listener.ok_or_else(|| io::Error::other("the documents no longer open this port"))
    }

    fn requests(
        &self,
        stream: Stream,
        arrival: Arrival,
        termination: Option<Termination>,
    ) -> Accepted<Introduce<Forward>> {
        let forward = self.forward.clone().at(self.port, arrival.is_tls());
        let service = IntroduceLayer::gateway().layer(forward);
        let name = arrival.server_name().map(str::to_owned);
        let end = termination.map(|termination| Box::pin(self.clone().ends(name, termination)) as _);
        Accepted::Requests(Requests { stream, arrival, service, end })
    }

    /// Completes when TLS for clients that ask for `name` no longer ends in this way.
    async fn ends(mut self, name: Option<String>, termination: Termination) {
        loop {
            let snapshot = self.handle.snapshot();
            let server =
                self.listener(&snapshot).ok().and_then(|listener| listener.server_for(name.as_deref()));
            if server.is_none_or(|server| server.tls.as_ref() != Some(&termination)) {
                return;
            }
            drop(snapshot);
            if self.handle.published().await.is_none() {
                return std::future::pending().await;
            }
        }
    }

    async fn greet(
        &self,
        stream: TcpStream,
        ends: Ends,
        snapshot: &Snapshot,
    ) -> io::Result<Accepted<Introduce<Forward>>> {
        let start = hello(stream).await?;
        let name = start.client_hello().server_name().map(str::to_ascii_lowercase);
        let server = self.listener(snapshot)?.server_for(name.as_deref());
        let refuse = || {
            let name = name.as_deref().unwrap_or("no host");
            io::Error::other(format!("no server of this port is for {name}"))
        };
        let server = server.ok_or_else(refuse)?;
        let (stream, arrival) = match (server.protocol, &server.tls) {
            (ServerProtocol::Sealed, _) => {
                let arrival = Arrival::over_tls(ends[0], ends[1], name.as_deref(), None);
                let reported = self.pass(&arrival, snapshot)?;
                let way = snapshot.decide_sealed(self.port, name.as_deref(), self.dice.roll());
                let backend = way.map_err(|_| refuse())?;
                let tunnel = tunnel::to(backend, start.io.rewound(), self.dice.roll(), reported);
                return Ok(Accepted::Other(Box::pin(tunnel)));
            }
            (ServerProtocol::Https, Some(Termination::Own(tls))) => {
                self.shake_hands(start, tls, server, ends).await?
            }
            (ServerProtocol::Https, Some(Termination::Mesh(limits))) => {
                let ready = self.secrets.ready(snapshot.trust(), limits)?;
                secured(start, &ready, ends[0], ends[1]).await?
            }
            (_, Some(Termination::Unsupported(mode))) => {
                return Err(io::Error::other(format!("TLS mode {mode} is not served yet")));
            }
            _ => return Err(io::Error::other("the server has no TLS settings")),
        };
        Ok(self.requests(stream, arrival, server.tls.clone()))
    }

    /// Begins to report a connection that passes untouched, if policies allow it.
    fn pass(&self, arrival: &Arrival, snapshot: &Snapshot) -> io::Result<Connection> {
        let mut reported = self.reporter.connection(Side::Client, true, arrival);
        let view = InboundView { port: self.port, ..connection_view(Some(arrival)) };
        let verdict = snapshot.inbound().authorize(&view);
        if verdict.is_allowed() {
            return Ok(reported);
        }
        reported.note(|exchange| exchange.details = verdict.to_string().into());
        Err(io::Error::other(format!("no policy allows the connection: {verdict}")))
    }

    async fn shake_hands(
        &self,
        mut start: StartHandshake<Untouched>,
        tls: &ServerTls,
        server: &ListenerServer,
        [peer, local]: Ends,
    ) -> io::Result<(Stream, Arrival)> {
        let config = self.certificates.config(tls).map_err(|fault| {
            tracing::warn!(gateway = %server.gateway, "certificate cannot be used: {fault}");
            io::Error::other(fault)
        })?;
        start.io.read_on();
        let stream = start.into_stream(config).await?;
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        let certificate = shown.and_then(PeerCertificate::read);
        let is_asked = tls.clients.as_ref().is_some_and(|clients| !clients.skips_verification);
        // A session that is resumed is not verified again; that its certificate is still valid is seen here.
        if is_asked && certificate.as_ref().is_some_and(|of| of.has_expired(SystemTime::now())) {
            return Err(io::Error::other("the client's certificate is not valid any more"));
        }
        let introduction = shown.zip(certificate).and_then(|(shown, certificate)| {
            Introduction::of_client(&certificate, &PeerCertificate::encoded(shown))
        });
        let arrival = Arrival::over_tls(peer, local, session.server_name(), None);
        Ok((Stream::Tls(Box::new(stream)), arrival.introduced(introduction)))
    }
}
