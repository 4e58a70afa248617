//! A bare connection of hyper for each caller, or one that they share where the protocol lets them.
//!
//! Callers of a proxy have it, too, so that nothing of their own is in a proxy's figures.

use super::{Caller, drive::in_origin_form};
use crate::case::{Case, Protocol};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_tower::BoxError;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpStream, sync::Mutex};

#[derive(Clone)]
pub(super) enum Raw {
    /// Nobody else has it: the lock is never waited for, and is held for as long as nothing else can be sent.
    H1(Arc<Mutex<http1::SendRequest<Full<Bytes>>>>),
    H2(http2::SendRequest<Full<Bytes>>),
}

impl Raw {
    /// Opens what a case needs.
    ///
    /// # Errors
    /// When nobody listens.
    pub(super) async fn connect(to: SocketAddr, case: &Case) -> Result<Vec<Self>, BoxError> {
        if case.protocol == Protocol::H2 {
            let (sender, connection) =
                http2::handshake(TokioExecutor::new(), TokioIo::new(open(to).await?)).await?;
            tokio::spawn(connection);
            return Ok(vec![Self::H2(sender); case.connections]);
        }
        let mut all = Vec::with_capacity(case.connections);
        for _ in 0..case.connections {
            let (sender, connection) = http1::handshake(TokioIo::new(open(to).await?)).await?;
            tokio::spawn(connection);
            all.push(Self::H1(Arc::new(Mutex::new(sender))));
        }
        Ok(all)
    }
}

async fn open(to: SocketAddr) -> Result<TcpStream, BoxError> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Caller for Raw {
    type Body = Incoming;

    async fn call(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>, BoxError> {
        Ok(match self {
            Self::H1(sender) => {
                let mut sender = sender.lock().await;
                sender.ready().await?;
                sender.send_request(in_origin_form(request, Protocol::H1).map(Full::new)).await?
            }
            Self::H2(sender) => {
                sender.ready().await?;
                sender.send_request(request.map(Full::new)).await?
            }
        })
    }
}
