//! Opens connections.

use crate::{
    body::Body,
    context::Upstream,
    error::{BoxError, Error, Kind},
};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mesh_core::model::Address;
use std::{io, time::Duration};
use tokio::net::TcpStream;

/// The time for one connection, handshake included. Istio's default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens an HTTP/1.1 connection.
pub(super) async fn http1(upstream: &Upstream) -> Result<http1::SendRequest<Body>, Error> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream(upstream).await?)).await.map_err(broken)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok(sender)
}

/// Opens an HTTP/2 connection, with prior knowledge.
pub(super) async fn http2(upstream: &Upstream) -> Result<http2::SendRequest<Body>, Error> {
    let io = TokioIo::new(stream(upstream).await?);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.timer(TokioTimer::new()).handshake(io).await.map_err(broken)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok(sender)
}

async fn stream(upstream: &Upstream) -> Result<TcpStream, Error> {
    let connecting = async {
        match &upstream.address {
            Address::Ip(ip) => TcpStream::connect((*ip, upstream.port)).await,
            Address::Name(name) => TcpStream::connect((name.as_str(), upstream.port)).await,
        }
    };
    let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(failed(error)),
        Err(_) => return Err(Error::new(Kind::ConnectTimeout)),
    };
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

fn failed(error: io::Error) -> Error {
    Error::because(Kind::ConnectFailure, error)
}

fn broken(error: hyper::Error) -> Error {
    Error::because(Kind::ConnectFailure, BoxError::from(error))
}
