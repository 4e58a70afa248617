//! What it costs to judge one request by 1, 100 and 1,000 rules that allow, with as many that deny besides.
//!
//! The table is compiled beforehand. Requests are judged in turn, so that a long list of rules does not answer from the
//! processor's nearest memory alone. Of every shape that rules can have, all rules have the same here, and three things are
//! measured: requests each of which is for another rule, one that only the last rule is for, and one that none is for.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use mesh_core::{
    dialect::Setting,
    identity::{Claims, SpiffeId},
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, fmt::Write, hint::black_box, sync::Arc, time::Duration};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 3] = [1, 100, 1_000];

/// What rules look like: `N` is the number of a rule, and a request that has it meets the rule.
const SHAPES: [(&str, &str); 34] = [
    (
        "caller and path",
        "from: [{source: {principals: [cluster.local/ns/shop/sa/caller-N]}}], to: [{operation: {methods: [GET], paths: ['/api/N/*']}}]",
    ),
    ("caller", "from: [{source: {principals: [cluster.local/ns/shop/sa/caller-N]}}]"),
    ("callers that end so", "from: [{source: {principals: ['*/sa/caller-N']}}]"),
    ("service account", "from: [{source: {serviceAccounts: [shop/caller-N]}}]"),
    ("namespace", "from: [{source: {namespaces: [space-N]}}]"),
    ("namespaces that begin so", "from: [{source: {namespaces: ['space-N*']}}]"),
    ("namespaces that end so", "from: [{source: {namespaces: ['*-N']}}]"),
    ("trust domain", "when: [{key: source.trustDomain, values: [domain-N]}]"),
    ("address", "from: [{source: {ipBlocks: [ADDRESS]}}]"),
    ("remote address", "from: [{source: {remoteIpBlocks: [ADDRESS/30]}}]"),
    ("own address", "when: [{key: destination.ip, values: [ADDRESS]}]"),
    ("port", "when: [{key: destination.port, values: ['PORT']}]"),
    ("server name", "when: [{key: connection.sni, values: [host-N.example]}]"),
    ("server names that end so", "when: [{key: connection.sni, values: ['*-N.example']}]"),
    ("user", "from: [{source: {requestPrincipals: [issuer/user-N]}}]"),
    ("users that begin so", "from: [{source: {requestPrincipals: ['issuer/user-N*']}}]"),
    ("issuers", "from: [{source: {requestPrincipals: [issuer-N/me]}}]"),
    ("audience", "when: [{key: request.auth.audiences, values: [audience-N]}]"),
    ("presenter", "when: [{key: request.auth.presenter, values: [app-N]}]"),
    ("claim", "when: [{key: 'request.auth.claims[group]', values: [group-N]}]"),
    ("claims that end so", "when: [{key: 'request.auth.claims[group]', values: ['*-N']}]"),
    ("nested claims, each another", "when: [{key: 'request.auth.claims[deep][claim-N]', values: ['*']}]"),
    ("header", "when: [{key: 'request.headers[x-group]', values: [group-N]}]"),
    ("headers that begin so", "when: [{key: 'request.headers[x-group]', values: ['group-N*']}]"),
    ("headers that end so", "when: [{key: 'request.headers[x-group]', values: ['*-N']}]"),
    ("headers, each another", "when: [{key: 'request.headers[x-header-N]', values: ['*']}]"),
    ("host", "to: [{operation: {hosts: [host-N.example]}}]"),
    ("hosts that end so", "to: [{operation: {hosts: ['*-N.example']}}]"),
    ("method", "to: [{operation: {methods: [METHOD-N]}}]"),
    ("template", "to: [{operation: {paths: ['/api/{*}/N/{**}']}}]"),
    ("template that ends so", "to: [{operation: {paths: ['/{**}/N.html']}}]"),
    ("paths that end so", "to: [{operation: {paths: ['*/N.html']}}]"),
    (OVERLAPPING, OVERLAPPING),
    (EXCLUDING, EXCLUDING),
];

/// Rules that overlap: each is about the same ten headers, and of each header half of the rules ask for the same.
const OVERLAPPING: &str = "ten headers of two values";
/// Rules that only say what must not be, which is true of the last one alone.
const EXCLUDING: &str = "what must not be";

fn rule(shape: &str, number: usize, size: usize) -> String {
    match shape {
        OVERLAPPING => {
            let bit = |place: usize| {
                let value = number >> place & 1;
                format!("{{key: 'request.headers[x-bit-{place}]', values: ['{value}']}}")
            };
            format!("when: [{}]", (0..10).map(bit).collect::<Vec<_>>().join(", "))
        }
        EXCLUDING => {
            let excluded = if number + 1 == size { "nobody" } else { "shop" };
            format!("from: [{{source: {{notNamespaces: [{excluded}, other-{number}]}}}}]")
        }
        shape => shape
            .replace("ADDRESS", &address(number))
            .replace("PORT", &port(number).to_string())
            .replace('N', &format!("{number}n")),
    }
}

fn address(number: usize) -> String {
    // Each in a network of four of its own.
    format!("10.1.{}.{}", number / 64, number % 64 * 4)
}

fn port(number: usize) -> u16 {
    1000 + u16::try_from(number).expect("few rules")
}

/// Everything that a request has that meets the rule of a number.
struct Asked {
    request: Request<()>,
    caller: SpiffeId,
    claims: Claims,
    server_name: String,
    address: std::net::IpAddr,
    port: u16,
}

