//! What is asked of telemetry on the way of a request takes no memory. Alone in its file: the count is that of the whole
//! process.

use http::HeaderMap;
use mesh_core::{
    dialect::Setting,
    model::{Attributes, Metric, RequestAttributes, ResponseAttributes, Side},
    source::Batch,
    table::{Snapshot, Viewpoint},
    watch::Ledger,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, hint::black_box, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DOCUMENT: &str = "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: all, namespace: shop}
spec:
  metrics:
  - overrides:
    - tagOverrides:
        group: {value: \"'x-group' in request.headers ? request.headers['x-group'] : 'none'\"}
        path: {value: request.url_path}
  accessLogging:
  - providers: [{name: envoy}]
    filter:
      expression: >-
        response.code >= 400 && !request.url_path.startsWith('/health') || request.url_path.matches('^/a[0-9]+')
        || request.duration > duration('1s') || request.method in ['PUT', 'POST']
";

fn table() -> Snapshot {
    let batch = Batch::of("telemetry.yaml".into(), DOCUMENT.as_bytes(), "default");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(status.faults.is_empty(), "{:?}", status.faults);
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    Snapshot::compile(&model, &viewpoint, None)
}

#[test]
fn filters_and_tags_of_a_request_take_no_memory() {
    let table = table();
    let mut headers = HeaderMap::new();
    headers.insert("x-group", "test".parse().expect("a value"));
    let views = [("/health", 500, None), ("/a7/b", 200, None), ("/b", 404, Some(&headers))].map(
        |(path, code, headers)| Attributes {
            request: RequestAttributes {
                path: Some(path),
                method: Some("GET"),
                headers,
                ..RequestAttributes::default()
            },
            response: ResponseAttributes { code: Some(code), ..ResponseAttributes::default() },
            ..Attributes::default()
        },
    );
    let side = table.telemetry().at(Side::Server);
    let log = || views.iter().map(|view| side.access_logs[0].takes(black_box(view)));
    // Of the first no duration is known: its filter has no value.
    assert_eq!(log().collect::<Vec<_>>(), [false, true, true]);
    let tags = &side.metrics.rule(Metric::RequestCount).tags;
    let values = |view| tags.iter().map(move |tag| tag.value.as_deref().and_then(|value| value.text(view)));
    assert_eq!(values(&views[2]).collect::<Vec<_>>(), [Some("test".into()), Some("/b".into())]);
    assert_eq!(values(&views[1]).collect::<Vec<_>>(), [None, Some("/a7/b".into())]);
    let region = Region::new(ALLOCATOR);
    for _ in 0..1_000 {
        log().for_each(|is_written| {
            black_box(is_written);
        });
        views.iter().for_each(|view| {
            values(view).for_each(|value| drop(black_box(value)));
            black_box(side.metrics.is_kept(Metric::RequestSize));
            black_box(&side.tracing.sampling);
        });
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
}
