//! Endpoints are preferred by where they are, with a paused clock.

mod preferred;
mod retries;
mod zones;

use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    model::Locality,
    source::Batch,
    table::Viewpoint,
    watch::{Ledger, Publisher, channel},
};
use mesh_tower::{
    Body, BoxError, Dice, Ejections, Error, Kind, Tried, Upstream,
    balance::{BalanceBody, BalanceLayer},
    outlier::OutlierLayer,
    route::RouteLayer,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80}]}
";

/// Every failure ejects, for half a minute.
const EJECTING: &str = "outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}";

/// Five endpoints in each place: `10.0.1.1` and up in the first, and so on.
fn documents(places: &[&str], policy: &str) -> String {
    let mut text = String::from(SERVICE);
    for (place, net) in places.iter().zip(1..) {
        for number in 1..=5 {
            text += &format!(
                "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{net}-{number}}}\n\
                 spec: {{address: 10.0.{net}.{number}, locality: {place}, labels: {{app: product, slot: s{number}}}}}\n"
            );
        }
    }
    text + &format!(
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {{{policy}}}}}\n"
    )
}

/// A client in `eu/a`, and endpoints of which some fail.
struct World {
    publisher: Publisher,
    failing: Arc<Mutex<BTreeSet<String>>>,
    stack: BoxCloneService<Request<Body>, Response<BalanceBody<Body>>, BoxError>,
}

impl World {
    fn new(places: &[&str], policy: &str) -> Self {
        Self::with(places, policy, |layer| layer.with_locality(Locality::parse("eu/a").expect("a place")))
    }

    fn with(places: &[&str], policy: &str, at: impl Fn(BalanceLayer) -> BalanceLayer) -> Self {
        Self::of(&documents(places, policy), at)
    }

    /// A client whose labels are `app: client`.
    fn of(documents: &str, at: impl Fn(BalanceLayer) -> BalanceLayer) -> Self {
        let labels = [("app".to_owned(), "client".to_owned())].into();
        let (publisher, handle) =
            channel(Viewpoint { namespace: "shop".into(), labels, ..Viewpoint::default() });
        let failing = Arc::new(Mutex::new(BTreeSet::new()));
        let fails = Arc::clone(&failing);
        let upstream = service_fn(move |request: Request<Body>| {
            let at = Upstream::of_request(request.extensions()).expect("one was chosen").clone();
            let is_failing = fails.lock().expect("no panic").contains(&at.address.to_string());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = if is_failing { 500 } else { 200 }.try_into().expect("a status");
            response.extensions_mut().insert(at);
            std::future::ready(Ok::<_, BoxError>(response))
        });
        let ejections = Ejections::default();
        let balance = at(BalanceLayer::new()).with_ejections(ejections.clone()).with_dice(Dice::seeded(5));
        let stack = balance.layer(OutlierLayer::new(ejections).layer(upstream));
        let mut world =
            Self { publisher, failing, stack: BoxCloneService::new(RouteLayer::new(handle).layer(stack)) };
        world.take(documents);
        world
    }

    fn publish(&mut self, places: &[&str], policy: &str) {
        self.take(&documents(places, policy));
    }

    fn take(&mut self, text: &str) {
        let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
        let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
        assert!(status.faults.is_empty(), "{:?}", status.faults);
        self.publisher.publish(&model);
    }

    async fn send(&self, request: http::request::Builder) -> Result<String, BoxError> {
        let response = self.stack.clone().oneshot(request.body(Body::empty())?).await?;
        Ok(response.extensions().get::<Upstream>().expect("one was chosen").address.to_string())
    }

    /// How many of so many requests each endpoint gets.
    async fn endpoints(&self, requests: usize) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        for _ in 0..requests {
            let endpoint = self.send(Request::get("http://product/")).await.expect("an endpoint");
            *seen.entry(endpoint).or_default() += 1;
        }
        seen
    }

    /// How many of so many requests each place gets, by its number.
    async fn places(&self, requests: usize) -> BTreeMap<char, usize> {
        let mut seen = BTreeMap::new();
        for (endpoint, count) in self.endpoints(requests).await {
            *seen.entry(place(&endpoint)).or_default() += count;
        }
        seen
    }

    /// Has endpoints ejected.
    async fn eject(&self, endpoints: &[&str]) {
        self.failing.lock().expect("no panic").extend(endpoints.iter().map(ToString::to_string));
        for _ in 0..1000 {
            let _ = self.send(Request::get("http://product/")).await;
        }
        self.failing.lock().expect("no panic").clear();
    }
}

