//! A request that is routed, balanced and measured takes no memory in the mesh, but for what is named here.
//!
//! Over a stream in memory each layer is compared with the stack above it, and over loopback the whole client with a bare
//! connection of hyper. Client and server share one thread, the server takes no memory, and the least of many
//! turns counts: pools, timers and tables have grown by then. None at all is the aim: what is named here is what is left
//! to do, and only ever gets less.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use mesh_core::source::{Batch, Source};
use mesh_tower::{
    Body, BoxError, Ejections, Mesh, answer::AnswerLayer, balance::BalanceLayer, carry::CarryOutLayer,
    cors::CorsLayer, fault::FaultLayer, mesh::Config, mirror::MirrorLayer, outlier::OutlierLayer,
    recorder::Recorder, respond::RespondLayer, retry::RetryLayer, rewrite::RewriteLayer, route::RouteLayer,
    timeout::TimeoutLayer,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{
    alloc::System,
    future::pending,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
};
use tower::{Service, ServiceBuilder, ServiceExt};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TURNS: usize = 40;
const REQUESTS: usize = 200;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\na chair";

/// Testers go to the new version, everybody else by weight; endpoints are watched, and retries are the default.
const RULES: &str = "apiVersion: v1
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
";

fn documents(endpoints: [SocketAddr; 2]) -> String {
    let entry = |at: SocketAddr| {
        let (ip, port) = (at.ip(), at.port());
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{port}}}\n\
             spec: {{address: {ip}, ports: {{http: {port}}}, labels: {{app: product, version: old}}}}\n"
        )
    };
    RULES.to_owned() + &endpoints.map(entry).concat()
}

/// Documents that never change.
struct Text(String);

impl Source for Text {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        vec![Arc::new(Batch::of("product.yaml".into(), self.0.as_bytes(), "default"))]
    }

    async fn changed(&mut self) {
        pending().await
    }
}

/// Answers without taking memory.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut head, mut length) = ([0; 4096], 0);
    while let Ok(count @ 1..) = stream.read(&mut head[length..]).await {
        length += count;
        if head[..length].ends_with(b"\r\n\r\n") {
            length = 0;
            stream.write_all(ANSWER).await.expect("a client that stays");
        }
    }
}

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// One connection of hyper and nothing else.
#[derive(Clone)]
struct Bare(Arc<Mutex<SendRequest<Body>>>);

impl Bare {
    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self(Arc::new(Mutex::new(sender)))
    }

    async fn in_memory() -> Self {
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

/// How often one request takes memory, at best.
async fn allocations<S, R>(mut service: S) -> usize
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
{
    let mut least = usize::MAX;
    for _ in 0..TURNS {
        let region = Region::new(ALLOCATOR);
        for _ in 0..REQUESTS {
            let request = Request::get("http://product/product/1").header("accept", "application/json");
            let request = request.header("user-agent", "tests").body(Body::empty()).expect("a request");
            let response = service.ready().await.expect("a service that works").call(request).await;
            let response = response.expect("an answer");
            assert!(response.status().is_success(), "{}", response.status());
            let mut body = pin!(response.into_body());
            while let Some(frame) = body.frame().await {
                assert!(frame.is_ok(), "a body without an end");
            }
        }
        let change = region.change();
        least = least.min(change.allocations + change.reallocations);
    }
    // Half of one is the noise of timers that fire meanwhile.
    (least + REQUESTS / 2) / REQUESTS
}

/// What is taken beyond the stack above, and beyond what is named.
struct Ledger {
    before: usize,
    surprises: Vec<String>,
}

impl Ledger {
    fn note(&mut self, name: &str, count: usize, most: usize) {
        let added = count.saturating_sub(self.before);
        let hint = if added < most { format!("  (write {added} here, not {most})") } else { String::new() };
        println!("{name:<18} {count:>3} {added:>+3}{hint}");
        if added > most {
            self.surprises.push(format!("{name} takes memory {added} times, not {most}"));
        }
        self.before = count;
    }
}

/// One test: nobody else may take memory meanwhile.
#[test]
fn a_request_takes_no_memory_but_for_what_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let surprises = runtime.block_on(async {
        let mut surprises = layers().await;
        surprises.extend(whole_client().await);
        surprises
    });
    assert!(surprises.is_empty(), "{surprises:#?}");
}

async fn layers() -> Vec<String> {
    let bare = Bare::in_memory().await;
    let mesh = Mesh::with_source(Config::default(), Text(documents([server().await, server().await]))).await;
    let ejections = Ejections::default();
    let mut ledger = Ledger { before: allocations(bare.clone()).await, surprises: Vec::new() };
    let respond = ServiceBuilder::new().layer(RespondLayer::new());
    ledger.note("respond", allocations(respond.clone().service(bare.clone())).await, 0);
    let carry = respond.layer(CarryOutLayer::new());
    ledger.note("carry", allocations(carry.clone().service(bare.clone())).await, 3);
    let route = carry.layer(RouteLayer::new(mesh.handle()));
    ledger.note("route", allocations(route.clone().service(bare.clone())).await, 3);
    let answer = route.layer(AnswerLayer::new());
    ledger.note("answer", allocations(answer.clone().service(bare.clone())).await, 0);
    let fault = answer.layer(FaultLayer::routed());
    ledger.note("fault", allocations(fault.clone().service(bare.clone())).await, 0);
    let cors = fault.layer(CorsLayer::routed());
    ledger.note("cors", allocations(cors.clone().service(bare.clone())).await, 0);
    let timeout = cors.layer(TimeoutLayer::routed());
    ledger.note("timeout", allocations(timeout.clone().service(bare.clone())).await, 1);
    let rewrite = timeout.layer(RewriteLayer::routed());
    ledger.note("rewrite", allocations(rewrite.clone().service(bare.clone())).await, 0);
    let mirror = rewrite.layer(MirrorLayer::routed(bare.clone()));
    ledger.note("mirror", allocations(mirror.clone().service(bare.clone())).await, 0);
    let retry = mirror.layer(RetryLayer::routed());
    ledger.note("retry", allocations(retry.clone().service(bare.clone())).await, 3);
    let balance = retry.layer(BalanceLayer::new().with_ejections(ejections.clone()));
    ledger.note("balance", allocations(balance.clone().service(bare.clone())).await, 0);
    let outlier = balance.layer(OutlierLayer::new(ejections));
    ledger.note("outlier", allocations(outlier.service(bare)).await, 0);
    ledger.surprises
}

/// With its pool, metrics, and what peers tell each other.
async fn whole_client() -> Vec<String> {
    let servers = [server().await, server().await];
    let config =
        Config { service: "caller".into(), recording: Recorder::default().into(), ..Config::default() };
    let mesh = Mesh::with_source(config, Text(documents(servers))).await;
    let stream = TcpStream::connect(servers[0]).await.expect("a server");
    // Less the one by which a bare connection here becomes a service.
    let before = allocations(Bare::over(stream).await).await - 1;
    let mut ledger = Ledger { before, surprises: Vec::new() };
    ledger.note("the whole client", allocations(mesh.client()).await, 13);
    ledger.surprises
}
