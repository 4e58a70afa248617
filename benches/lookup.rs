//! What one decision costs, in tables of 10, 1,000 and 100,000 hosts with three rules each, and among 10,000 rules of one
//! host.
//!
//! The table is compiled beforehand. Requests go to a thousand hosts in turn, so that a large table does not answer from
//! the processor's nearest memory alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderName, HeaderValue, Request};
use mesh_core::{
    model::{
        Action, Address, Attachment, Block, Conditions, Destination, Endpoint, Export, HeaderEdits,
        HeaderMatch, Host, HostPattern, Injection, Labels, Line, Model, PathMatch, Pattern, Port, Protocol,
        QueryMatch, Rewrite, Route, Service, Subset, SubsetRule, TextMatch, VirtualService,
    },
    table::{RequestView, Snapshot, Viewpoint},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, hint::black_box, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 3] = [10, 1_000, 100_000];
/// How many requests are decided in turn.
const REQUESTS: usize = 1_000;

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        let table = Snapshot::compile(&model(size), &viewpoint(), None);
        for (kind, request) in [("first rule", tester as fn(&str) -> Request<()>), ("last rule", customer)] {
            let requests: Vec<_> =
                (0..REQUESTS).map(|turn| request(&name(turn * size / REQUESTS.min(size) % size))).collect();
            let views: Vec<_> = requests.iter().map(RequestView::outbound).collect();
            tell_allocations(&format!("{kind} of {size} hosts"), &table, &views);
            let mut turns = views.iter().cycle();
            group.bench_function(BenchmarkId::new(kind, size), |bencher| {
                bencher.iter(|| turns.next().map(|view| black_box(&table).decide(black_box(view), 1 << 31)));
            });
        }
        let stranger = customer("nowhere.example.com");
        let view = RequestView::outbound(&stranger);
        group.bench_function(BenchmarkId::new("unknown host", size), |bencher| {
            bencher.iter(|| black_box(&table).decide(black_box(&view), 0));
        });
    }
    group.finish();
}

/// How many rules the one host has.
const RULES: usize = 10_000;

/// The last rule of each kind, of ten thousand mixed ones for one host.
fn decide_among_many(criterion: &mut Criterion) {
    let host = Host::parse(&name(0)).expect("a host");
    let routes = (0..RULES).map(|number| Arc::new(route(mixed(number), vec![destination(&host, "old", 1)])));
    let rules = VirtualService { routes: routes.collect(), ..virtual_service(&host) };
    let model = Model {
        services: vec![Arc::new(service(&host))],
        virtual_services: vec![Arc::new(rules)],
        subset_rules: vec![Arc::new(subset_rule(&host))],
        ..Model::default()
    };
    let table = Snapshot::compile(&model, &viewpoint(), None);
    let mut group = criterion.benchmark_group("decide among 10000 rules of one host");
    for number in RULES - KINDS.len()..RULES {
        let request = meeting(&host, number);
        let view = RequestView::outbound(&request);
        tell_allocations(KINDS[number % KINDS.len()], &table, &[view]);
        group.bench_function(format!("last {}", KINDS[number % KINDS.len()]), |bencher| {
            bencher.iter(|| black_box(&table).decide(black_box(&view), 0));
        });
    }
    group.finish();
}

