//! TLS at a gateway's port: which certificate, for whom.

use super::forward::Forward;
use crate::serve::Accept;
use mesh_core::{
    identity::ServerCertificates,
    model::{ServerProtocol, Termination},
    table::Listener,
    watch::Handle,
};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

/// The time a client has for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts connections at one port of a gateway.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) handle: Handle,
    pub(super) certificates: Arc<ServerCertificates>,
    pub(super) forward: Forward,
}

impl Accept for Door {
    type Io = Stream;
    type Service = Forward;
    type Body = crate::Body;

    async fn accept(&self, stream: TcpStream) -> io::Result<(Stream, Forward)> {
        let snapshot = self.handle.snapshot();
        let listener = snapshot.listeners().iter().find(|listener| listener.port == self.port);
        let listener = listener.ok_or_else(|| io::Error::other("the documents no longer open this port"))?;
        // Servers that share a port are all of one protocol.
        let is_plain = listener.servers.iter().all(|server| server.protocol == ServerProtocol::Http);
        if is_plain {
            return Ok((Stream::Plain(stream), self.forward.clone().at(self.port, false)));
        }
        let stream = tokio::time::timeout(HANDSHAKE, self.handshake(stream, listener)).await??;
        Ok((Stream::Tls(Box::new(stream)), self.forward.clone().at(self.port, true)))
    }
}

impl Door {
    async fn handshake(&self, stream: TcpStream, listener: &Listener) -> io::Result<TlsStream<TcpStream>> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let name = start.client_hello().server_name().map(str::to_ascii_lowercase);
        let server = listener.server_for(name.as_deref());
        let Some(server) = server.filter(|server| server.protocol == ServerProtocol::Https) else {
            let name = name.unwrap_or_else(|| "no host".to_owned());
            return Err(io::Error::other(format!("no server of this port is for {name}")));
        };
        let config = match &server.tls {
            Some(Termination::Simple(source)) => self.certificates.config(source).map_err(|fault| {
                tracing::warn!(gateway = %server.gateway, "certificate cannot be used: {fault}");
                io::Error::other(fault)
            })?,
            Some(Termination::Unsupported(mode)) => {
                return Err(io::Error::other(format!("TLS mode {mode} is not served yet")));
            }
            None => return Err(io::Error::other("the server has no TLS settings")),
        };
        start.into_stream(config).await
    }
}

/// A client's stream: as it is, or what is within TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
