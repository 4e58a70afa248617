//! What Istio does not have: bounded loads, latencies that count, and users who stay with a version.

use http::{Request, Response, header::COOKIE};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, channel},
};
use mesh_tower::{
    Body, BoxError, Dice, Error, Kind, Routed, Upstream,
    balance::{BalanceBody, BalanceLayer},
    route::{RouteLayer, Sticky},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{advance, sleep};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

/// A service whose endpoints are `10.0.0.1` and up, with these weights.
fn documents(balancer: &str, weights: &[u32], more: &str) -> String {
    let instance = |(weight, number): (&u32, u32)| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{number}}}\n\
             spec: {{address: 10.0.0.{number}, labels: {{app: product, version: v{number}}}, weight: {weight}}}\n"
        )
    };
    let instances: String = weights.iter().zip(1..).map(instance).collect();
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: product}}\n\
         spec: {{selector: {{app: product}}, ports: [{{name: http, port: 80}}]}}\n{instances}\
         ---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {{loadBalancer: {balancer}}}, subsets: [\
         {{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]}}\n{more}"
    )
}

fn table(text: &str) -> Handle {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.faults.is_empty(), "{:?}", status.faults);
    publisher.publish(&model);
    handle
}

type Stack = BoxCloneService<Request<Body>, Response<BalanceBody<Body>>, BoxError>;

/// Endpoints that take so many milliseconds; the last number is that of all further ones.
fn stack(handle: Handle, balance: BalanceLayer, latencies: &'static [u64]) -> Stack {
    let upstream = service_fn(move |request: Request<Body>| async move {
        let at = Upstream::of_request(request.extensions()).expect("one was chosen").clone();
        let takes = latencies.get(number(&at) - 1).or(latencies.last()).copied().unwrap_or(0);
        if takes > 0 {
            sleep(Duration::from_millis(takes)).await;
        }
        let mut response = Response::new(Body::from("answer"));
        response.extensions_mut().insert(at);
        Ok::<_, BoxError>(response)
    });
    let balance = balance.with_dice(Dice::seeded(7)).layer(upstream);
    BoxCloneService::new(RouteLayer::new(handle).layer(balance))
}

fn number(upstream: &Upstream) -> usize {
    let address = upstream.address.to_string();
    address.rsplit('.').next().and_then(|number| number.parse().ok()).expect("10.0.0.N")
}

fn send(
    stack: &Stack,
    user: &str,
) -> impl Future<Output = (usize, Response<BalanceBody<Body>>)> + Send + use<> {
    let request = Request::get("http://product/").header("x-user", user);
    let answer = stack.clone().oneshot(request.body(Body::empty()).expect("a request"));
    async move {
        let response = answer.await.expect("an answer");
        (number(response.extensions().get::<Upstream>().expect("one was chosen")), response)
    }
}

fn hashed(table: &str, weights: &[u32], balance: BalanceLayer) -> Stack {
    let balancer = format!("{{consistentHash: {{httpHeaderName: x-user, {table}}}}}");
    stack(crate::table(&documents(&balancer, weights, "")), balance, &[])
}

#[tokio::test]
async fn a_busy_endpoint_hands_its_users_on_and_has_them_back_when_it_is_idle() {
    for table in ["ringHash: {}", "maglev: {tableSize: 65537}"] {
        let stack = hashed(table, &[1, 1, 1, 1], BalanceLayer::new().with_bounded_load(150));
        let (home, first) = send(&stack, "ann").await;
        drop(first);
        let (mut held, mut seen) = (Vec::new(), BTreeMap::new());
        for _ in 0..200 {
            let (at, response) = send(&stack, "ann").await;
            *seen.entry(at).or_insert(0) += 1;
            held.push(response);
            let share = (held.len() as f64 * 1.5 / 4.0).ceil();
            assert!(f64::from(seen[&at]) <= share, "{table}: {seen:?}");
        }
        assert!(seen[&home] >= 70, "{table}: {seen:?}");
        drop(held);
        assert_eq!(send(&stack, "ann").await.0, home);
    }
}

#[tokio::test]
async fn without_a_bound_one_user_keeps_one_endpoint_busy() {
    let stack = hashed("ringHash: {}", &[1, 1, 1, 1], BalanceLayer::new());
    let mut held = Vec::new();
    for _ in 0..50 {
        held.push(send(&stack, "ann").await);
    }
    assert!(held.iter().all(|(at, _)| *at == held[0].0));
}

#[tokio::test]
async fn a_heavier_endpoint_may_be_busier() {
    let stack = hashed("maglev: {tableSize: 65537}", &[1, 3], BalanceLayer::new().with_bounded_load(100));
    let (mut held, mut seen) = (Vec::new(), [0; 2]);
    for user in 0..400 {
        let (at, response) = send(&stack, &user.to_string()).await;
        seen[at - 1] += 1;
        held.push(response);
    }
    assert_eq!(seen, [100, 300]);
}