/// Says how often a decision takes memory, once a regex has made its working memory.
fn tell_allocations(what: &str, table: &Snapshot, views: &[RequestView<'_>]) {
    let decide = || {
        for view in views {
            black_box(black_box(table).decide(black_box(view), 1 << 31));
        }
    };
    decide();
    let region = Region::new(ALLOCATOR);
    decide();
    let change = region.change();
    let count = change.allocations + change.reallocations;
    println!("{what}: {count} allocations in {} decisions", views.len());
}

const KINDS: [&str; 5] = ["exact", "prefix", "regex", "header", "query"];

/// The conditions of one of the mixed rules.
fn mixed(number: usize) -> Conditions {
    let path =
        |text| Conditions { path: Some(PathMatch { text, ignore_case: false }), ..Conditions::default() };
    let value = TextMatch::Exact(format!("value-{number}").into());
    match KINDS[number % KINDS.len()] {
        "exact" => path(TextMatch::Exact(format!("/exact/{number}").into())),
        "prefix" => path(TextMatch::Prefix(format!("/prefix/{number}/").into())),
        "regex" => {
            let pattern = Pattern::parse(&format!("/regex/{number}/[0-9]+")).expect("a pattern");
            path(TextMatch::Regex(pattern))
        }
        "header" => {
            let headers = vec![HeaderMatch { name: HeaderName::from_static("x-group"), value }];
            Conditions { headers, ..Conditions::default() }
        }
        _ => Conditions { query: vec![QueryMatch { name: "key".into(), value }], ..Conditions::default() },
    }
}

/// A request that this mixed rule alone is for.
fn meeting(host: &Host, number: usize) -> Request<()> {
    let (path, group) = match KINDS[number % KINDS.len()] {
        "exact" => (format!("/exact/{number}"), None),
        "prefix" => (format!("/prefix/{number}/7"), None),
        "regex" => (format!("/regex/{number}/7"), None),
        "header" => ("/elsewhere".to_owned(), Some(format!("value-{number}"))),
        _ => (format!("/elsewhere?key=value-{number}"), None),
    };
    let request = Request::get(format!("http://{host}{path}"));
    let request = request.header("accept", "application/json").header("user-agent", "bench");
    group
        .into_iter()
        .fold(request, |request, group| request.header("x-group", group))
        .body(())
        .expect("a request")
}

fn viewpoint() -> Viewpoint {
    Viewpoint { namespace: "shop".into(), ..Viewpoint::default() }
}

fn name(number: usize) -> String {
    format!("service-{number}.shop.svc.cluster.local")
}

fn tester(host: &str) -> Request<()> {
    let mut request = customer(host);
    request.headers_mut().insert("x-group", HeaderValue::from_static("test"));
    request
}

fn customer(host: &str) -> Request<()> {
    let request = Request::get(format!("http://{host}/product/1?currency=EUR"));
    let request = request.header("accept", "application/json").header("user-agent", "bench");
    request.body(()).expect("a request")
}

fn model(size: usize) -> Model {
    let hosts: Vec<_> = (0..size).map(|number| Host::parse(&name(number)).expect("a host")).collect();
    Model {
        services: hosts.iter().map(|host| Arc::new(service(host))).collect(),
        virtual_services: hosts.iter().map(|host| Arc::new(virtual_service(host))).collect(),
        subset_rules: hosts.iter().map(|host| Arc::new(subset_rule(host))).collect(),
        ..Model::default()
    }
}

fn service(host: &Host) -> Service {
    let endpoint = |last: u8, version: &str| Endpoint {
        labels: Arc::new(Labels::from([("version".into(), version.into())])),
        ..Endpoint::at(Address::Ip([10, 0, 0, last].into()))
    };
    Service {
        ports: vec![Port { number: 80, name: "http".into(), protocol: Protocol::Http, target: 8080 }],
        endpoints: [endpoint(1, "old"), endpoint(2, "new")].into(),
        ..Service::new(host.clone(), "shop".into())
    }
}

/// Testers see the new version, one path goes to the old one, and everybody else is split.
fn virtual_service(host: &Host) -> VirtualService {
    let testers = Conditions {
        headers: vec![HeaderMatch {
            name: HeaderName::from_static("x-group"),
            value: TextMatch::Exact("test".into()),
        }],
        ..Conditions::default()
    };
    let legacy = Conditions {
        path: Some(PathMatch { text: TextMatch::Prefix("/legacy/".into()), ignore_case: false }),
        ..Conditions::default()
    };
    let routes = [
        (testers, vec![destination(host, "new", 100)]),
        (legacy, vec![destination(host, "old", 100)]),
        (Conditions::default(), vec![destination(host, "old", 90), destination(host, "new", 10)]),
    ];
    VirtualService {
        namespace: "shop".into(),
        name: host.as_str().into(),
        hosts: vec![HostPattern::Exact(host.clone())],
        attachments: vec![Attachment::Mesh],
        export: Export::Everywhere,
        routes: routes.into_iter().map(|(conditions, to)| Arc::new(route(conditions, to))).collect(),
        sealed: Vec::new(),
    }
}

fn route(conditions: Conditions, destinations: Vec<Destination>) -> Route {
    Route {
        name: "".into(),
        line: Line::default(),
        blocks: vec![Block { conditions, ..Block::default() }],
        action: Action::Forward(destinations),
        rewrite: Rewrite::default(),
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        timeout: None,
        retries: None,
        mirrors: Vec::new(),
        cors: None,
        injection: Injection::default(),
    }
}

fn destination(host: &Host, subset: &str, weight: u32) -> Destination {
    Destination {
        host: host.clone(),
        subset: Some(subset.into()),
        port: None,
        weight,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}

fn subset_rule(host: &Host) -> SubsetRule {
    let subset = |version: &str| Subset {
        name: version.into(),
        labels: Labels::from([("version".into(), version.into())]),
        policy: None,
    };
    SubsetRule {
        host: HostPattern::Exact(host.clone()),
        namespace: "shop".into(),
        name: host.as_str().into(),
        policy: None,
        subsets: vec![subset("old"), subset("new")],
        export: Export::Everywhere,
        clients: None,
    }
}

criterion_group!(benches, decide, decide_among_many);
criterion_main!(benches);
