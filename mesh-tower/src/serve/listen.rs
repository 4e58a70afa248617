//! The loop that accepts connections.

use super::{connection, drain::Drain};
use crate::{context::Arrival, error::BoxError, stream::Stream};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use std::{future::Future, io, net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower_service::Service;

/// How long to wait before accepting again when the system cannot: no file descriptor is left, say.
const PAUSE: Duration = Duration::from_millis(50);

/// Turns an accepted connection into a stream of bytes and the service for what comes over it.
pub(crate) trait Accept: Clone + Send + 'static {
    /// The service.
    type Service: Service<Request<Incoming>, Response = Response<Self::Body>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static;
    /// The body of its responses.
    type Body: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Accepts one connection; an error closes it.
    fn accept(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = io::Result<Accepted<Self::Service>>> + Send;
}

/// What an accepted connection is for.
pub(crate) enum Accepted<S> {
    /// Requests.
    Requests(Requests<S>),
    /// Something else, which this serves to its end.
    Other(BoxFuture<'static, io::Result<()>>),
}

/// A connection over which requests come.
pub(crate) struct Requests<S> {
    /// The bytes.
    pub(crate) stream: Stream,
    /// Who is at the other end.
    pub(crate) arrival: Arrival,
    /// Who answers.
    pub(crate) service: S,
    /// When it is to end, though nobody drains; never when `None`.
    pub(crate) end: Option<BoxFuture<'static, ()>>,
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
                connections.spawn(one(stream, peer, accept.clone(), drain.clone()));
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

async fn one<A: Accept>(stream: TcpStream, peer: SocketAddr, accept: A, drain: Drain) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection ended before it began");
        return;
    }
    let accepted = tokio::select! {
        // Plain connections are accepted at once, and may hold a request already.
        biased;
        accepted = accept.accept(stream, peer) => accepted,
        // Nothing was asked yet: a handshake need not be finished to be ended.
        () = drain.started() => return,
    };
    match accepted {
        Ok(Accepted::Requests(requests)) => connection::serve(requests, drain).await,
        Ok(Accepted::Other(other)) => until_drained(other, peer, drain).await,
        Err(error) => tracing::debug!(%peer, %error, "connection refused"),
    }
}

/// Serves what is no HTTP to its end, or until its time is over once the drain has started.
async fn until_drained(other: BoxFuture<'static, io::Result<()>>, peer: SocketAddr, drain: Drain) {
    let over = async {
        drain.started().await;
        tokio::time::sleep(drain.grace()).await;
    };
    tokio::select! {
        ended = other => if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection ended");
        },
        () = over => tracing::info!(%peer, "connection cut: it did not drain in time"),
    }
}
