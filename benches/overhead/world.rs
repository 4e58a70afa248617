//! What rows of the overhead bench say and use besides.

use benches::product::serve;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri, uri::Authority};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connect, Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo},
};
use mesh_tower::{
    Body, BoxError, Upstream,
    connection::{Dialer, Transport},
};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tower::Service;

/// How much a stream in memory holds.
const ROOM: usize = 1 << 16;

/// The pooled client that a service without a mesh would use, and the address that it calls.
#[derive(Clone)]
pub(super) struct Pooled<C> {
    client: legacy::Client<C, Body>,
    authority: Authority,
}

impl<C: Connect + Clone> Pooled<C> {
    pub(super) fn new(connector: C, server: SocketAddr) -> Self {
        let authority = Authority::try_from(server.to_string()).expect("an address is an authority");
        Self { client: legacy::Client::builder(TokioExecutor::new()).build(connector), authority }
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Service<Request<Body>> for Pooled<C> {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Incoming>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(self.authority.clone());
        *request.uri_mut() = Uri::from_parts(parts).expect("another authority is all that changed");
        let answer = self.client.request(request);
        Box::pin(async { Ok(answer.await?) })
    }
}

/// Has a server of its own for each connection, whatever its address.
#[derive(Clone, Debug)]
pub(super) struct InMemory;

/// One end of a stream in memory.
pub(super) struct Stream(DuplexStream);

fn open() -> Stream {
    let (client, server) = duplex(ROOM);
    tokio::spawn(serve(server));
    Stream(client)
}

impl Dialer for InMemory {
    fn dial(&self, _: &Upstream) -> Option<BoxFuture<'static, io::Result<Box<dyn Transport>>>> {
        Some(Box::pin(async { Ok(Box::new(open()) as Box<dyn Transport>) }))
    }
}

impl Service<Uri> for InMemory {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(Ok(TokioIo::new(open())))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A limit that nobody reaches, by one bucket, or by one of each value of something.
pub(super) fn limit(per: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: ample}}\nspec: {{rules: [{{match: \
         [{{uri: {{prefix: /product}}}}], local: {{maxTokens: 4000000000, tokensPerFill: 1000000, fillInterval: 1s, \
         per: [{per}]}}}}]}}\n"
    )
}

/// What leaves all metrics out.
pub(super) const UNREPORTED: &str = "---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: none}
spec: {metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: ALL_METRICS}, disabled: true}]}]}
";