impl Asked {
    fn of(shape: &str, number: usize) -> Self {
        let n = format!("{number}n");
        let path = match shape {
            "template" => format!("/api/orders/{n}/a"),
            "template that ends so" | "paths that end so" => format!("/a/b/{n}.html"),
            _ => format!("/api/{n}/orders"),
        };
        let method = if shape == "method" { format!("METHOD-{n}") } else { "GET".to_owned() };
        let mut request = Request::builder().method(&*method).uri(format!("http://host-{n}.example{path}"));
        request = request.header("accept", "application/json").header("x-group", format!("group-{n}"));
        request = request.header(format!("x-header-{n}"), "y").header("user-agent", "bench");
        for place in 0..10 {
            request = request.header(format!("x-bit-{place}"), (number >> place & 1).to_string());
        }
        let (domain, namespace) = match shape {
            "trust domain" => (format!("domain-{n}"), "shop".to_owned()),
            shape if shape.starts_with("namespace") => ("cluster.local".to_owned(), format!("space-{n}")),
            _ => ("cluster.local".to_owned(), "shop".to_owned()),
        };
        let caller = SpiffeId::parse(&format!("spiffe://{domain}/ns/{namespace}/sa/caller-{n}"));
        let (issuer, user) = match shape {
            "issuers" => (format!("issuer-{n}"), "me".to_owned()),
            _ => ("issuer".to_owned(), format!("user-{n}")),
        };
        let claims = json!({
            "iss": issuer, "sub": user, "aud": [format!("audience-{n}")], "azp": format!("app-{n}"),
            "group": ["all", format!("group-{n}")], "deep": {format!("claim-{n}"): "y"}, "exp": 1,
        });
        Self {
            request: request.body(()).expect("a request"),
            caller: caller.expect("an id"),
            claims: Claims::new(claims.as_object().cloned().expect("claims")),
            server_name: format!("host-{n}.example"),
            address: address(number).parse().expect("an address"),
            port: port(number),
        }
    }

    fn view(&self) -> InboundView<'_> {
        InboundView {
            source: Some(self.address),
            remote: Some(self.address),
            destination: Some(self.address),
            port: self.port,
            server_name: Some(&self.server_name),
            peer: Some(&self.caller),
            claims: Some(&self.claims),
            request: Some(RequestView::inbound(&self.request, 8080, true)),
        }
    }
}

fn authorize(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("authorize");
    group.throughput(Throughput::Elements(1));
    for (name, shape) in SHAPES {
        for size in SIZES {
            let table = table(size, shape);
            let all: Vec<_> = (0..size).map(|number| Asked::of(name, number)).collect();
            tell(&format!("{name}, {size} rules"), &table, &all);
            let mut measure = |id: BenchmarkId, asked: &[Asked]| {
                let views: Vec<_> = asked.iter().map(Asked::view).collect();
                let mut turns = views.iter().cycle();
                group.bench_function(id, |bencher| {
                    bencher.iter(|| {
                        let view = turns.next().expect("a request");
                        black_box(&table).inbound().authorize(black_box(view)).is_allowed()
                    });
                });
            };
            measure(BenchmarkId::new(name, size), &all);
            if size == 1_000 {
                measure(BenchmarkId::new(format!("{name}, the last"), size), &all[size - 1..]);
                let nobody = [Asked::of(name, size)];
                assert!(!passes(&table, &nobody[0]) || name == EXCLUDING, "{name}: it passes");
                measure(BenchmarkId::new(format!("{name}, none"), size), &nobody);
            }
        }
    }
    group.finish();
}

fn passes(table: &Snapshot, asked: &Asked) -> bool {
    table.inbound().authorize(&asked.view()).is_allowed()
}

/// Says how many of the requests pass, and how often judging them takes memory.
fn tell(what: &str, table: &Snapshot, all: &[Asked]) {
    assert!(all.iter().all(|asked| passes(table, asked)), "{what}: all of them pass");
    let region = Region::new(ALLOCATOR);
    let count = black_box(all.iter().filter(|asked| passes(table, asked)).count());
    let change = region.change();
    let taken = change.allocations + change.reallocations;
    println!("{what}: {taken} allocations in {count} verdicts");
}

/// So many rules that allow, and as many that deny something else.
fn table(size: usize, shape: &str) -> Snapshot {
    let mut text = String::new();
    for (action, name) in [("ALLOW", "allow"), ("DENY", "deny")] {
        let _ = writeln!(
            text,
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n\
             metadata: {{name: {name}, namespace: shop}}\nspec:\n  action: {action}\n  rules:"
        );
        for number in 0..size {
            let rule = if action == "ALLOW" {
                rule(shape, number, size)
            } else {
                format!(
                    "from: [{{source: {{namespaces: [ns-{number}]}}}}], \
                     to: [{{operation: {{paths: ['/admin/{number}/*']}}}}]"
                )
            };
            let _ = writeln!(text, "  - {{{rule}}}");
        }
    }
    let batch = Batch::of("policies.yaml".into(), text.as_bytes(), "shop");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(mesh_core::document::Fault::is_refusal), "{:?}", status.faults);
    Snapshot::compile(&model, &Viewpoint { namespace: "shop".into(), ..Viewpoint::default() }, None)
}

/// There are 170 rows: at Criterion's own eight seconds for each they would take half an hour.
fn settings() -> Criterion {
    let (warm_up, measurement) = (Duration::from_millis(300), Duration::from_secs(1));
    Criterion::default().warm_up_time(warm_up).measurement_time(measurement).sample_size(50)
}

criterion_group! { name = benches; config = settings(); targets = authorize }
criterion_main!(benches);
