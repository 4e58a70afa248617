//! What is counted: each piece does its work often enough that what comes before and after is nothing beside it.

use crate::count::counted_by_callgrind;
use benches::{
    policy,
    product::{Bare, Text, documents},
    rules, services, virtual_service, virtual_services,
};
use clap::ValueEnum;
use http::{Request, Response};
use http_body_util::BodyExt;
use mesh_core::{
    dialect::Setting,
    identity::{Identity, SpiffeId},
    model::Model,
    source::Batch,
    table::{Decision, InboundView, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use mesh_tower::{
    Body, BoxError, Ejections, Mesh,
    answer::AnswerLayer,
    balance::BalanceLayer,
    carry::CarryOutLayer,
    cors::CorsLayer,
    fault::FaultLayer,
    mesh::Config,
    mirror::MirrorLayer,
    outlier::OutlierLayer,
    recorder::Recorder,
    respond::RespondLayer,
    retry::RetryLayer,
    rewrite::RewriteLayer,
    route::RouteLayer,
    telemetry::{Recording, Reporter, TelemetryLayer},
    timeout::TimeoutLayer,
};
use std::{hint::black_box, sync::Arc};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// How often a decision is made.
const DECISIONS: u64 = 2_000;
/// How often a request is sent, and how often before it counts: pools and tables have grown by then.
const REQUESTS: u64 = 200;
/// So few that they are read on one thread, with their services and subsets.
const DOCUMENTS: usize = 20;

/// A piece of what a request or a document costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Piece {
    /// A bare connection in memory: what the requests below stand on.
    Bare,
    /// A request through the outbound stack, down to a connection in memory.
    Outbound,
    /// A routed request, answered at once.
    Route,
    /// The same, measured.
    Telemetry,
    /// The last rule of one of 1,000 hosts.
    Decide,
    /// The last of 1,000 prefixes of one host.
    DecideAmongMany,
    /// Whether a caller may, by one rule.
    Authorize,
    /// The same by the last of 1,000 rules.
    AuthorizeAmongMany,
    /// 20 VirtualServices, from text to table.
    Compile,
}

impl Piece {
    pub(crate) const ALL: [Self; 9] = [
        Self::Bare,
        Self::Outbound,
        Self::Route,
        Self::Telemetry,
        Self::Decide,
        Self::DecideAmongMany,
        Self::Authorize,
        Self::AuthorizeAmongMany,
        Self::Compile,
    ];

    /// As options and the baseline call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Outbound => "outbound",
            Self::Route => "route",
            Self::Telemetry => "telemetry",
            Self::Decide => "decide",
            Self::DecideAmongMany => "decide-among-many",
            Self::Authorize => "authorize",
            Self::AuthorizeAmongMany => "authorize-among-many",
            Self::Compile => "compile",
        }
    }

    /// How often the work is done while it is counted.
    pub(crate) const fn times(self) -> u64 {
        match self {
            Self::Bare | Self::Outbound | Self::Route | Self::Telemetry => REQUESTS,
            Self::Decide | Self::DecideAmongMany | Self::Authorize | Self::AuthorizeAmongMany => DECISIONS,
            Self::Compile => 1,
        }
    }

    /// Does the work, once unseen and once counted.
    ///
    /// # Errors
    /// When it does not work.
    pub(crate) fn work(self) -> Result<(), BoxError> {
        match self {
            Self::Bare | Self::Outbound | Self::Route | Self::Telemetry => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                self.request(&runtime)
            }
            Self::Decide => {
                let table = table(&(services(1_000) + &virtual_services(1_000, None)))?;
                decide(&table, "http://service-999/product/1")
            }
            Self::DecideAmongMany => {
                decide(&table(&(services(1) + &rules(1_000, None)))?, "http://service-0/prefix/999/a")
            }
            Self::Authorize => authorize(1),
            Self::AuthorizeAmongMany => authorize(1_000),
            Self::Compile => {
                let text: String = (0..DOCUMENTS).map(|number| virtual_service(number, 90)).collect();
                let text = services(DOCUMENTS) + &text;
                table(&text)?;
                twice(|| drop(black_box(compiled(&text))));
                Ok(())
            }
        }
    }

    fn request(self, runtime: &Runtime) -> Result<(), BoxError> {
        let nowhere = [8080, 8081, 8082].map(|port| ([10, 0, 0, 1], port).into());
        let source = Text(documents(nowhere));
        let mesh = runtime.block_on(Mesh::with_source(Config::default(), source));
        let routed = ServiceBuilder::new().layer(RouteLayer::new(mesh.handle()));
        let bare = runtime.block_on(Bare::in_memory());
        let answer = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
        match self {
            Self::Route => send(runtime, routed.service(answer)),
            Self::Telemetry => {
                send(runtime, TelemetryLayer::client(reporter()).layer(routed.service(answer)))
            }
            Self::Outbound => send(runtime, outbound(&mesh, &bare)),
            _ => send(runtime, bare),
        }
    }
}

