//! A request that is routed, balanced and measured takes no memory in the mesh, but for what is named here.
//!
//! Over a stream in memory each layer is compared with the stack above it, and over loopback the whole client with a bare
//! connection of hyper. Client and server share one thread, the server takes no memory, and the least of many
//! turns counts: pools, timers and tables have grown by then. None at all is the aim: what is named here is what is left
//! to do, and only ever gets less.

use benches::product::{Bare, Text, documents, server};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use mesh_tower::{
    Body, BoxError, Ejections, Mesh, answer::AnswerLayer, balance::BalanceLayer, carry::CarryOutLayer,
    cors::CorsLayer, fault::FaultLayer, mesh::Config, mirror::MirrorLayer, outlier::OutlierLayer,
    recorder::Recorder, respond::RespondLayer, retry::RetryLayer, rewrite::RewriteLayer, route::RouteLayer,
    timeout::TimeoutLayer,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, pin::pin};
use tokio::net::TcpStream;
use tower::{Service, ServiceBuilder, ServiceExt};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TURNS: usize = 40;
const REQUESTS: usize = 200;

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
    let mesh = Mesh::with_source(
        Config::default(),
        Text(documents([server().await, server().await, server().await])),
    )
    .await;
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
    let servers = [server().await, server().await, server().await];
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
