//! A service with rules, and servers and a connection that cost as little as can be.

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use mesh_core::source::{Batch, Source};
use mesh_tower::{Body, BoxError, telemetry::spans};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex},
    net::TcpListener,
};
use tower::Service;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\n\r\na chair";

/// The rules for `product`: testers go to the new version, everybody else is split by weight; there are faults for
/// nobody, retries by default, a timeout, and endpoints are watched.
#[must_use]
pub fn documents(endpoints: [SocketAddr; 3]) -> String {
    let mut text = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: product}
spec:
  host: product
  trafficPolicy: {outlierDetection: {maxEjectionPercent: 50}}
  subsets: [{name: old, labels: {version: old}}, {name: new, labels: {version: new}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: product}
spec:
  hosts: [product]
  http:
  - match: [{headers: {x-group: {exact: test}}}]
    route: [{destination: {host: product, subset: new}}]
  - fault: {abort: {percentage: {value: 0}, httpStatus: 500}}
    timeout: 10s
    route:
    - {destination: {host: product, subset: old}, weight: 100}
    - {destination: {host: product, subset: new}, weight: 0}
"
    .to_owned();
    for (number, (version, at)) in ["old", "old", "new"].into_iter().zip(endpoints).enumerate() {
        text += &format!(
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{number}}}\n\
             spec: {{address: {}, ports: {{http: {}}}, labels: {{app: product, version: {version}}}}}\n",
            at.ip(),
            at.port()
        );
    }
    text
}

/// Documents that never change.
#[derive(Debug)]
pub struct Text(pub String);

impl Source for Text {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        vec![Arc::new(Batch::of("product.yaml".into(), self.0.as_bytes(), "default"))]
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }
}

/// Answers as fast as can be, without an allocation: what a longer head costs its reader is not of interest here.
///
/// # Panics
/// When the client leaves before its answer.
pub async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut head, mut length) = ([0; 4096], 0);
    while let Ok(count @ 1..) = stream.read(&mut head[length..]).await {
        length += count;
        if head[..length].ends_with(b"\r\n\r\n") {
            length = 0;
            stream.write_all(ANSWER).await.expect("a client that stays");
        }
    }
}

/// A server on loopback that answers so, for ever.
///
/// # Panics
/// When there is no free port.
pub async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a connection");
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// One connection of hyper and nothing else.
#[derive(Clone, Debug)]
pub struct Bare(Arc<Mutex<SendRequest<Body>>>);

impl Bare {
    /// Over a stream.
    ///
    /// # Panics
    /// When the other end does not speak HTTP/1.1.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self(Arc::new(Mutex::new(sender)))
    }

    /// Over a stream in memory, to a server that answers at once.
    pub async fn in_memory() -> Self {
        let (client, server) = duplex(64 * 1024);
        tokio::spawn(serve(server));
        Self::over(client).await
    }
}

impl Service<Request<Body>> for Bare {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Incoming>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).send_request(request);
        Box::pin(async { Ok(answer.await?) })
    }
}

/// Takes spans, and forgets them.
#[derive(Debug)]
pub struct Nobody;

impl spans::Export for Nobody {
    fn export(&self, _: spans::Batch) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
