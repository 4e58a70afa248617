//! What the rows call: documents, and servers that cost as little as can be.

use futures_util::future::BoxFuture;
use mesh_core::source::{Batch, Source};
use mesh_tower::{BoxError, telemetry::spans};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\n\r\na chair";

/// The rules for `product`: testers go to the new version, everybody else is split by weight; there are faults for
/// nobody, retries by default, a timeout, and endpoints are watched.
pub(super) fn documents(endpoints: [SocketAddr; 3]) -> String {
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

/// Takes spans, and forgets them.
#[derive(Debug)]
pub(super) struct Nobody;

impl spans::Export for Nobody {
    fn export(&self, _: spans::Batch) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Documents that never change.
pub(super) struct Text(pub(super) String);

impl Source for Text {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        vec![Arc::new(Batch::of("product.yaml".into(), self.0.as_bytes(), "default"))]
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }
}

/// Answers as fast as can be, without an allocation: what a longer head costs its reader is not of interest here.
pub(super) async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut head, mut length) = ([0; 4096], 0);
    while let Ok(count @ 1..) = stream.read(&mut head[length..]).await {
        length += count;
        if head[..length].ends_with(b"\r\n\r\n") {
            length = 0;
            stream.write_all(ANSWER).await.expect("a client that stays");
        }
    }
}

pub(super) async fn server() -> SocketAddr {
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
