//! Answers after which a connection leaves HTTP: a WebSocket, or what was asked for with CONNECT.

use super::{Ending, Exchange, Traffic};
use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Exchanges that last as long as what follows their answer, and count its bytes. They end when the last clone is dropped.
/// In the extensions of the answer, for whoever carries the bytes.
#[derive(Clone, Default)]
pub(crate) struct Tunnel(Arc<Inner>);

#[derive(Default)]
struct Inner {
    #[expect(
        clippy::vec_box,
        reason = "they go back to where their memory is used again, and that takes boxes"
    )]
    exchanges: Mutex<Vec<Box<Exchange>>>,
    traffic: Traffic,
}

impl Tunnel {
    /// One more exchange lasts as long.
    pub(crate) fn hold(&self, exchange: Box<Exchange>) {
        self.0.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let [received, sent] = self.traffic.so_far();
        let exchanges = self.exchanges.get_mut().unwrap_or_else(PoisonError::into_inner);
        for mut exchange in exchanges.drain(..) {
            exchange.request_bytes += received;
            exchange.response_bytes += sent;
            exchange.end(Ending::Whole);
        }
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("traffic", &self.0.traffic).finish_non_exhaustive()
    }
}

/// A client's connection that may become a tunnel, and counts what passes from then on.
#[derive(Debug)]
pub(crate) struct Tunnelled<T> {
    io: T,
    tunnel: Arc<OnceLock<Tunnel>>,
}

impl<T> Tunnelled<T> {
    /// One that is a tunnel as soon as there is one in `tunnel`.
    pub(crate) fn new(io: T, tunnel: Arc<OnceLock<Tunnel>>) -> Self {
        Self { io, tunnel }
    }

    /// One that is a tunnel now.
    pub(crate) fn within(io: T, tunnel: Tunnel) -> Self {
        Self { io, tunnel: Arc::new(OnceLock::from(tunnel)) }
    }

    fn count_sent(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(count)), Some(tunnel)) = (&written, self.tunnel.get()) {
            tunnel.0.traffic.send(*count);
        }
        written
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tunnelled<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        if let Some(tunnel) = this.tunnel.get() {
            tunnel.0.traffic.receive(buf.filled().len() - before);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tunnelled<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, buf);
        this.count_sent(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.count_sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