/// The stack of a client, over a connection that is there already.
fn outbound(
    mesh: &Mesh,
    bare: &Bare,
) -> impl Service<
    Request<Body>,
    Response = Response<impl http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>>>,
    Error = BoxError,
> + Clone {
    let ejections = Ejections::default();
    ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(CarryOutLayer::new())
        .layer(RouteLayer::new(mesh.handle()))
        .layer(AnswerLayer::new())
        .layer(FaultLayer::routed())
        .layer(CorsLayer::routed())
        .layer(TimeoutLayer::routed())
        .layer(RewriteLayer::routed())
        .layer(MirrorLayer::routed(bare.clone()))
        .layer(RetryLayer::routed())
        .layer(BalanceLayer::new().with_ejections(ejections.clone()))
        .layer(OutlierLayer::new(ejections))
        .service(bare.clone())
}

/// What measures requests. It writes no log: whose memory a line gets depends on the thread that writes lines.
fn reporter() -> Reporter {
    let recording = Recording::to(Arc::new(Recorder::default()));
    let workload = Config { service: "caller".into(), ..Config::default() }.workload();
    let name = "caller.default.svc.cluster.local";
    Reporter::new(Arc::new(workload), name, Identity::default(), &recording, None)
}

/// Does something unseen, and once more counted.
fn twice(mut work: impl FnMut()) {
    work();
    counted_by_callgrind(&mut work);
}

fn send<S, R>(runtime: &Runtime, mut service: S) -> Result<(), BoxError>
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    R: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>>,
{
    let mut ended = Ok(());
    twice(|| ended = runtime.block_on(requests(&mut service)));
    ended
}

async fn requests<S, R>(service: &mut S) -> Result<(), BoxError>
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    R: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>>,
{
    for _ in 0..REQUESTS {
        let request = Request::get("http://product/product/1").header("accept", "application/json");
        let request = request.header("user-agent", "instructions").body(Body::empty())?;
        let response = service.ready().await?.call(request).await?;
        if !response.status().is_success() {
            return Err(format!("a request is answered {}", response.status()).into());
        }
        response.into_body().collect().await.map_err(Into::into)?;
    }
    Ok(())
}

/// The table of documents of which none is refused.
fn table(text: &str) -> Result<Snapshot, BoxError> {
    let (table, ledger, model) = compiled(text);
    let status = ledger.status(&model);
    if let Some(fault) = status.faults.iter().find(|fault| fault.is_refusal()) {
        return Err(format!("a document is refused: {fault}").into());
    }
    Ok(table)
}

fn compiled(text: &str) -> (Snapshot, Ledger, Model) {
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let mut ledger = Ledger::new(Setting::default());
    let model = ledger.read(&[batch]);
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    (Snapshot::compile(&model, &viewpoint, None), ledger, model)
}

fn decide(table: &Snapshot, url: &str) -> Result<(), BoxError> {
    let request = Request::get(url).header("accept", "application/json").body(())?;
    let view = RequestView::outbound(&request);
    if !matches!(table.decide(&view, 1 << 31), Decision::Forward(_)) {
        return Err("the request is not forwarded".into());
    }
    twice(|| {
        for _ in 0..DECISIONS {
            black_box(black_box(table).decide(black_box(&view), 1 << 31));
        }
    });
    Ok(())
}

fn authorize(size: usize) -> Result<(), BoxError> {
    let table = table(&(0..size).map(|number| policy(number, "GET")).collect::<String>())?;
    let last = size - 1;
    let request = Request::get(format!("http://service-0.shop/api/{last}/a")).body(())?;
    let peer = SpiffeId::parse(&format!("spiffe://cluster.local/ns/shop/sa/caller-{last}"))?;
    let address = Some([10, 0, 0, 1].into());
    let view = InboundView {
        source: address,
        remote: address,
        destination: address,
        port: 8080,
        server_name: None,
        peer: Some(&peer),
        claims: None,
        request: Some(RequestView::inbound(&request, 8080, true)),
    };
    if !table.inbound().authorize(&view).is_allowed() {
        return Err("the caller of the last policy is not let in".into());
    }
    twice(|| {
        for _ in 0..DECISIONS {
            black_box(black_box(table.inbound()).authorize(black_box(&view)).is_allowed());
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_the_baseline_call_pieces_the_same() {
        for piece in Piece::ALL {
            assert_eq!(Piece::from_str(piece.name(), false), Ok(piece));
        }
        assert_eq!(Piece::ALL.len(), Piece::value_variants().len());
    }
}
