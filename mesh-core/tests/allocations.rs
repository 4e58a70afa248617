//! A decision takes no memory, whatever rules it meets. Alone in its file: the count is that of the whole process.

use http::Request;
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::{Decision, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, fmt::Write, hint::black_box, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many times each kind of rule is there: enough for the rules to be indexed.
const TIMES: usize = 20;

/// One rule of every kind, so many times, and one for every other request; all for one host.
fn rules() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Service\nmetadata: {name: product, namespace: shop}\n\
         spec: {ports: [{name: http, port: 80}, {name: admin, port: 8080}]}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: product, namespace: shop}\n\
         spec:\n  hosts: [product, '*.example.com']\n  http:\n",
    );
    let to = "route: [{destination: {host: product}}]";
    for number in 0..TIMES {
        for condition in [
            format!("uri: {{exact: /exact/{number}}}"),
            format!("uri: {{prefix: /prefix/{number}/}}"),
            format!("uri: {{exact: /CASE/{number}}}, ignoreUriCase: true"),
            format!("uri: {{regex: '/regex/{number}/[a-z]+'}}"),
            format!("headers: {{x-exact: {{exact: value-{number}}}}}"),
            format!("headers: {{x-prefix: {{prefix: value-{number}-}}}}"),
            format!("headers: {{x-regex: {{regex: 'value-{number}-[0-9]+'}}}}"),
            format!("headers: {{x-there-{number}: {{}}}}"),
            format!("queryParams: {{key: {{exact: value-{number}}}}}"),
            format!("method: {{exact: PATCH}}, authority: {{prefix: authority-{number}}}"),
        ] {
            let _ = writeln!(text, "  - match: [{{{condition}}}]\n    {to}");
        }
    }
    let _ = writeln!(text, "  - match: [{{uri: {{exact: /away}}}}]\n    redirect: {{uri: /elsewhere}}");
    let _ = writeln!(text, "  - match: [{{withoutHeaders: {{x-nobody: {{}}}}, uri: {{prefix: /missing}}}}]");
    let _ = writeln!(text, "    route: [{{destination: {{host: nowhere}}}}]");
    let _ = writeln!(
        text,
        "  - route:\n    - destination: {{host: product, port: {{number: 80}}}}\n      weight: 90"
    );
    let _ = writeln!(text, "    - destination: {{host: product, port: {{number: 8080}}}}\n      weight: 10");
    text
}

fn table() -> Snapshot {
    let batch = Batch::of("rules.yaml".into(), rules().as_bytes(), "default");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(mesh_core::document::Fault::is_refusal), "{:?}", status.faults);
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    Snapshot::compile(&model, &viewpoint, None)
}

/// Requests for the last rule of each kind, and for none.
fn requests() -> Vec<Request<()>> {
    let last = TIMES - 1;
    let request = |path: &str, header: Option<(String, String)>| {
        let builder = Request::get(format!("http://product{path}")).header("accept", "*/*");
        let builder = header.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        builder.body(()).expect("a request")
    };
    let header = |name: String, value: String| request("/elsewhere", Some((name, value)));
    let mut requests = vec![
        request(&format!("/exact/{last}"), None),
        request(&format!("/prefix/{last}/a/b"), None),
        request(&format!("/case/{last}"), None),
        request(&format!("/regex/{last}/abc"), None),
        header("x-exact".into(), format!("value-{last}")),
        header("x-prefix".into(), format!("value-{last}-a")),
        header("x-regex".into(), format!("value-{last}-7")),
        header(format!("x-there-{last}"), "anything".into()),
        request(&format!("/elsewhere?a=b&key=value-{last}"), None),
        request("/away", None),
        request("/missing/part", None),
        request("/elsewhere", None),
    ];
    for host in
        ["PRODUCT.Shop.", "a.b.example.com", "stranger.example.org", "product.shop.svc.cluster.local:8080"]
    {
        requests.push(Request::get(format!("http://{host}/elsewhere")).body(()).expect("a request"));
    }
    requests
}

#[test]
fn a_decision_takes_no_memory() {
    let (table, requests) = (table(), requests());
    let views: Vec<_> = requests.iter().map(RequestView::outbound).collect();
    let decide = || views.iter().map(|view| table.decide(black_box(view), 1 << 30));
    // Once beforehand: a regex makes its working memory when it is used first.
    let decisions: Vec<Decision> = decide().collect();
    let kinds = |is: fn(&Decision) -> bool| decisions.iter().filter(|decision| is(decision)).count();
    assert_eq!(kinds(|decision| matches!(decision, Decision::Forward(_))), 13);
    assert_eq!(kinds(|decision| matches!(decision, Decision::Answer(_))), 1);
    assert_eq!(kinds(|decision| matches!(decision, Decision::Refuse(_))), 1);
    assert_eq!(kinds(|decision| matches!(decision, Decision::Pass)), 1);

    let region = Region::new(ALLOCATOR);
    for _ in 0..1_000 {
        decide().for_each(|decision| {
            black_box(decision);
        });
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));

    let region = Region::new(ALLOCATOR);
    drop(black_box(vec![0_u8]));
    assert_eq!(region.change().allocations, 1, "the count counts");
}
