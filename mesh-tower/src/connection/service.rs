use super::{
    connect, head,
    lease::{Lease, Leased},
    pool::{EndpointPool, Pools},
};
use crate::{
    body::Body,
    context::{Routed, Upstream},
    error::{BoxError, Error, Kind},
};
use futures_util::future::BoxFuture;
use http::{Request, Response, Version};
use hyper::client::conn::http1::SendRequest;
use mesh_core::model::Protocol;
use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// How many connections may turn out to be closed before a request is given up that none of them took.
const MOST_TRIES: usize = 3;

/// Sends requests over pooled connections; see the [module](super). Clones share the pool.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    pools: Arc<Pools>,
}

impl Connection {
    /// A pool without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(upstream) = request.extensions_mut().remove::<Upstream>() else {
            let why = "no endpoint was chosen for this request (is there a balance layer above?)";
            return Box::pin(std::future::ready(Err(Error::because(Kind::NoEndpoint, why).into())));
        };
        let routed = request.extensions().get::<Routed>();
        let pool = self.pools.of(&upstream, routed.map(|routed| &**routed.snapshot()));
        let is_http2 = match upstream.protocol {
            Protocol::Http2 => true,
            Protocol::Http | Protocol::Opaque => false,
            Protocol::OfClient => request.version() == Version::HTTP_2,
            // A gateway's clients say nothing about the services behind it.
            Protocol::Unknown => {
                request.version() == Version::HTTP_2 && !routed.is_some_and(Routed::is_at_gateway)
            }
        };
        Box::pin(async move {
            let sent = if is_http2 {
                over_http2(&upstream, &pool, request).await
            } else {
                over_http1(&upstream, pool, request).await
            };
            Ok(sent?)
        })
    }
}

async fn over_http1(
    upstream: &Upstream,
    pool: Arc<EndpointPool>,
    mut request: Request<Body>,
) -> Result<Response<Body>, Error> {
    head::for_http1(&mut request);
    loop {
        let (sender, is_fresh) = match pool.take() {
            Some(sender) => (sender, false),
            None => (connect::http1(upstream).await?, true),
        };
        match send(Lease::new(sender, Arc::clone(&pool)), request).await {
            Ok(response) => return Ok(response),
            // The server closed it while it lay idle, and nothing was sent: another one may do.
            Err((_, Some(unsent))) if !is_fresh => request = *unsent,
            Err((error, _)) => return Err(error),
        }
    }
}

type Failure = (Error, Option<Box<Request<Body>>>);

async fn send(mut connection: Lease, request: Request<Body>) -> Result<Response<Body>, Failure> {
    let sender: &mut SendRequest<Body> = connection.sender();
    match sender.try_send_request(request).await {
        Ok(response) => Ok(response.map(|body| Body::leased(Leased::new(body, connection)))),
        Err(mut failure) => {
            let unsent = failure.take_message().map(Box::new);
            Err((failed(failure.into_error()), unsent))
        }
    }
}

async fn over_http2(
    upstream: &Upstream,
    pool: &EndpointPool,
    mut request: Request<Body>,
) -> Result<Response<Body>, Error> {
    head::for_http2(&mut request);
    let mut tries = 0;
    loop {
        tries += 1;
        let mut sender = pool.shared(connect::http2(upstream)).await?;
        match sender.try_send_request(request).await {
            Ok(response) => return Ok(response.map(Body::new)),
            Err(mut failure) => match failure.take_message() {
                // The connection was going away, and the request never left: a new one is opened.
                Some(unsent) if sender.is_closed() && tries < MOST_TRIES => {
                    pool.forget_closed();
                    request = unsent;
                }
                _ => return Err(failed(failure.into_error())),
            },
        }
    }
}

/// Names the way in which an attempt failed.
fn failed(error: hyper::Error) -> Error {
    let source = std::error::Error::source(&error);
    let is_io = source.is_some_and(|source| source.is::<io::Error>());
    // What HTTP/2 calls an error of the library is what this side noticed about the other.
    let http2 = source.and_then(|source| source.downcast_ref::<h2::Error>());
    let is_break = |error: &h2::Error| {
        error.is_library() || error.is_reset() && error.reason() == Some(h2::Reason::PROTOCOL_ERROR)
    };
    let kind = if error.is_parse() || http2.is_some_and(is_break) {
        Kind::ProtocolError
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_io {
        Kind::ConnectionTermination
    } else {
        Kind::RemoteReset
    };
    Error::because(kind, error)
}
