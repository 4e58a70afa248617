//! A verdict takes no memory, whatever rules it meets. Alone in its file: the count is that of the whole process.

use http::Request;
use mesh_core::{
    dialect::Setting,
    identity::{Claims, SpiffeId},
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, fmt::Write, hint::black_box, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A rule of every kind, so many times that they are filed.
fn policies() -> String {
    let mut text = String::new();
    for action in ["ALLOW", "DENY", "AUDIT"] {
        let _ = writeln!(
            text,
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n\
             metadata: {{name: {}, namespace: shop}}\nspec:\n  action: {action}\n  rules:",
            action.to_lowercase()
        );
        for number in 0..20 {
            for rule in [
                format!("from: [{{source: {{principals: ['cluster.local/ns/n{number}/sa/{action}']}}}}]"),
                format!(
                    "from: [{{source: {{namespaces: ['{action}{number}*'], ipBlocks: ['10.{number}.0.0/16']}}}}]"
                ),
                format!("from: [{{source: {{requestPrincipals: ['i/{action}{number}']}}}}]"),
                format!("to: [{{operation: {{hosts: ['{action}-{number}.example.com'], methods: [GET]}}}}]"),
                format!(
                    "to: [{{operation: {{paths: ['/{action}/{number}/*', '/{action}/{{*}}/{number}']}}}}]"
                ),
                format!("when: [{{key: 'request.headers[x-group]', values: ['{action}-{number}*']}}]"),
                format!("when: [{{key: 'request.auth.claims[role]', values: ['{action}-{number}']}}]"),
            ] {
                let _ = writeln!(text, "  - {rule}");
            }
        }
    }
    text
}

fn table() -> Snapshot {
    let batch = Batch::of("policies.yaml".into(), policies().as_bytes(), "default");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(mesh_core::document::Fault::is_refusal), "{:?}", status.faults);
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    Snapshot::compile(&model, &viewpoint, None)
}

#[test]
fn a_verdict_takes_no_memory() {
    let table = table();
    let requests: Vec<_> = ["/ALLOW/19/a", "/DENY/7/b", "/other"]
        .iter()
        .map(|path| {
            Request::get(format!("http://Product.example.com:80{path}?a=b"))
                .header("x-group", "x")
                .body(())
                .expect("a request")
        })
        .collect();
    let peer = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/cart").expect("an id");
    let claims = serde_json::from_str(r#"{"iss": "i", "sub": "me", "role": ["a"]}"#).expect("claims");
    let claims = Claims::new(claims);
    let views: Vec<_> = requests
        .iter()
        .map(|request| InboundView {
            source: Some([10, 250, 0, 1].into()),
            remote: None,
            destination: None,
            port: 80,
            server_name: None,
            peer: Some(&peer),
            claims: Some(&claims),
            request: Some(RequestView::outbound(request)),
        })
        .collect();
    let decide = || views.iter().map(|view| table.inbound().authorize(black_box(view)).is_allowed());
    assert_eq!(decide().collect::<Vec<_>>(), [true, false, false]);
    let region = Region::new(ALLOCATOR);
    for _ in 0..1_000 {
        decide().for_each(|verdict| {
            black_box(verdict);
        });
        views.iter().for_each(|view| {
            black_box(table.inbound().audit(view));
            black_box(table.inbound().custom(view).next());
            black_box(table.inbound().dry_run(view));
        });
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
}
