//! An endpoint that does what a test says, try after try.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use mesh_tower::{Body, BoxError, Error, Kind, Upstream};
use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tokio::time::Instant;
use tower::Service;

/// What becomes of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Status(u16),
    /// 429 from a rate limit.
    Limited,
    /// 429 that asks to be left alone for so many seconds.
    Later(u16),
    Grpc(u8),
    Fails(Kind),
    /// A stream that HTTP/2 refused.
    Refused,
    /// A request that its connection never began to send.
    Unsent,
    /// An error that is not the mesh's.
    Breaks,
    Hangs,
}

/// What an endpoint saw of one try.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) upstream: Option<String>,
    pub(crate) at: Instant,
}

/// Reads each request to its end, then does the next thing of its script; with none left it answers 200.
#[derive(Clone, Default)]
pub(crate) struct Endpoint(Arc<Mutex<(VecDeque<Act>, Vec<Seen>)>>);

impl Endpoint {
    pub(crate) fn of(script: impl IntoIterator<Item = Act>) -> Self {
        Self(Arc::new(Mutex::new((script.into_iter().collect(), Vec::new()))))
    }

    /// What it saw, in the order of the tries; it forgets that.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().expect("no panic").1)
    }

    /// What it does next.
    pub(crate) fn then(&self, script: impl IntoIterator<Item = Act>) {
        self.0.lock().expect("no panic").0.extend(script);
    }

    /// Whether its script is at the end.
    pub(crate) fn is_done(&self) -> bool {
        self.0.lock().expect("no panic").0.is_empty()
    }

    fn act(&self, seen: Seen) -> Act {
        let mut state = self.0.lock().expect("no panic");
        state.1.push(seen);
        state.0.pop_front().unwrap_or(Act::Status(200))
    }
}

impl Service<Request<Body>> for Endpoint {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let endpoint = self.clone();
        Box::pin(async move {
            let at = Instant::now();
            let (head, body) = request.into_parts();
            let body = body.collect().await?;
            let trailers = body.trailers().cloned();
            let upstream = Upstream::of_request(&head.extensions).map(ToString::to_string);
            let seen = Seen { headers: head.headers, body: body.to_bytes(), trailers, upstream, at };
            perform(endpoint.act(seen)).await
        })
    }
}

async fn perform(act: Act) -> Result<Response<Body>, BoxError> {
    let answer = match act {
        Act::Status(status) => Response::builder().status(status),
        Act::Limited => Response::builder().status(429).header("x-envoy-ratelimited", "true"),
        Act::Later(seconds) => Response::builder().status(429).header("retry-after", seconds),
        Act::Grpc(code) => Response::builder().header("grpc-status", code.to_string()),
        Act::Fails(kind) => return Err(Error::new(kind).into()),
        Act::Refused => {
            let refused = h2::Error::from(h2::Reason::REFUSED_STREAM);
            return Err(Error::because(Kind::RemoteReset, refused).into());
        }
        Act::Unsent => return Err(Error::because(Kind::ConnectionTermination, canceled().await).into()),
        Act::Breaks => return Err("not the mesh's".into()),
        Act::Hangs => pending().await,
    };
    Ok(answer.body(Body::empty())?)
}

/// What hyper says of a request whose connection ends before it is sent.
async fn canceled() -> hyper::Error {
    let (ours, _theirs) = tokio::io::duplex(64);
    let io = hyper_util::rt::TokioIo::new(ours);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("a connection");
    let sent = sender.send_request(Request::new(Body::empty()));
    drop(connection);
    let error = sent.await.expect_err("the connection is gone");
    assert!(error.is_canceled(), "{error:?}");
    error
}
