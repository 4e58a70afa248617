//! What it costs to judge one request by 1, 100 and 1,000 rules that allow, with as many that deny besides.
//!
//! The table is compiled beforehand. Requests are judged in turn, so that a long list of rules does not answer from the
//! processor's nearest memory alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use mesh_core::{
    dialect::Setting,
    identity::SpiffeId,
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, fmt::Write, hint::black_box, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 3] = [1, 100, 1_000];
/// How many callers there are.
const CALLERS: usize = 100;

/// What rules look like, and which requests they are for.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    rule: fn(usize) -> String,
    path: fn(usize) -> String,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "caller and path",
        rule: |number| {
            let caller = number % CALLERS;
            format!(
                "{{from: [{{source: {{principals: [cluster.local/ns/shop/sa/caller-{caller}]}}}}], \
                 to: [{{operation: {{methods: [GET], paths: ['/api/{number}/*']}}}}]}}"
            )
        },
        path: |number| format!("/api/{number}/orders"),
    },
    Kind {
        name: "caller alone",
        rule: |number| {
            let caller = number % CALLERS;
            format!("{{from: [{{source: {{principals: [cluster.local/ns/shop/sa/caller-{caller}]}}}}]}}")
        },
        path: |_| "/orders".to_owned(),
    },
    Kind {
        name: "template",
        rule: |number| format!("{{to: [{{operation: {{paths: ['/api/{{*}}/{number}/{{**}}']}}}}]}}"),
        path: |number| format!("/api/orders/{number}/"),
    },
    Kind {
        name: "header",
        rule: |number| format!("{{when: [{{key: 'request.headers[x-group]', values: ['*-{number}']}}]}}"),
        path: |_| "/orders".to_owned(),
    },
];

fn authorize(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("authorize");
    group.throughput(Throughput::Elements(1));
    for Kind { name, rule, path } in KINDS {
        for size in SIZES {
            let table = table(size, rule);
            let requests: Vec<_> =
                (0..size).map(|number| (request(&path(number), number), caller(number))).collect();
            let views: Vec<_> = requests.iter().map(|(request, caller)| view(request, caller)).collect();
            tell(&format!("{name}, {size} rules"), &table, &views);
            let mut turns = views.iter().cycle();
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    turns
                        .next()
                        .map(|view| black_box(&table).inbound().authorize(black_box(view)).is_allowed())
                });
            });
        }
    }
    group.finish();
}

/// Says how many of the requests pass, and how often judging them takes memory.
fn tell(what: &str, table: &Snapshot, views: &[InboundView<'_>]) {
    let passes = |view: &&InboundView<'_>| table.inbound().authorize(view).is_allowed();
    assert!(views.iter().all(|view| passes(&view)), "{what}: all of them pass");
    let region = Region::new(ALLOCATOR);
    let count = black_box(views.iter().filter(passes).count());
    let change = region.change();
    let taken = change.allocations + change.reallocations;
    println!("{what}: {taken} allocations in {count} verdicts");
}

/// So many rules that allow, and as many that deny something else.
fn table(size: usize, rule: fn(usize) -> String) -> Snapshot {
    let mut text = String::new();
    for (action, name) in [("ALLOW", "allow"), ("DENY", "deny")] {
        let _ = writeln!(
            text,
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n\
             metadata: {{name: {name}, namespace: shop}}\nspec:\n  action: {action}\n  rules:"
        );
        for number in 0..size {
            let rule = if action == "ALLOW" {
                rule(number)
            } else {
                format!(
                    "{{from: [{{source: {{namespaces: [ns-{number}]}}}}], \
                     to: [{{operation: {{paths: ['/admin/{number}/*']}}}}]}}"
                )
            };
            let _ = writeln!(text, "  - {rule}");
        }
    }
    let batch = Batch::of("policies.yaml".into(), text.as_bytes(), "shop");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(mesh_core::document::Fault::is_refusal), "{:?}", status.faults);
    Snapshot::compile(&model, &Viewpoint { namespace: "shop".into(), ..Viewpoint::default() }, None)
}

fn caller(number: usize) -> SpiffeId {
    let id = format!("spiffe://cluster.local/ns/shop/sa/caller-{}", number % CALLERS);
    SpiffeId::parse(&id).expect("an id")
}

fn request(path: &str, number: usize) -> Request<()> {
    let request = Request::get(format!("http://product{path}")).header("accept", "application/json");
    request.header("x-group", format!("group-{number}")).body(()).expect("a request")
}

fn view<'a>(request: &'a Request<()>, caller: &'a SpiffeId) -> InboundView<'a> {
    InboundView {
        source: Some([10, 0, 0, 9].into()),
        remote: Some([10, 0, 0, 9].into()),
        destination: Some([10, 0, 0, 1].into()),
        port: 8080,
        server_name: None,
        peer: Some(caller),
        claims: None,
        request: Some(RequestView::inbound(request, 8080, true)),
    }
}

criterion_group!(benches, authorize);
criterion_main!(benches);
