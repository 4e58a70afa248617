//! Endpoints that fail are left alone, with a paused clock.

mod rates;

use http::{Request, Response, StatusCode};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    AnswerBy, Body, BoxError, Ejections, Error, Kind, Upstream,
    balance::{BalanceBody, BalanceLayer},
    outlier::OutlierLayer,
    route::RouteLayer,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, advance, timeout};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80, targetPort: 8080}]}
";

fn documents(rules: &str, instances: u8) -> String {
    balanced("{simple: ROUND_ROBIN}", rules, instances)
}

fn balanced(balancer: &str, rules: &str, instances: u8) -> String {
    let instance = |number| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{number}}}\n\
             spec: {{address: 10.0.0.{number}, labels: {{app: product}}}}\n"
        )
    };
    let instances: String = (1..=instances).map(instance).collect();
    let policy = format!("{{loadBalancer: {balancer}, outlierDetection: {rules}}}");
    format!(
        "{SERVICE}{instances}---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
         metadata: {{name: product}}\nspec: {{host: product, trafficPolicy: {policy}}}\n"
    )
}

fn publish(publisher: &mut Publisher, text: &str) {
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

/// How an endpoint answers.
#[derive(Clone, Copy)]
enum Way {
    Status(u16),
    Grpc(&'static str),
    Refusing,
    Breaking,
    Hanging,
}

type Ways = Arc<Mutex<HashMap<u8, Way>>>;

/// A mesh whose endpoints answer as they are told; those that are not told answer 200.
struct World {
    publisher: Publisher,
    ways: Ways,
    stack: BoxCloneService<Request<Body>, Response<BalanceBody<Body>>, BoxError>,
}

impl World {
    fn new(rules: &str, instances: u8) -> Self {
        Self::of(&documents(rules, instances))
    }

    fn of(documents: &str) -> Self {
        Self::watched(documents, OutlierLayer::default())
    }

    fn watched(documents: &str, layer: OutlierLayer) -> Self {
        let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
        publish(&mut publisher, documents);
        let ways = Ways::default();
        let stack = stack(handle, Arc::clone(&ways), layer);
        Self { publisher, ways, stack }
    }

    fn tell(&self, endpoint: u8, way: Way) {
        self.ways.lock().expect("no panic").insert(endpoint, way);
    }

    /// Which endpoint was asked, and whether it failed on this side; `None` when nobody was.
    async fn ask(&self) -> Option<u8> {
        self.send(request()).await
    }

    async fn send(&self, request: Request<Body>) -> Option<u8> {
        match self.stack.clone().oneshot(request).await {
            Ok(response) => response.extensions().get::<Upstream>().map(number),
            Err(error) => match error.downcast_ref::<Error>().map(Error::kind) {
                Some(Kind::NoEndpoint) => None,
                _ => Some(0),
            },
        }
    }

    async fn count(&self, requests: usize) -> BTreeMap<Option<u8>, usize> {
        let mut seen = BTreeMap::new();
        for _ in 0..requests {
            *seen.entry(self.ask().await).or_default() += 1;
        }
        seen
    }

    /// Whether an endpoint is asked no more.
    async fn is_out(&self, endpoint: u8) -> bool {
        let before = self.ways.lock().expect("no panic").insert(endpoint, Way::Status(200));
        let is_out = !self.count(20).await.contains_key(&Some(endpoint));
        if let Some(before) = before {
            self.tell(endpoint, before);
        }
        is_out
    }
}

fn request() -> Request<Body> {
    Request::get("http://product/").body(Body::empty()).expect("a request")
}

fn stack(
    handle: Handle,
    ways: Ways,
    layer: OutlierLayer,
) -> BoxCloneService<Request<Body>, Response<BalanceBody<Body>>, BoxError> {
    let upstream = service_fn(move |request: Request<Body>| {
        let ways = Arc::clone(&ways);
        async move {
            let endpoint = Upstream::of_request(request.extensions()).cloned().expect("one was chosen");
            let way = ways.lock().expect("no panic").get(&number(&endpoint)).copied();
            let mut response = Response::new(Body::empty());
            match way.unwrap_or(Way::Status(200)) {
                Way::Hanging => std::future::pending().await,
                Way::Refusing => return Err(BoxError::from(Error::new(Kind::ConnectFailure))),
                Way::Breaking => return Err(BoxError::from(Error::new(Kind::ConnectionTermination))),
                Way::Status(status) => *response.status_mut() = StatusCode::from_u16(status)?,
                Way::Grpc(status) => _ = response.headers_mut().insert("grpc-status", status.parse()?),
            }
            response.extensions_mut().insert(endpoint);
            Ok(response)
        }
    });
    let ejections = Ejections::default();
    let outlier = layer.with_ejections(ejections.clone()).layer(upstream);
    let balance = BalanceLayer::new().with_ejections(ejections).layer(outlier);
    BoxCloneService::new(RouteLayer::new(handle).layer(balance))
}

fn number(endpoint: &Upstream) -> u8 {
    let text = endpoint.to_string();
    text.split(['.', ':']).nth(3).and_then(|last| last.parse().ok()).expect("10.0.0.number:port")
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn five_errors_in_a_row_eject_for_30_s_and_the_second_time_for_60_s() {
    let world = World::new("{maxEjectionPercent: 100}", 3);
    world.tell(2, Way::Status(500));
    world.count(12).await;
    assert!(!world.is_out(2).await, "a success broke the row of four");
    for lasting in [30, 60] {
        world.count(15).await;
        let start = Instant::now();
        assert_eq!(world.count(30).await, BTreeMap::from([(Some(1), 15), (Some(3), 15)]));
        advance(lasting * SECOND - SECOND).await;
        assert!(world.is_out(2).await);
        advance(SECOND).await;
        assert_eq!(world.count(3).await.len(), 3, "it is back after {:?}", start.elapsed());
        // The row began anew with that one request.
        world.count(6).await;
        assert_eq!(world.count(3).await.len(), 3);
        world.tell(2, Way::Status(200));
        world.count(3).await;
        world.tell(2, Way::Status(500));
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_stays_is_forgiven_one_time_an_interval() {
    let world = World::new("{maxEjectionPercent: 100}", 2);
    world.tell(1, Way::Status(503));
    world.count(10).await;
    // Out until 30 s; one interval later its first ejection no longer counts.
    advance(40 * SECOND).await;
    world.count(10).await;
    advance(30 * SECOND - Duration::from_millis(1)).await;
    assert!(world.is_out(1).await);
    advance(Duration::from_millis(1)).await;
    assert!(!world.is_out(1).await);
}

#[tokio::test(start_paused = true)]
async fn who_is_ejected_comes_back_when_an_interval_ends() {
    let world = World::new("{maxEjectionPercent: 100, consecutive5xxErrors: 1}", 2);
    world.count(2).await;
    advance(3 * SECOND).await;
    world.tell(1, Way::Status(500));
    world.count(2).await;
    advance(36 * SECOND).await;
    assert!(world.is_out(1).await, "its 30 s ended at 33 s");
    advance(SECOND).await;
    assert!(!world.is_out(1).await);
}

#[tokio::test(start_paused = true)]
async fn of_three_endpoints_ten_percent_is_nobody() {
    let world = World::new("{}", 3);
    world.tell(2, Way::Status(500));
    assert_eq!(world.count(300).await[&Some(2)], 100);
}

#[tokio::test(start_paused = true)]
async fn of_ten_endpoints_ten_percent_is_one() {
    let world = World::new("{consecutive5xxErrors: 1}", 10);
    world.tell(2, Way::Status(500));
    world.tell(7, Way::Status(500));
    world.count(10).await;
    let seen = world.count(90).await;
    assert_eq!(seen.len(), 9, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn where_everybody_is_ejected_there_is_nobody_unless_health_is_demanded() {
    for (health, nobody) in [("", 30), (", minHealthPercent: 1", 0)] {
        let rules = format!("{{maxEjectionPercent: 100, consecutive5xxErrors: 1{health}}}");
        let world = World::new(&rules, 3);
        (1..=3).for_each(|endpoint| world.tell(endpoint, Way::Status(500)));
        world.count(6).await;
        let seen = world.count(30).await;
        assert_eq!(seen.get(&None).copied().unwrap_or(0), nobody, "{health:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_counts_as_an_error() {
    let one = "maxEjectionPercent: 100";
    for (rules, way, is_out) in [
        ("consecutive5xxErrors: 2", Way::Status(500), true),
        ("consecutive5xxErrors: 2", Way::Status(499), false),
        ("consecutive5xxErrors: 2", Way::Refusing, true),
        ("consecutive5xxErrors: 2", Way::Grpc("14"), true),
        ("consecutive5xxErrors: 2", Way::Grpc("5"), false),
        ("consecutive5xxErrors: 0", Way::Status(500), false),
        ("consecutive5xxErrors: 0, consecutiveGatewayErrors: 2", Way::Status(500), false),
        ("consecutive5xxErrors: 0, consecutiveGatewayErrors: 2", Way::Status(502), true),
        ("consecutive5xxErrors: 0, consecutiveGatewayErrors: 2", Way::Refusing, true),
        ("consecutive5xxErrors: 2, splitExternalLocalOriginErrors: true", Way::Refusing, false),
        (
            "consecutive5xxErrors: 2, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2",
            Way::Refusing,
            true,
        ),
        ("consecutive5xxErrors: 2", Way::Breaking, true),
        // Each time there was a connection first, and its row begins anew.
        (
            "consecutive5xxErrors: 2, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2",
            Way::Breaking,
            false,
        ),
        (
            "consecutive5xxErrors: 2, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 1",
            Way::Breaking,
            true,
        ),
        ("consecutive5xxErrors: 2, outlierDetectionHttpErrorCodes: [429]", Way::Status(429), true),
        ("consecutive5xxErrors: 2, outlierDetectionHttpErrorCodes: [429]", Way::Status(500), false),
        ("consecutive5xxErrors: 2, outlierDetectionHttpErrorCodes: [429]", Way::Refusing, true),
    ] {
        let world = World::new(&format!("{{{one}, {rules}}}"), 2);
        world.tell(1, way);
        world.count(4).await;
        assert_eq!(world.is_out(1).await, is_out, "{rules}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ejection_survives_a_publish_and_ends_with_the_rules() {
    let rules = "{maxEjectionPercent: 100}";
    let mut world = World::new(rules, 2);
    world.tell(1, Way::Status(500));
    world.count(8).await;
    publish(&mut world.publisher, &documents(rules, 3));
    world.count(3).await;
    assert!(world.is_out(1).await, "four failures before and one after");
    publish(&mut world.publisher, &documents(rules, 4));
    assert!(world.is_out(1).await);
    publish(&mut world.publisher, &documents("{consecutive5xxErrors: 9, maxEjectionPercent: 100}", 4));
    assert!(world.is_out(1).await);
    let without = documents(rules, 4).replace(&format!(", outlierDetection: {rules}"), "");
    publish(&mut world.publisher, &without);
    assert!(!world.is_out(1).await);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_warms_up() {
    let balancer = "{simple: ROUND_ROBIN, warmup: {duration: 60s}}";
    let world = World::of(&balanced(balancer, "{maxEjectionPercent: 100, consecutive5xxErrors: 1}", 2));
    world.count(2).await;
    advance(60 * SECOND).await;
    world.tell(1, Way::Status(500));
    world.count(2).await;
    world.tell(1, Way::Status(200));
    advance(30 * SECOND).await;
    let seen = world.count(1100).await[&Some(1)];
    assert!((60..140).contains(&seen), "{seen}");
    advance(60 * SECOND).await;
    assert_eq!(world.count(100).await[&Some(1)], 50);
}

#[tokio::test(start_paused = true)]
async fn a_user_of_an_ejected_endpoint_moves_and_comes_back() {
    let balancer = "{consistentHash: {useSourceIp: true}}";
    let world = World::of(&balanced(balancer, "{maxEjectionPercent: 100, consecutive5xxErrors: 1}", 3));
    let own = world.ask().await.expect("an endpoint");
    world.tell(own, Way::Status(500));
    world.ask().await;
    let other = world.ask().await;
    assert_ne!(other, Some(own));
    assert_eq!(world.count(9).await, BTreeMap::from([(other, 9)]));
    advance(30 * SECOND).await;
    assert_eq!(world.ask().await, Some(own));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_is_ejected_when_attempts_are_given_up_for_being_late() {
    let rules = "{maxEjectionPercent: 100, consecutive5xxErrors: 2}";
    for (patience, is_out) in [(SECOND, true), (SECOND - Duration::from_millis(1), false)] {
        let world = World::new(rules, 2);
        world.tell(1, Way::Hanging);
        for _ in 0..4 {
            let mut request = request();
            request.extensions_mut().insert(AnswerBy::at(Instant::now() + SECOND));
            let _ = timeout(patience, world.send(request)).await;
        }
        assert_eq!(world.is_out(1).await, is_out, "{patience:?}");
    }
}
