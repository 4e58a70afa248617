//! What every layer owes to the services around it.

use bytes::Bytes;
use http::{Request, Response};
use mesh_core::{
    identity::Identity,
    model::{
        Dimension, Injection, KeySource, Limit, LimitRule, LocalLimit, RetryPolicy, Share, TokenBucket,
        TokenRule,
    },
    table::{RateLimits, Viewpoint},
    watch,
};
use mesh_tower::{
    Body, BoxError,
    answer::AnswerLayer,
    authorize::AuthorizeLayer,
    balance::BalanceLayer,
    carry::{CarriedHeaders, CarryInLayer, CarryOutLayer},
    cors::CorsLayer,
    dns::Dns,
    event::Workload,
    ext_authz::ExtAuthzLayer,
    fault::FaultLayer,
    hedge::HedgeLayer,
    introduce::IntroduceLayer,
    jwt::{JwtLayer, Keys},
    metadata_exchange::MetadataExchangeLayer,
    mirror::MirrorLayer,
    normalize::NormalizeLayer,
    outlier::OutlierLayer,
    propagate::PropagateLayer,
    rate_limit::RateLimitLayer,
    resolve::ResolveLayer,
    respond::RespondLayer,
    retry::RetryLayer,
    rewrite::{Changes, RewriteLayer},
    route::RouteLayer,
    telemetry::{Recording, Reporter, TelemetryLayer},
    timeout::TimeoutLayer,
};
use std::{
    fmt,
    future::{Pending, pending},
    mem::size_of,
    num::NonZeroU32,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_test::mock::{self, Mock, Spawn};

type Inner = Mock<Request<Body>, Response<Body>>;
type Handle = mock::Handle<Request<Body>, Response<Body>>;
type Subject = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// A layer under test: how it wraps, and what its future adds to the inner one, in bytes.
struct Case {
    name: &'static str,
    wrap: Box<dyn Fn(Inner) -> Subject>,
    added: usize,
    bound: usize,
}

impl Case {
    fn spawn(&self) -> (Spawn<Subject>, Handle) {
        let (inner, handle) = mock::pair();
        (Spawn::new((self.wrap)(inner)), handle)
    }
}

/// That this compiles shows that services are `Send + Sync + Clone + 'static`, and their futures `Send + 'static`.
fn case<L, R>(name: &'static str, layer: L, bound: usize) -> Case
where
    L: Layer<Inner> + 'static,
    L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let inner = size_of::<<Inner as Service<Request<Body>>>::Future>();
    let added = size_of::<<L::Service as Service<Request<Body>>>::Future>() - inner;
    let wrap = move |inner| {
        let service = layer.layer(inner).map_err(Into::into);
        BoxCloneSyncService::new(service.map_response(|response: Response<R>| response.map(Body::new)))
    };
    Case { name, wrap: Box::new(wrap), added, bound }
}

fn cases() -> Vec<Case> {
    let (_, handle) = watch::channel(Viewpoint::default());
    let never = Injection {
        abort: Some(mesh_core::model::Abort {
            status: mesh_core::model::AbortStatus::Grpc(14),
            share: Share::NONE,
        }),
        ..Injection::default()
    };
    vec![
        case("answer", AnswerLayer::new(), 152),
        case("authorize", AuthorizeLayer::inbound(handle.clone()), 64),
        case("authorize at a gateway", AuthorizeLayer::inbound(handle.clone()).at_gateway(80, false), 64),
        case("normalize", NormalizeLayer::new(handle.clone()), 64),
        case("fault", FaultLayer::new(never), 16),
        case("fault of the rule", FaultLayer::routed(), 16),
        case("timeout", TimeoutLayer::new(Duration::from_secs(3)), 144),
        case("timeout of the rule", TimeoutLayer::routed(), 144),
        case("rewrite", RewriteLayer::new(Changes::default()), 32),
        case("rewrite of the rule", RewriteLayer::routed(), 32),
        case("introduce", IntroduceLayer::workload(), 0),
        case("metadata exchange of a client", MetadataExchangeLayer::client(own()), 24),
        case("metadata exchange of a server", MetadataExchangeLayer::server(own()), 24),
        case("telemetry of a client", TelemetryLayer::client(reporter()), 24),
        case("telemetry of a server", TelemetryLayer::server(reporter()), 24),
        case("respond", RespondLayer::new(), 160),
        case("carry in", CarryInLayer::new(CarriedHeaders::default()), 16),
        case("carry out", CarryOutLayer::new(), 0),
        // What the application's own spans belong to is kept with the feature otlp alone.
        case("propagate in", PropagateLayer::inbound(), 48),
        case("propagate out", PropagateLayer::outbound(), 48),
        case("cors of the rule", CorsLayer::routed(), 200),
        case("jwt", JwtLayer::new([], Keys::inline()), 40),
        case("jwt of the table", JwtLayer::inbound(handle.clone(), Keys::inline()), 40),
        case("jwt with a rule", JwtLayer::new([unknown_issuer()], Keys::inline()), 40),
        case("route", RouteLayer::new(handle.clone()), 64),
        case("carry in, pinning", CarryInLayer::new(CarriedHeaders::default()).pinning(handle.clone()), 16),
        case("ext_authz of the workload", ExtAuthzLayer::inbound(handle.clone()), 48),
        case("rate limit", RateLimitLayer::new(&ample()), 56),
        case("rate limit of the workload", RateLimitLayer::inbound(handle.clone()), 56),
        case("balance", BalanceLayer::new(), 24),
        case("resolve", ResolveLayer::new(Dns::system()), 8),
        case("outlier", OutlierLayer::default(), 56),
        case("mirror", MirrorLayer::new(unheard(), Share::ALL), 8),
        case("mirror of the rule", MirrorLayer::routed(unheard()), 8),
        case("hedge", HedgeLayer::after(Duration::from_millis(50)), 16),
        case("retry", RetryLayer::new(RetryPolicy::default()), 32),
        case("retry of the rule", RetryLayer::routed(), 32),
    ]
}

fn own() -> Arc<Workload> {
    Arc::new(Workload { name: "product-v1".into(), ..Workload::default() })
}

fn reporter() -> Reporter {
    Reporter::new(own(), "product.shop.svc.cluster.local", Identity::default(), &Recording::global(), None)
}

/// Limits that nobody reaches: one of all requests, and one of each path.
fn ample() -> RateLimits {
    let most = NonZeroU32::MAX;
    let bucket = TokenBucket::new(most, NonZeroU32::MIN, Duration::from_secs(1));
    RateLimits::new([vec![], vec![Dimension::Path]].map(|per| LimitRule {
        name: "".into(),
        blocks: vec![],
        limit: Limit::Local(LocalLimit { bucket, per, most_buckets: most }),
        status: http::StatusCode::TOO_MANY_REQUESTS,
        tells: true,
        is_resource_exhausted: false,
        enforced: Share::ALL,
    }))
}

/// A rule for tokens, of which the requests of these tests carry none.
fn unknown_issuer() -> TokenRule {
    TokenRule {
        issuer: Some("https://auth".into()),
        audiences: Vec::new(),
        keys: KeySource::Unknown,
        places: TokenRule::usual_places(),
        payload_header: None,
        claim_headers: Vec::new(),
        forwards: false,
        lists: Vec::new(),
    }
}

/// A service for copies that nobody answers.
fn unheard() -> impl Service<
    Request<Body>,
    Response = Response<Body>,
    Error = BoxError,
    Future = Pending<Result<Response<Body>, BoxError>>,
> + Clone
+ Send
+ Sync
+ 'static {
    service_fn(|_| pending())
}

