//! What comes from a client: bytes as they are, or what is within TLS.

use crate::event::Traffic;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// A client's connection.
#[derive(Debug)]
pub(crate) enum Stream {
    /// In plain text.
    Plain(TcpStream),
    /// The same, of which the bytes are counted.
    Counted(Untouched),
    /// Within TLS.
    Tls(Box<TlsStream<Untouched>>),
}

/// A connection of which bytes were looked at, and from which they can all be read once more.
#[derive(Debug)]
pub struct Untouched {
    stream: TcpStream,
    seen: Vec<u8>,
    state: State,
    /// What counts what is read and written, if anything does.
    traffic: Option<Traffic>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// What is read is remembered.
    Looking,
    /// What was remembered is read again, from here.
    Again(usize),
    /// What was remembered is of no use any more.
    Through,
}

impl Untouched {
    /// A connection that is to be looked at.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, seen: Vec::new(), state: State::Looking, traffic: None }
    }

    /// Reads on, and remembers nothing.
    pub(crate) fn read_on(&mut self) {
        self.seen = Vec::new();
        self.state = State::Through;
    }

    /// Reads everything from its beginning.
    pub(crate) fn rewound(self) -> Self {
        Self { state: State::Again(0), ..self }
    }

    /// A connection at which nobody looks.
    pub(crate) fn unlooked(stream: TcpStream) -> Self {
        Self { stream, seen: Vec::new(), state: State::Through, traffic: None }
    }

    /// From now on it is counted what is read and written.
    pub(crate) fn counted(self, traffic: Traffic) -> Self {
        Self { traffic: Some(traffic), ..self }
    }

    /// The connection itself.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    fn read_again(&mut self, from: usize, buf: &mut ReadBuf<'_>) {
        let rest = &self.seen[from..];
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        if from + count == self.seen.len() {
            self.read_on();
        } else {
            self.state = State::Again(from + count);
        }
    }
}

impl Untouched {
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.state {
            State::Through => return Pin::new(&mut self.stream).poll_read(cx, buf),
            State::Again(from) if from < self.seen.len() => self.read_again(from, buf),
            State::Again(_) => {
                self.read_on();
                return Pin::new(&mut self.stream).poll_read(cx, buf);
            }
            State::Looking => {
                let before = buf.filled().len();
                ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
                self.seen.extend_from_slice(&buf.filled()[before..]);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn count_sent(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Some(traffic), Poll::Ready(Ok(count))) = (&self.traffic, &written) {
            traffic.send(*count);
        }
        written
    }
}

impl AsyncRead for Untouched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(this.read(cx, buf))?;
        if let Some(traffic) = &this.traffic {
            traffic.receive(buf.filled().len() - before);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Untouched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.count_sent(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.count_sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Counted(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Counted(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Counted(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Counted(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Counted(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Counted(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
