//! What each layer of the outbound stack adds to a request, in time and in allocations, with real documents.
//!
//! First over a stream in memory, under a bare connection of hyper: each row has one layer more than the row above. The
//! same for layers before a service that ask and count. Then the whole client, with its pool, in memory and over loopback,
//! beside the pooled client of hyper that it takes the place of, and a bare connection. Over loopback the operating
//! system's own part is several times what is compared. Client and server run on one thread and all rows take turns, so
//! what a row adds is the difference of the fastest rounds.

mod world;

use benches::product::{Bare, Nobody, Text, documents, server};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use mesh_core::{identity::Identity, model::Injection, watch::Handle};
use mesh_tower::{
    Body, BoxError, Ejections, Mesh,
    answer::AnswerLayer,
    balance::BalanceLayer,
    carry::CarryOutLayer,
    connection::Dialer,
    cors::CorsLayer,
    ext_authz::ExtAuthzLayer,
    fault::FaultLayer,
    mesh::Config,
    metadata_exchange::MetadataExchangeLayer,
    mirror::MirrorLayer,
    outlier::OutlierLayer,
    propagate::PropagateLayer,
    rate_limit::RateLimitLayer,
    recorder::Recorder,
    respond::RespondLayer,
    retry::RetryLayer,
    rewrite::RewriteLayer,
    route::RouteLayer,
    telemetry::{
        Recording, Reporter, TelemetryLayer,
        access_log::{AccessLog, Format, Sink, Writer},
        spans::SpanExporter,
    },
    timeout::TimeoutLayer,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use world::{InMemory, Pooled, UNREPORTED, limit};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 200;
/// Few, so that some rounds are disturbed by nobody: how many requests a row sends before the next row's turn.
const REQUESTS: u32 = 200;
/// What the whole client may add to hyper's.
const MOST_TIME: Duration = Duration::from_micros(2);
const MOST_ALLOCATIONS: f64 = 4.0;

/// The request of a customer, whom the last rule is for.
fn request() -> Request<Body> {
    let request = Request::get("http://product/product/1").header("accept", "application/json");
    request.header("user-agent", "overhead").body(Body::empty()).expect("a request")
}

/// One row: how it sends so many requests, and what that took at best.
struct Row {
    name: &'static str,
    send: Box<dyn Fn() -> LocalBoxFuture<'static, ()>>,
    time: Duration,
    allocations: f64,
}

impl Row {
    fn new<S, R>(name: &'static str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<R>, Error = BoxError> + Clone + 'static,
        R: http_body::Body<Data = Bytes>,
        R::Error: Into<BoxError>,
    {
        let send = move || -> LocalBoxFuture<'static, ()> {
            let mut service = service.clone();
            Box::pin(async move {
                for _ in 0..REQUESTS {
                    let ready = service.ready().await.expect("a service that works");
                    let response = ready.call(request()).await.expect("an answer");
                    assert!(response.status().is_success(), "{}", response.status());
                    let mut body = pin!(response.into_body());
                    while let Some(frame) = body.frame().await {
                        assert!(frame.is_ok(), "a body without an end");
                    }
                }
            })
        };
        Self { name, send: Box::new(send), time: Duration::MAX, allocations: f64::MAX }
    }

    async fn take_turn(&mut self) {
        let (region, start) = (Region::new(ALLOCATOR), Instant::now());
        (self.send)().await;
        self.time = self.time.min(start.elapsed() / REQUESTS);
        let change = region.change();
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let allocations = (change.allocations + change.reallocations) as f64 / f64::from(REQUESTS);
        self.allocations = self.allocations.min(allocations);
    }

    fn added(&self, to: &Self) -> (i128, f64) {
        let nanos = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
        (nanos(self.time) - nanos(to.time), self.allocations - to.allocations)
    }
}

/// The stack from its outermost layer down to each, over a connection in memory.
async fn rows(handle: &Handle) -> Vec<Row> {
    let ejections = Ejections::default();
    let bare = Bare::in_memory().await;
    let respond = ServiceBuilder::new().layer(RespondLayer::new());
    let carry = respond.clone().layer(CarryOutLayer::new());
    let route = carry.clone().layer(RouteLayer::new(handle.clone()));
    let answer = route.clone().layer(AnswerLayer::new());
    let fault = answer.clone().layer(FaultLayer::routed());
    let cors = fault.clone().layer(CorsLayer::routed());
    let timeout = cors.clone().layer(TimeoutLayer::routed());
    let rewrite = timeout.clone().layer(RewriteLayer::routed());
    let mirror = rewrite.clone().layer(MirrorLayer::routed(bare.clone()));
    let retry = mirror.clone().layer(RetryLayer::routed());
    let fault_of_try = retry.clone().layer(FaultLayer::new(Injection::default()));
    let balance = fault_of_try.clone().layer(BalanceLayer::new().with_ejections(ejections.clone()));
    let outlier = balance.clone().layer(OutlierLayer::new(ejections));
    vec![
        Row::new("a bare connection", bare.clone()),
        Row::new("respond", respond.service(bare.clone())),
        Row::new("carry", carry.service(bare.clone())),
        Row::new("route", route.service(bare.clone())),
        Row::new("answer", answer.service(bare.clone())),
        Row::new("fault", fault.service(bare.clone())),
        Row::new("cors", cors.service(bare.clone())),
        Row::new("timeout", timeout.service(bare.clone())),
        Row::new("rewrite", rewrite.service(bare.clone())),
        Row::new("mirror", mirror.service(bare.clone())),
        Row::new("retry", retry.service(bare.clone())),
        Row::new("fault, of each try", fault_of_try.service(bare.clone())),
        Row::new("balance", balance.service(bare.clone())),
        Row::new("outlier", outlier.service(bare)),
    ]
}

/// What asks and counts before a service: with nothing written, each beside the row above, and with limits.
async fn door(nothing: &Handle) -> Vec<Row> {
    let bare = Bare::in_memory().await;
    let ask = ServiceBuilder::new().layer(ExtAuthzLayer::inbound(nothing.clone()));
    let count = ask.clone().layer(RateLimitLayer::inbound(nothing.clone()));
    let mut rows = vec![
        Row::new("a bare connection", bare.clone()),
        Row::new("ext_authz, nothing written", ask.clone().service(bare.clone())),
        Row::new("rate_limit, nothing written", count.service(bare.clone())),
    ];
    for (name, per) in [("rate_limit, one bucket", ""), ("rate_limit, a bucket for each path", "path")] {
        let mesh = Mesh::with_source(Config::default(), Text(limit(per))).await;
        let limited = ask.clone().layer(RateLimitLayer::inbound(mesh.handle()));
        rows.push(Row::new(name, limited.service(bare.clone())));
    }
    rows
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

/// What reporting requests adds, with every request in a log, and one of a hundred traced.
async fn reported(handle: &Handle) -> Vec<Row> {
    let bare = Bare::in_memory().await;
    let recording = Recording::to(Arc::new(Recorder::default()));
    let workload = Arc::new(Config { service: "caller".into(), ..Config::default() }.workload());
    let reporter = |log| {
        let identity = Identity::default();
        Reporter::new(Arc::clone(&workload), "caller.default.svc.cluster.local", identity, &recording, log)
    };
    let log = AccessLog::new(Format::text(), Writer::new(Sink::named("/dev/null")));
    let route = ServiceBuilder::new().layer(RouteLayer::new(handle.clone()));
    let exchange = route.clone().layer(MetadataExchangeLayer::client(Arc::clone(&workload)));
    let metrics = TelemetryLayer::client(reporter(None)).layer(route.service(bare.clone()));
    let logged = TelemetryLayer::client(reporter(Some(log.clone()))).layer(route.service(bare.clone()));
    // Requests have names, by which those that are traced are chosen.
    let named = ServiceBuilder::new().layer(CarryOutLayer::new());
    let plain = named.clone().service(route.service(bare.clone()));
    let traced = named.layer(PropagateLayer::outbound()).service(route.service(bare.clone()));
    let reporter = reporter(Some(log)).tracing(Some(SpanExporter::new(Nobody)), None);
    let traced = TelemetryLayer::client(reporter).layer(traced);
    vec![
        Row::new("route", route.service(bare.clone())),
        Row::new("metadata_exchange", exchange.service(bare.clone())),
        Row::new("telemetry: metrics", metrics),
        Row::new("telemetry: metrics and access log", logged),
        Row::new("carry and route", plain),
        Row::new("telemetry: both, and 1 % traced", traced),
    ]
}

/// Clients with pools: hyper's, and the mesh's, with streams in memory or over loopback.
async fn pooled(servers: [SocketAddr; 3], in_memory: bool) -> Vec<Row> {
    let dialer = || in_memory.then(|| Arc::new(InMemory) as Arc<dyn Dialer>);
    let recording = Recording::to(Arc::new(Recorder::default()));
    let config = Config { service: "caller".into(), recording, dialer: dialer(), ..Config::default() };
    let mesh = Mesh::with_source(config, Text(documents(servers))).await;
    let config = Config { tells_peers: false, dialer: dialer(), ..Config::default() };
    let silent = Mesh::with_source(config, Text(documents(servers) + UNREPORTED)).await;
    let faults = mesh.status().borrow().faults.clone();
    assert!(!faults.iter().any(|fault| fault.is_refusal()), "{faults:?}");
    let (bare, hyper) = match in_memory {
        true => (Bare::in_memory().await, Row::new("hyper's client", Pooled::new(InMemory, servers[0]))),
        false => {
            let stream = TcpStream::connect(servers[0]).await.expect("a server");
            stream.set_nodelay(true).expect("a connection");
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            (Bare::over(stream).await, Row::new("hyper's client", Pooled::new(connector, servers[0])))
        }
    };
    vec![
        Row::new("a bare connection", bare),
        hyper,
        Row::new("the mesh's client, nothing reported", silent.client()),
        Row::new("the mesh's client", mesh.client()),
    ]
}

async fn measure() {
    // Every service has a timer that is far off. Without one the event loop would ask no clock for the rows that set none.
    tokio::spawn(sleep(Duration::from_secs(3600)));
    let servers = [server().await, server().await, server().await];
    let mesh = Mesh::with_source(Config::default(), Text(documents(servers))).await;
    let mut layers = rows(&mesh.handle()).await;
    let mut door = door(&mesh.handle()).await;
    let mut reported = reported(&mesh.handle()).await;
    let mut pooled = [pooled(servers, true).await, pooled(servers, false).await];
    // Those of one name alone, for a look at where their time goes.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for _ in 0..ROUNDS {
        for row in layers.iter_mut().chain(&mut door).chain(&mut reported).chain(pooled.iter_mut().flatten())
        {
            if row.name.contains(&*wanted) {
                row.take_turn().await;
            }
        }
    }
    if !wanted.is_empty() {
        [&layers, &door, &reported, &pooled[0], &pooled[1]].into_iter().for_each(|rows| tell(&wanted, rows));
        return;
    }
    tell("in memory, each layer beside the one above", &layers);
    tell("in memory, before a service", &door);
    tell("in memory, what reports requests", &reported);
    tell("in memory, with a pool", &pooled[0]);
    tell("over loopback, with a pool", &pooled[1]);
    let (time, allocations) = layers[layers.len() - 1].added(&layers[0]);
    println!("\nthe layers in memory add {time} ns and {allocations:.1} allocations to a bare connection");
    judge(
        "the mesh's client, nothing reported,",
        pooled[0][2].added(&pooled[0][1]),
        MOST_TIME,
        MOST_ALLOCATIONS,
    );
    let (time, allocations) = (Duration::from_micros(1), 0.0);
    judge("telemetry, metrics and access log,", reported[3].added(&reported[0]), time, allocations);
    judge("telemetry, with 1 % traced,", reported[5].added(&reported[4]), time, allocations);
}

/// The rows that were measured, each beside the one above.
fn tell(title: &str, rows: &[Row]) {
    println!("\n{title:<44} {:>9} {:>9} {:>12} {:>9}", "ns", "added", "allocations", "added");
    let rows: Vec<_> = rows.iter().filter(|row| row.time < Duration::MAX).collect();
    for (row, before) in rows.iter().zip(rows.first().into_iter().chain(&rows)) {
        let (time, allocations) = row.added(before);
        let nanos = row.time.as_nanos();
        println!("  {:<42} {nanos:>9} {time:>+9} {:>12.1} {allocations:>+9.1}", row.name, row.allocations);
    }
}

fn judge(what: &str, (time, allocations): (i128, f64), most_time: Duration, most_allocations: f64) {
    let (most, word) = (most_time.as_nanos(), |is_met: bool| if is_met { "met" } else { "NOT met" });
    let is_quick = u128::try_from(time).map_or(true, |time| time <= most);
    println!("{what} adds {time} ns: at most {most} ns is {}", word(is_quick));
    // Half an allocation is noise: pools and timers of the runtime grow now and then.
    let is_frugal = allocations < most_allocations + 0.5;
    println!("{what} adds {allocations:.1} allocations: at most {most_allocations} is {}", word(is_frugal));
}