/// How many of 600 requests, one every millisecond, each of three endpoints gets.
async fn with_latencies(balance: BalanceLayer, weights: &[u32], latencies: &'static [u64]) -> [usize; 3] {
    let stack = stack(table(&documents("{simple: LEAST_REQUEST}", weights, "")), balance, latencies);
    let mut calls = Vec::new();
    for _ in 0..600 {
        calls.push(tokio::spawn(send(&stack, "")));
        advance(Duration::from_millis(1)).await;
    }
    let mut seen = [0; 3];
    for call in calls {
        seen[call.await.expect("no panic").0 - 1] += 1;
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_slow_endpoint_gets_less_where_latencies_count() {
    for weights in [[1, 1, 1], [2, 2, 1]] {
        let plain = with_latencies(BalanceLayer::new(), &weights, &[40, 5, 5]).await;
        let decay = Duration::from_secs(5);
        let peak = with_latencies(BalanceLayer::new().with_peak_ewma(decay), &weights, &[40, 5, 5]).await;
        assert!(peak[0] > 0 && peak[0] * 3 < plain[0] * 2, "{weights:?}: {peak:?} instead of {plain:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_are_as_fast_get_as_much_where_latencies_count() {
    let balance = BalanceLayer::new().with_peak_ewma(Duration::from_secs(5));
    let seen = with_latencies(balance, &[1, 1, 1], &[10]).await;
    assert!(seen.iter().all(|seen| (150..250).contains(seen)), "{seen:?}");
}

/// A canary that gets this share in hundredths, by its users' names.
fn canary(share: u32) -> Handle {
    let more = format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: product}}\n\
         spec: {{hosts: [product], http: [{{route: [\
         {{destination: {{host: product, subset: v1}}, weight: {}}}, \
         {{destination: {{host: product, subset: v2}}, weight: {share}}}]}}]}}\n",
        100 - share
    );
    table(&documents("{simple: RANDOM}", &[1, 1], &more))
}

/// Which of a thousand users are on the canary.
async fn on_canary(handle: Handle, named: impl Fn(usize) -> http::request::Builder) -> Vec<usize> {
    let route = RouteLayer::new(handle).with_sticky(Sticky::Cookie("user".into()));
    let service = route.layer(service_fn(async |request: Request<Body>| {
        let target = request.extensions().get::<Routed>().and_then(Routed::target).expect("a destination");
        Ok::<_, BoxError>(Response::new(target.subset.as_deref() == Some("v2")))
    }));
    let mut users = Vec::new();
    for user in 0..1000 {
        let request = named(user).body(Body::empty()).expect("a request");
        if service.clone().oneshot(request).await.expect("an answer").into_body() {
            users.push(user);
        }
    }
    users
}

#[tokio::test]
async fn a_user_stays_on_the_canary_also_when_it_grows() {
    let named = |user: usize| Request::get("http://product/").header(COOKIE, format!("user=u{user}"));
    let ten = on_canary(canary(10), named).await;
    // Of a thousand users a hundred, give or take three times the standard deviation.
    assert!((72..128).contains(&ten.len()), "{}", ten.len());
    assert_eq!(on_canary(canary(10), named).await, ten);
    let thirty = on_canary(canary(30), named).await;
    assert!((257..343).contains(&thirty.len()), "{}", thirty.len());
    assert!(ten.iter().all(|user| thirty.contains(user)));
}

#[tokio::test]
async fn who_is_not_known_gets_any_version() {
    let nobody = |_| Request::get("http://product/");
    let (one, other) = (on_canary(canary(50), nobody).await, on_canary(canary(50), nobody).await);
    assert!((453..547).contains(&one.len()), "{}", one.len());
    assert_ne!(one, other);
}

#[tokio::test]
async fn an_endpoint_has_no_more_requests_under_way_than_it_may_and_the_next_is_refused_at_once() {
    for balancer in
        ["{simple: ROUND_ROBIN}", "{simple: LEAST_REQUEST}", "{consistentHash: {httpHeaderName: x-user}}"]
    {
        let balance = BalanceLayer::new().with_endpoint_limit(2);
        let stack = stack(table(&documents(balancer, &[1, 1, 3], "")), balance, &[]);
        let (mut held, mut seen) = (Vec::new(), BTreeMap::new());
        for _ in 0..6 {
            let (at, response) = send(&stack, "ann").await;
            *seen.entry(at).or_insert(0) += 1;
            held.push((at, response));
        }
        assert_eq!(seen, [(1, 2), (2, 2), (3, 2)].into(), "{balancer}");
        let request = Request::get("http://product/").body(Body::empty()).expect("a request");
        let refused = stack.clone().oneshot(request).await.expect_err("all are full");
        assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::Overflow), "{balancer}");
        let (free, response) = held.pop().expect("one");
        drop(response);
        assert_eq!(send(&stack, "bob").await.0, free, "{balancer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_requests_never_take_more_places_than_there_are() {
    let balance = BalanceLayer::new().with_endpoint_limit(3);
    let stack = stack(table(&documents("{simple: RANDOM}", &[1, 1], "")), balance, &[]);
    for _ in 0..50 {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let stack = stack.clone();
                tokio::spawn(async move {
                    let request = Request::get("http://product/").body(Body::empty())?;
                    stack.oneshot(request).await
                })
            })
            .collect();
        let mut held = Vec::new();
        for call in calls {
            held.extend(call.await.expect("no panic").ok());
        }
        assert_eq!(held.len(), 6);
    }
}