fn place(endpoint: &str) -> char {
    endpoint.chars().nth(5).expect("10.0.N.M")
}

/// The statistic of Pearson's chi-squared test, for places 1 and up of which these shares are expected.
fn chi_squared(seen: &BTreeMap<char, usize>, shares: &[f64]) -> f64 {
    let total = seen.values().sum::<usize>() as f64;
    let places = shares.iter().zip('1'..);
    let terms = places.map(|(share, place)| {
        let (seen, expected) = (seen.get(&place).copied().unwrap_or(0) as f64, total * share);
        (seen - expected).powi(2) / expected
    });
    terms.sum()
}

/// What chi-squared exceeds by chance once in a thousand times, with one degree of freedom and with two.
const BOUNDS: [f64; 2] = [10.83, 13.82];

#[tokio::test(start_paused = true)]
async fn near_endpoints_get_everything_until_too_few_are_left_and_again_when_they_are_back() {
    let world = World::new(&["eu/a", "eu/b", "us/a"], EJECTING);
    assert_eq!(world.places(300).await, [('1', 300)].into());
    world.eject(&["10.0.1.1"]).await;
    // Four of five, counted 1.4 times, are enough for all requests.
    assert_eq!(world.places(300).await, [('1', 300)].into());
    world.eject(&["10.0.1.2"]).await;
    let seen = world.places(3000).await;
    assert!(chi_squared(&seen, &[0.84, 0.16]) < BOUNDS[0], "{seen:?}");
    assert_eq!(world.endpoints(3000).await.keys().filter(|endpoint| place(endpoint) == '1').count(), 3);
    world.eject(&["10.0.1.3", "10.0.1.4", "10.0.1.5"]).await;
    assert_eq!(world.places(300).await, [('2', 300)].into());
    advance(Duration::from_secs(40)).await;
    assert_eq!(world.places(300).await, [('1', 300)].into());
}

#[tokio::test(start_paused = true)]
async fn without_ejections_all_places_get_the_same() {
    let world = World::new(&["eu/a", "eu/b", "us/a"], "loadBalancer: {simple: ROUND_ROBIN}");
    assert_eq!(world.places(300).await, [('1', 100), ('2', 100), ('3', 100)].into());
}

#[tokio::test(start_paused = true)]
async fn where_too_few_are_healthy_everywhere_ejections_do_not_count() {
    let policy = EJECTING.replace('}', ", minHealthPercent: 50}");
    let world = World::new(&["eu/a", "eu/b"], &policy);
    world.eject(&["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.2.1", "10.0.2.2", "10.0.2.3"]).await;
    // One of five and two of five: 28 and 56 of 84 hundredths, but nobody is believed to be worse than others.
    let seen = world.endpoints(5000).await;
    assert_eq!(seen.len(), 10, "{seen:?}");
    assert!(chi_squared(&world.places(5000).await, &[0.5, 0.5]) < BOUNDS[0]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_left_nobody_is_asked() {
    let world = World::new(&["eu/a"], EJECTING);
    world.eject(&["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5"]).await;
    let error = world.send(Request::get("http://product/")).await.expect_err("all are ejected");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::NoEndpoint));
}

const DISTRIBUTE: &str = "localityLbSetting: {distribute: [{from: eu/*, to: {eu/a: 70, us/*: 30}}]}";

