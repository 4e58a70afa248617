//! Opens connections, and drives them to their end.

use super::{
    dial::{dial, failed},
    http1::Http1,
    http2::Http2,
    life::{Life, Verdict},
    pool::{Opening, Pool, Store},
    socket::{Socket, Stream, Way},
};
use crate::{
    body::Body,
    context::Upstream,
    error::{BoxError, Error, Kind},
};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mesh_core::model::{ConnectionPool, TrafficPolicy};
use socket2::SockRef;
use std::{
    fmt, io,
    sync::{Arc, Weak},
};
use tokio::{net::TcpStream, time::Instant};

/// Opens an HTTP/1.1 connection.
pub(super) async fn http1(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    opening: &mut Opening<Http1>,
) -> Result<(http1::SendRequest<Body>, Arc<Life>), Error> {
    let socket = socket(upstream, &policy.connection_pool, opening).await?;
    let principal = socket.principal();
    let io = TokioIo::new(socket);
    let (sender, connection) = http1::handshake(io).await.map_err(broken)?;
    let life = Arc::new(Life::new(Instant::now(), principal));
    let (lived, policy) = (Arc::clone(&life), Arc::clone(policy));
    tokio::spawn(async move {
        let mut connection = std::pin::pin!(connection.with_upgrades());
        tokio::select! {
            biased;
            ended = &mut connection => log(ended),
            // One that nobody uses is dropped, and thereby closed: a request that comes at this very moment is not sent.
            // One that is used goes on to its response's end, and is not given back then.
            Verdict::Close = lived.end(&policy.connection_pool) => {}
        }
    });
    Ok((sender, life))
}

/// Opens an HTTP/2 connection, with prior knowledge.
pub(super) async fn http2(
    upstream: &Upstream,
    policy: &Arc<TrafficPolicy>,
    opening: &mut Opening<Http2>,
    pool: Weak<Pool<Http2>>,
) -> Result<(http2::SendRequest<Body>, Arc<Life>), Error> {
    let socket = socket(upstream, &policy.connection_pool, opening).await?;
    let principal = socket.principal();
    let io = TokioIo::new(socket);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    if let Some(keepalive) = policy.connection_pool.http2_keepalive {
        builder.keep_alive_interval(keepalive.interval).keep_alive_timeout(keepalive.timeout);
        builder.keep_alive_while_idle(true);
    }
    let (sender, connection) = builder.handshake(io).await.map_err(broken)?;
    let life = Arc::new(Life::new(Instant::now(), principal));
    let (lived, policy) = (Arc::clone(&life), Arc::clone(policy));
    tokio::spawn(async move {
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            biased;
            ended = &mut connection => {
                log(ended);
                return forget(&pool, &lived);
            }
            _ = lived.end(&policy.connection_pool) => {}
        }
        // Without the pool's sender it ends by itself, after the last stream.
        forget(&pool, &lived);
        log(connection.await);
    });
    Ok((sender, life))
}

fn forget(pool: &Weak<Pool<Http2>>, life: &Arc<Life>) {
    if let Some(pool) = pool.upgrade() {
        pool.forget(life);
    }
}

fn log(ended: Result<(), impl fmt::Display>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

async fn socket<S: Store>(
    upstream: &Upstream,
    bounds: &ConnectionPool,
    opening: &mut Opening<S>,
) -> Result<Socket, Error> {
    let begun = Instant::now();
    let stream = dial(upstream, opening.means(), bounds.connect_timeout()).await?;
    if let Way::Tcp(stream) = &stream {
        stream.set_nodelay(true).map_err(failed)?;
        keep_alive(stream, bounds).map_err(failed)?;
    }
    let stream = match opening.secure() {
        None => Stream::Plain(stream),
        Some(secure) => {
            let shaking = secure.shake_hands(stream, S::SPOKEN);
            let left = bounds.connect_timeout().saturating_sub(begun.elapsed());
            let shaken = tokio::time::timeout(left, shaking).await;
            Stream::Tls(Box::new(shaken.map_err(|_| Error::new(Kind::ConnectTimeout))??))
        }
    };
    // Not before: an attempt that fails makes room only after it has told those who wait.
    Ok(Socket::new(stream, opening.slot()))
}

fn keep_alive(stream: &TcpStream, bounds: &ConnectionPool) -> io::Result<()> {
    let Some(written) = bounds.tcp_keepalive else { return Ok(()) };
    let mut keepalive = socket2::TcpKeepalive::new();
    if let Some(time) = written.time {
        keepalive = keepalive.with_time(time);
    }
    if let Some(interval) = written.interval {
        keepalive = keepalive.with_interval(interval);
    }
    if let Some(probes) = written.probes {
        keepalive = keepalive.with_retries(probes);
    }
    let socket = SockRef::from(stream);
    // What nobody wrote stays the operating system's affair, but it is on.
    socket.set_keepalive(true)?;
    socket.set_tcp_keepalive(&keepalive)
}

fn broken(error: hyper::Error) -> Error {
    Error::because(Kind::ConnectFailure, BoxError::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::TcpKeepalive;
    use std::time::Duration;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_operating_system_is_told_what_was_written_and_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = SockRef::from(&stream);
        let usual = socket.tcp_keepalive_interval().unwrap();
        keep_alive(&stream, &ConnectionPool::default()).unwrap();
        assert!(!socket.keepalive().unwrap());
        let time = Some(Duration::from_secs(77));
        let tcp_keepalive = Some(TcpKeepalive { probes: Some(4), time, interval: None });
        keep_alive(&stream, &ConnectionPool { tcp_keepalive, ..ConnectionPool::default() }).unwrap();
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().ok(), time);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 4);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), usual);
    }
}
