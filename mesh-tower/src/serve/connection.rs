//! One connection of a client.

use super::{drain::Drain, idle::Asked, listen::Requests};
use crate::{
    body::Body,
    context::{Arrival, PeerAddress},
    error::BoxError,
    event::{Tunnel, Tunnelled},
    stream::Stream,
};
use http::{HeaderValue, Method, Request, Response, Version, header::CONTENT_LENGTH};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tower::util::ServiceExt;
use tower_service::Service;

/// The most a request's head may take, in bytes: Envoy's limit.
const HEAD: usize = 60 * 1024;
/// The most headers a request may have: Envoy's limit.
const HEADERS: usize = 100;
/// The most requests that may be under way over one HTTP/2 connection.
const STREAMS: u32 = 200;
/// How often a client of HTTP/2 is asked whether it is still there; it has 20 s to say so.
const QUESTION: Duration = Duration::from_secs(300);
/// The time a client has for a request's head, from the end of the response before: how long it may stay idle, too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection that can be told to end.
type Serving = Pin<Box<dyn GracefulConnection<Error = BoxError, Output = Result<(), BoxError>> + Send>>;

/// Serves a connection to its end, or until it has drained.
pub(super) async fn serve<S, B>(requests: Requests<S>, drain: Drain)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Requests { stream, arrival, service, end } = requests;
    let peer = arrival.peer();
    let asked = Asked::default();
    let mut connection = start(stream, arrival, service, asked.clone());
    let end = end.unwrap_or_else(|| Box::pin(std::future::pending()));
    let over = async {
        tokio::select! {
            () = end => {}
            () = drain.started() => {}
        }
    };
    tokio::pin!(over);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = &mut over => return finish(connection, peer, &drain).await,
        () = asked.nothing() => {
            if asked.is_nothing() {
                // In order it would only end with a word of the client's.
                return tracing::debug!(%peer, "connection cut: nothing was asked");
            }
            // What is under way may last: a stream that nobody adds to is no less in use.
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = &mut over => return finish(connection, peer, &drain).await,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "connection ended");
    }
}

/// Takes no more requests, and lets those under way end.
async fn finish(mut connection: Serving, peer: SocketAddr, drain: &Drain) {
    connection.as_mut().graceful_shutdown();
    match tokio::time::timeout(drain.grace(), connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, error, "connection ended"),
        Err(_) => tracing::info!(%peer, "connection cut: it did not drain in time"),
    }
}

/// Starts to serve what comes over a stream.
///
/// Boxed once a connection: the compiler cannot see through all of hyper's types that it is `Send` in a spawned task.
fn start<S, B>(stream: Stream, arrival: Arrival, service: S, asked: Asked) -> Serving
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // What follows an answer of HTTP/1.1 that ends HTTP is all that comes over the connection.
    let tunnel = Arc::<OnceLock<Tunnel>>::default();
    let stream = Tunnelled::new(stream, Arc::clone(&tunnel));
    let answer = service_fn(move |mut request: Request<Incoming>| {
        asked.count();
        request.extensions_mut().insert(PeerAddress(arrival.peer()));
        request.extensions_mut().insert(arrival.clone());
        // Over HTTP/1.1, hyper leaves the body away itself.
        let is_alone = request.version() != Version::HTTP_2;
        let is_bare = request.method() == Method::HEAD && !is_alone;
        let (answer, tunnel) = (service.clone().oneshot(request), Arc::clone(&tunnel));
        async move {
            let mut response = answer.await.map_err(Into::<BoxError>::into)?.map(Body::new);
            if let Some(begun) = response.extensions_mut().remove::<Tunnel>().filter(|_| is_alone) {
                // There is none before: a connection leaves HTTP once.
                let _ = tunnel.set(begun);
            }
            Ok::<_, BoxError>(if is_bare { without_body(response) } else { response })
        }
    });
    Box::pin(builder().serve_connection_with_upgrades(TokioIo::new(stream), answer).into_owned())
}

/// What HEAD gets of the answer to GET: all but the body, and the length of that.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    let length = http_body::Body::size_hint(response.body()).exact().filter(|length| *length > 0);
    if let Some(length) = length {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    response.map(|_| Body::empty())
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
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(QUESTION)
        .max_header_list_size(HEAD as u32);
    builder
}