#[tokio::test(start_paused = true)]
async fn requests_are_distributed_as_it_is_written_by_every_algorithm() {
    for algorithm in ["simple: LEAST_REQUEST", "simple: ROUND_ROBIN", "simple: RANDOM"] {
        let policy = format!("loadBalancer: {{{algorithm}, {DISTRIBUTE}}}, {EJECTING}");
        // The third place is not written, and gets nothing.
        let world = World::new(&["eu/a", "us/b", "eu/c"], &policy);
        let seen = world.places(3000).await;
        assert!(chi_squared(&seen, &[0.7, 0.3]) < BOUNDS[0], "{algorithm}: {seen:?}");
        // Two of five are left: 70 % times 0.56, against 30 %.
        world.eject(&["10.0.1.1", "10.0.1.2", "10.0.1.3"]).await;
        let seen = world.places(3000).await;
        assert!(chi_squared(&seen, &[0.39 / 0.69, 0.30 / 0.69]) < 2.0 * BOUNDS[0], "{algorithm}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn users_keep_to_their_endpoints_within_what_is_distributed() {
    for table in ["ringHash: {minimumRingSize: 65536}", "maglev: {tableSize: 65537}"] {
        let hash = format!("consistentHash: {{httpHeaderName: x-user, {table}}}");
        let world = World::new(&["eu/a", "us/b"], &format!("loadBalancer: {{{hash}, {DISTRIBUTE}}}"));
        let mut seen = BTreeMap::new();
        for user in 0..2000 {
            let request = || Request::get("http://product/").header("x-user", user);
            let endpoint = world.send(request()).await.expect("an endpoint");
            assert_eq!(world.send(request()).await.expect("an endpoint"), endpoint);
            *seen.entry(place(&endpoint)).or_default() += 1;
        }
        assert!(chi_squared(&seen, &[0.7, 0.3]) < 2.0 * BOUNDS[0], "{table}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn users_whose_endpoints_are_near_stay_when_others_have_to_go_farther() {
    let policy = format!("loadBalancer: {{consistentHash: {{httpHeaderName: x-user}}}}, {EJECTING}");
    let world = World::new(&["eu/a", "us/b"], &policy);
    let mut before = Vec::new();
    for user in 0..500 {
        before.push(world.send(Request::get("http://product/").header("x-user", user)).await.expect("one"));
    }
    assert!(before.iter().all(|endpoint| place(endpoint) == '1'));
    world.eject(&["10.0.1.1", "10.0.1.2"]).await;
    let mut moved = 0;
    for (user, before) in before.iter().enumerate() {
        let now = world.send(Request::get("http://product/").header("x-user", user)).await.expect("one");
        moved += usize::from(now != *before && !["10.0.1.1", "10.0.1.2"].contains(&before.as_str()));
    }
    // Of those whose endpoint is still there only the 16 % that the level cannot take.
    assert!((20..80).contains(&moved), "{moved}");
}

#[tokio::test(start_paused = true)]
async fn labels_decide_who_is_near_where_a_rule_names_them() {
    let labels = [("slot".to_owned(), "s3".to_owned()), ("istio-locality".to_owned(), "us.a".to_owned())];
    let policy = format!("loadBalancer: {{localityLbSetting: {{failoverPriority: [slot]}}}}, {EJECTING}");
    let world = World::with(&["eu/a", "us/a"], &policy, |layer| layer.with_labels(labels.clone().into()));
    let seen = world.endpoints(200).await;
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["10.0.1.3", "10.0.2.3"]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_gets_somebody_else_as_long_as_there_is_anybody() {
    let policy = format!("loadBalancer: {{{DISTRIBUTE}}}");
    let world = World::new(&["eu/a", "us/b"], &policy);
    let tried = Tried::new();
    let mut seen = BTreeSet::new();
    for _ in 0..10 {
        let request = Request::get("http://product/").extension(tried.clone());
        seen.insert(world.send(request).await.expect("an endpoint"));
    }
    // Ten tries, ten endpoints: when those of a place are used up, the other one's are.
    assert_eq!(seen.len(), 10, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_table_changes_who_is_near() {
    let mut world = World::new(&["us/a", "us/b"], EJECTING);
    let seen = world.places(600).await;
    assert!(chi_squared(&seen, &[0.5, 0.5]) < BOUNDS[0], "{seen:?}");
    world.publish(&["us/a", "us/b", "eu/a"], EJECTING);
    assert_eq!(world.places(300).await, [('3', 300)].into());
    let off = format!("loadBalancer: {{localityLbSetting: {{enabled: false}}}}, {EJECTING}");
    world.publish(&["us/a", "us/b", "eu/a"], &off);
    let seen = world.places(3000).await;
    assert!(chi_squared(&seen, &[1.0 / 3.0; 3]) < BOUNDS[1], "{seen:?}");
}
