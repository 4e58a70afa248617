//! One connection of a client.

use super::{drain::Drain, listen::PeerAddress};
use crate::{body::Body, error::BoxError};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use std::{pin::Pin, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::util::ServiceExt;
use tower_service::Service;

/// The most a request's head may take, in bytes: Envoy's limit.
const HEAD: usize = 60 * 1024;
/// The most headers a request may have: Envoy's limit.
const HEADERS: usize = 100;
/// The time a client has for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that can be told to end.
type Serving = Pin<Box<dyn GracefulConnection<Error = BoxError, Output = Result<(), BoxError>> + Send>>;

/// Starts to serve what comes over `io`.
///
/// Boxed once a connection: the compiler cannot see through all of hyper's types that it is `Send` in a spawned task.
pub(super) fn start<I, S, B>(io: I, peer: PeerAddress, service: S) -> Serving
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let answer = service.clone().oneshot(request);
        async move { answer.await.map(|response| response.map(Body::new)).map_err(Into::<BoxError>::into) }
    });
    Box::pin(builder().serve_connection_with_upgrades(TokioIo::new(io), answer).into_owned())
}

/// Serves a connection to its end, or until it has drained.
pub(super) async fn run(mut connection: Serving, peer: PeerAddress, drain: Drain) {
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.started() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(drain.grace(), connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::info!(peer = %peer.0, "connection cut: it did not drain in time"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.0, error, "connection ended");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .header_read_timeout(HEAD_TIMEOUT)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD as u32);
    builder
}
