//! The loop that accepts connections.

use super::{connection, drain::Drain};
use crate::{context::PeerAddress, error::BoxError};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{future::Future, io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower_service::Service;

/// How long to wait before accepting again when the system cannot: no file descriptor is left, say.
const PAUSE: Duration = Duration::from_millis(50);

/// Turns an accepted connection into a stream of bytes and the service for what comes over it.
pub(crate) trait Accept: Clone + Send + 'static {
    /// The stream: plain, or what is within TLS.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// The service.
    type Service: Service<Request<Incoming>, Response = Response<Self::Body>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static;
    /// The body of its responses.
    type Body: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Accepts one connection; an error closes it.
    fn accept(&self, stream: TcpStream)
    -> impl Future<Output = io::Result<(Self::Io, Self::Service)>> + Send;
}

/// Serves whatever comes, in plain text.
#[derive(Clone, Debug)]
pub(crate) struct Plain<S>(pub(crate) S);

impl<S, B> Accept for Plain<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Io = TcpStream;
    type Service = S;
    type Body = B;

    async fn accept(&self, stream: TcpStream) -> io::Result<(TcpStream, S)> {
        Ok((stream, self.0.clone()))
    }
}

/// Accepts connections until the drain starts, then waits until those under way have ended.
pub(crate) async fn serve<A: Accept>(listener: TcpListener, accept: A, drain: Drain) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = drain.started() => break,
            // Ended ones are collected as they end, so that they do not pile up.
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(one(stream, PeerAddress(peer), accept.clone(), drain.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn one<A: Accept>(stream: TcpStream, peer: PeerAddress, accept: A, drain: Drain) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection ended before it began");
        return;
    }
    let accepted = tokio::select! {
        // Plain connections are accepted at once, and may hold a request already.
        biased;
        accepted = accept.accept(stream) => accepted,
        // Nothing was asked yet: a handshake need not be finished to be ended.
        () = drain.started() => return,
    };
    match accepted {
        Ok((io, service)) => connection::run(connection::start(io, peer, service), peer, drain).await,
        Err(error) => tracing::debug!(peer = %peer.0, %error, "connection refused"),
    }
}
