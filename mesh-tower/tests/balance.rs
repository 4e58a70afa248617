//! Endpoints are chosen as the documents say.

use http::{
    Request, Response,
    header::{COOKIE, SET_COOKIE},
};
use mesh_core::{
    dialect::Setting,
    model::{GatewayName, Protocol},
    source::Batch,
    table::{GatewayRole, Viewpoint},
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    Body, BoxError, Context, Dice, Error, Kind, Upstream,
    balance::{Balance, BalanceBody, BalanceLayer},
    route::{Route, RouteLayer},
};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec: {selector: {app: product}, ports: [{name: http, port: 80, targetPort: 8080}]}
";

const ROUND_ROBIN: &str = "{simple: ROUND_ROBIN}";

fn instance(address: &str, weight: u32) -> String {
    let name = address.replace('.', "-");
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{name}}}\n\
         spec: {{address: {address}, labels: {{app: product}}, weight: {weight}}}\n"
    )
}

fn publish(publisher: &mut Publisher, balancer: &str, instances: &[(&str, u32)]) {
    let instances: String = instances.iter().map(|(address, weight)| instance(address, *weight)).collect();
    let rule = format!(
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {{loadBalancer: {balancer}}}}}\n"
    );
    publish_text(publisher, &format!("{SERVICE}{instances}{rule}"));
}

fn publish_text(publisher: &mut Publisher, text: &str) {
    let batch = Arc::new(Batch::of("product.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

fn table(balancer: &str, instances: &[(&str, u32)]) -> (Publisher, Handle) {
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publish(&mut publisher, balancer, instances);
    (publisher, handle)
}

/// Answers with the endpoint that was chosen, in the response's extensions.
type Chooser = BoxCloneService<Request<Body>, Response<BalanceBody<Body>>, BoxError>;

fn chooser(handle: &Handle) -> Chooser {
    chooser_of(RouteLayer::new(handle.clone()))
}

fn chooser_of(route: RouteLayer) -> Chooser {
    let answer = service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Body::from("answer"));
        if let Some(upstream) = Upstream::of_request(request.extensions()) {
            response.extensions_mut().insert(upstream.clone());
        }
        Ok::<_, Infallible>(response)
    });
    let balance = BalanceLayer::new().with_dice(Dice::seeded(3));
    let service: Route<Balance<_>> = route.layer(balance.layer(answer));
    BoxCloneService::new(service)
}

type Answer = Response<BalanceBody<Body>>;

fn endpoint(answer: &Answer) -> String {
    answer.extensions().get::<Upstream>().map(ToString::to_string).unwrap_or_default()
}

async fn ask(chooser: &Chooser, request: http::request::Builder) -> Result<Answer, BoxError> {
    chooser.clone().oneshot(request.body(Body::empty())?).await
}

/// The endpoint of a request whose response is read at once.
async fn choose(chooser: &Chooser, url: &str) -> Result<String, BoxError> {
    Ok(endpoint(&ask(chooser, Request::get(url)).await?))
}

async fn count(chooser: &Chooser, requests: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for _ in 0..requests {
        *seen.entry(choose(chooser, "http://product/").await.expect("an endpoint")).or_default() += 1;
    }
    seen
}

fn expected(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(endpoint, count)| ((*endpoint).to_owned(), *count)).collect()
}

#[tokio::test]
async fn every_endpoint_gets_its_share() {
    for balancer in ["{simple: LEAST_REQUEST}", ROUND_ROBIN] {
        let (_publisher, handle) = table(balancer, &[("10.0.0.1", 1), ("10.0.0.2", 3)]);
        let seen = count(&chooser(&handle), 40).await;
        assert_eq!(seen, expected(&[("10.0.0.1:8080", 10), ("10.0.0.2:8080", 30)]), "{balancer}");
    }
}