/// To a host that every table lets pass.
fn request() -> Request<Body> {
    Request::get("http://elsewhere/").body(Body::empty()).expect("a valid request")
}

const PROPERTIES: [fn(&Case); 9] = [
    readiness_is_the_inner_services,
    an_error_of_readiness_passes,
    a_clone_starts_unready,
    a_drop_before_the_call_releases_the_inner_service,
    a_drop_in_flight_releases_the_request,
    a_pending_response_waits_to_be_woken,
    an_inner_error_survives,
    a_response_passes,
    a_future_is_small,
];

#[tokio::test(start_paused = true)]
async fn layers_keep_the_contract() {
    for case in cases() {
        check(&case);
        // The mocks' channels pretend to be pending to a task that has asked them often without giving way.
        tokio::task::yield_now().await;
    }
}

fn check(case: &Case) {
    for property in PROPERTIES {
        // The harness shows this of a failed test only.
        println!("{}", case.name);
        property(case);
    }
}

/// The mock panics when it is called before it said that it is ready.
fn readiness_is_the_inner_services(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    handle.allow(0);
    assert_pending!(service.poll_ready());
    assert!(!service.is_woken());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    let _response = service.call(request());
    assert!(matches!(handle.poll_request(), Poll::Ready(Some(_))));
    assert_pending!(service.poll_ready());
}

fn an_error_of_readiness_passes(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    handle.send_error(Boom);
    assert!(assert_ready_err!(service.poll_ready()).is::<Boom>());
}

fn a_clone_starts_unready(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    assert_ready_ok!(service.poll_ready());
    handle.allow(0);
    let mut clone = service.clone();
    assert_pending!(clone.poll_ready());
    assert_ready_ok!(service.poll_ready());
}

fn a_drop_before_the_call_releases_the_inner_service(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    assert_ready_ok!(service.poll_ready());
    drop(service);
    assert!(matches!(handle.poll_request(), Poll::Ready(None)));
}

fn a_drop_in_flight_releases_the_request(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    let witness = Arc::new(());
    let mut request = request();
    request.extensions_mut().insert(Arc::clone(&witness));
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    let arrived = assert_ready!(handle.poll_request());
    assert!(arrived.is_some());
    drop((response, service, arrived));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(matches!(handle.poll_request(), Poll::Ready(None)));
}

fn a_pending_response_waits_to_be_woken(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request()));
    assert_pending!(response.poll());
    assert!(!response.is_woken());
    let (_, answer) = assert_ready!(handle.poll_request()).expect("a request");
    assert!(!response.is_woken());
    answer.send_response(Response::default());
    assert!(response.is_woken());
    assert_ready_ok!(response.poll());
}

fn an_inner_error_survives(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request()));
    let (_, answer) = assert_ready!(handle.poll_request()).expect("a request");
    answer.send_error(Boom);
    assert!(assert_ready_err!(response.poll()).is::<Boom>());
}

/// With its extensions, in which hyper hands upgrades over.
fn a_response_passes(case: &Case) {
    let (mut service, mut handle) = case.spawn();
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(with_upgrade(request(), Request::extensions_mut)));
    let (request, answer) = assert_ready!(handle.poll_request()).expect("a request");
    assert!(request.extensions().get::<hyper::upgrade::OnUpgrade>().is_some());
    answer.send_response(with_upgrade(Response::default(), Response::extensions_mut));
    let response = assert_ready_ok!(response.poll());
    assert!(response.extensions().get::<hyper::upgrade::OnUpgrade>().is_some());
}

fn with_upgrade<T>(mut message: T, extensions: impl Fn(&mut T) -> &mut http::Extensions) -> T {
    let upgrade = hyper::upgrade::on(Request::<()>::default());
    extensions(&mut message).insert(upgrade);
    message
}

fn a_future_is_small(case: &Case) {
    assert!(case.added <= case.bound, "{} adds {} bytes, more than {}", case.name, case.added, case.bound);
}

#[derive(Debug)]
struct Boom;

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("boom")
    }
}

impl std::error::Error for Boom {}