#[tokio::test]
async fn clones_take_turns_together() {
    let (_publisher, handle) = table(ROUND_ROBIN, &[("10.0.0.1", 1), ("10.0.0.2", 1)]);
    let one = chooser(&handle);
    let other = one.clone();
    let first = choose(&one, "http://product/").await.expect("an endpoint");
    let second = choose(&other, "http://product/").await.expect("an endpoint");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_new_table_changes_who_takes_turns() {
    let (mut publisher, handle) = table(ROUND_ROBIN, &[("10.0.0.1", 1)]);
    let chooser = chooser(&handle);
    assert_eq!(count(&chooser, 2).await, expected(&[("10.0.0.1:8080", 2)]));
    publish(&mut publisher, ROUND_ROBIN, &[("10.0.0.2", 1), ("10.0.0.3", 1)]);
    assert_eq!(count(&chooser, 4).await, expected(&[("10.0.0.2:8080", 2), ("10.0.0.3:8080", 2)]));
}

#[tokio::test]
async fn a_request_that_keeps_an_older_table_gets_one_of_its_endpoints() {
    let (mut publisher, handle) = table(ROUND_ROBIN, &[("10.0.0.1", 1)]);
    let chooser = chooser(&handle);
    let older = Context::default().pinned(handle.snapshot(), Instant::now() + Duration::from_secs(60));
    for newer in ["10.0.0.2", "10.0.0.3"] {
        publish(&mut publisher, ROUND_ROBIN, &[(newer, 1)]);
        assert_eq!(choose(&chooser, "http://product/").await.expect("an endpoint"), format!("{newer}:8080"));
        let chosen = older.clone().scope(choose(&chooser, "http://product/")).await;
        assert_eq!(chosen.expect("an endpoint"), "10.0.0.1:8080");
    }
}

#[tokio::test]
async fn a_request_is_under_way_until_its_body_ends_and_across_tables() {
    let (mut publisher, handle) = table("{simple: LEAST_REQUEST}", &[("10.0.0.1", 1), ("10.0.0.2", 3)]);
    let chooser = chooser(&handle);
    let mut held = Vec::new();
    while held.len() < 1000 {
        let answer = ask(&chooser, Request::get("http://product/")).await.expect("an endpoint");
        if endpoint(&answer) == "10.0.0.2:8080" {
            held.push(answer);
        }
    }
    // With 3 / 1001 of its weight against 1 it has hardly a turn left.
    assert!(count(&chooser, 100).await["10.0.0.1:8080"] > 95);
    publish(&mut publisher, "{simple: LEAST_REQUEST}", &[("10.0.0.2", 3), ("10.0.0.1", 1), ("10.0.0.3", 1)]);
    assert!(!count(&chooser, 40).await.contains_key("10.0.0.2:8080"));
    drop(held);
    assert_eq!(count(&chooser, 50).await["10.0.0.2:8080"], 30);
}

#[tokio::test]
async fn of_two_equal_endpoints_the_idle_one_is_preferred() {
    let (_publisher, handle) = table("{}", &[("10.0.0.1", 1), ("10.0.0.2", 1)]);
    let chooser = chooser(&handle);
    let held = ask(&chooser, Request::get("http://product/")).await.expect("an endpoint");
    // The busy one is taken only where both rolls name it: once in four.
    let busy = count(&chooser, 1000).await[&endpoint(&held)];
    assert!((200..300).contains(&busy), "{busy}");
    drop(held);
    assert!(count(&chooser, 1000).await.values().all(|seen| (420..580).contains(seen)));
}

const FOUR: [(&str, u32); 4] = [("10.0.0.1", 1), ("10.0.0.2", 1), ("10.0.0.3", 1), ("10.0.0.4", 1)];

async fn of_user(chooser: &Chooser, user: usize) -> String {
    let request = Request::get("http://product/").header("x-user", user);
    endpoint(&ask(chooser, request).await.expect("an endpoint"))
}

#[tokio::test]
async fn equal_users_meet_the_same_endpoint_also_when_another_leaves() {
    for hash_table in ["ringHash: {}", "maglev: {tableSize: 65537}"] {
        let balancer = format!("{{consistentHash: {{httpHeaderName: x-user, {hash_table}}}}}");
        let (mut publisher, handle) = table(&balancer, &FOUR);
        let chooser = chooser(&handle);
        let mut before = Vec::new();
        for user in 0..200 {
            before.push(of_user(&chooser, user).await);
            assert_eq!(of_user(&chooser, user).await, before[user]);
        }
        publish(&mut publisher, &balancer, &FOUR[1..]);
        let mut moved = 0;
        for (user, before) in before.iter().enumerate().filter(|(_, before)| *before != "10.0.0.1:8080") {
            moved += usize::from(of_user(&chooser, user).await != *before);
        }
        // The ring's other places stay but for those that its least size adds, Maglev moves a few more.
        assert!(moved < 40, "{hash_table}: {moved}");
        assert!(count(&chooser, 60).await.len() == 3, "without a user anybody will do");
    }
}

#[tokio::test]
async fn a_client_without_a_cookie_gets_one_that_leads_back() {
    let (_publisher, handle) = table("{consistentHash: {httpCookie: {name: at, ttl: 60s}}}", &FOUR);
    let chooser = chooser(&handle);
    for _ in 0..20 {
        let first = ask(&chooser, Request::get("http://product/")).await.expect("an endpoint");
        let cookie = first.headers()[SET_COOKIE].to_str().expect("text");
        let (cookie, rest) = cookie.split_once("; ").expect("attributes");
        assert_eq!(rest, "Max-Age=60; HttpOnly");
        let request = Request::get("http://product/").header(COOKIE, cookie);
        let second = ask(&chooser, request).await.expect("an endpoint");
        assert_eq!(endpoint(&second), endpoint(&first));
        assert!(!second.headers().contains_key(SET_COOKIE));
    }
}

#[tokio::test]
async fn all_calls_of_this_process_have_one_source() {
    let (_publisher, handle) = table("{consistentHash: {useSourceIp: true}}", &FOUR);
    assert_eq!(count(&chooser(&handle), 20).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_endpoint_warms_up() {
    let balancer = "{simple: ROUND_ROBIN, warmup: {duration: 60s}}";
    let (mut publisher, handle) = table(balancer, &[("10.0.0.1", 1)]);
    let chooser = chooser(&handle);
    count(&chooser, 1).await;
    advance(Duration::from_secs(61)).await;
    publish(&mut publisher, balancer, &[("10.0.0.1", 1), ("10.0.0.2", 1)]);
    let seen = count(&chooser, 1100).await["10.0.0.2:8080"];
    assert!((70..130).contains(&seen), "{seen}");
    advance(Duration::from_secs(30)).await;
    let seen = count(&chooser, 300).await["10.0.0.2:8080"];
    assert!((75..125).contains(&seen), "{seen}");
    advance(Duration::from_secs(30)).await;
    assert_eq!(count(&chooser, 100).await["10.0.0.2:8080"], 50);
}

#[tokio::test]
async fn what_passes_through_goes_to_the_address_that_it_asks_for() {
    let (_publisher, handle) = table("{simple: PASSTHROUGH}", &[("10.0.0.1", 1)]);
    let chosen = choose(&chooser(&handle), "http://product/").await;
    assert_eq!(chosen.expect("its own address"), "product:80");
}

#[tokio::test]
async fn nobody_to_send_to_is_a_refusal() {
    let (_publisher, handle) = table("{}", &[]);
    let error = choose(&chooser(&handle), "http://product/").await.expect_err("there is no endpoint");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::NoEndpoint));
}

const PASSING: &str = "apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: passing}
spec: {hosts: [a.example, '*.b.example'], ports: [{number: 8080, name: http2, protocol: HTTP2}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: named}
spec: {hosts: ['*.c.example'], resolution: DYNAMIC_DNS, ports: [{number: 90, name: http, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: out}
spec:
  hosts: ['*.example']
  gateways: [door]
  http:
  - match: [{authority: {prefix: x.c.}}]
    route: [{destination: {host: '*.c.example'}}]
  - route: [{destination: {host: a.example}}]
";

#[tokio::test]
async fn an_entry_without_resolution_is_the_address_that_is_asked_for_spoken_to_as_it_says() {
    let (mut publisher, handle) = table("{}", &[]);
    publish_text(&mut publisher, PASSING);
    let chooser = chooser(&handle);
    for (url, address, protocol) in [
        ("http://a.example:8080/", "a.example:8080", Protocol::Http2),
        ("http://x.y.b.example:8080/", "x.y.b.example:8080", Protocol::Http2),
        ("http://x.c.example:90/", "x.c.example:90", Protocol::Http),
        ("http://x.c.example:91/", "x.c.example:91", Protocol::Unknown),
    ] {
        let answer = ask(&chooser, Request::get(url)).await.expect("its own address");
        let upstream = answer.extensions().get::<Upstream>().expect("an upstream");
        assert_eq!((upstream.to_string(), upstream.protocol), (address.to_owned(), protocol), "{url}");
    }
}

#[tokio::test]
async fn at_a_gateway_only_a_name_can_be_asked_for_and_on_the_port_of_its_entry() {
    let role = GatewayRole::Named(GatewayName { namespace: "shop".into(), name: "door".into() });
    let viewpoint = Viewpoint { namespace: "shop".into(), gateway: role, ..Viewpoint::default() };
    let (mut publisher, handle) = channel(viewpoint);
    publish_text(&mut publisher, PASSING);
    let chooser = chooser_of(RouteLayer::new(handle).at_gateway(80, false));
    let to = |host: &str| Request::get("/").header("host", host);
    let answer = ask(&chooser, to("x.c.example")).await.expect("its own name");
    assert_eq!(endpoint(&answer), "x.c.example:90");
    let error = ask(&chooser, to("a.example")).await.expect_err("the gateway's own address");
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::NoEndpoint));
}

#[tokio::test]
async fn a_host_that_nobody_described_is_its_own_address() {
    let (_publisher, handle) = table("{}", &[]);
    let chooser = chooser(&handle);
    for (url, upstream) in [
        ("http://example.com/", "example.com:80"),
        ("http://Example.com:8080/", "example.com:8080"),
        ("http://10.1.2.3:99/", "10.1.2.3:99"),
        ("http://[::1]:99/", "[::1]:99"),
    ] {
        assert_eq!(choose(&chooser, url).await.expect("its own address"), upstream, "{url}");
    }
}

#[tokio::test]
async fn what_asks_for_tls_goes_to_the_port_of_tls() {
    let (_publisher, handle) = table("{}", &[("10.0.0.1", 1)]);
    let upstream = choose(&chooser(&handle), "https://example.com/").await.expect("its own address");
    assert_eq!(upstream, "example.com:443");
}
