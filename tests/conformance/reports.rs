//! What documents say of metrics and access logs.

use super::metrics::Pair;
use http::Request;
use mesh_tower::Body;
use metrics_util::debugging::DebugValue;
use std::{fs, path::Path, time::Duration};
use tests::{soon, wire::text};

/// The lines of a file, once there are so many.
async fn lines(file: &Path, count: usize) -> Vec<String> {
    soon(async {
        loop {
            let lines: Vec<String> =
                fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect();
            if lines.len() >= count {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

fn mesh_config(file: &Path) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |\n    \
         extensionProviders:\n    - name: ours\n      envoyFileAccessLog:\n        path: {}\n        \
         logFormat: {{text: \"%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %REQ(X-GROUP)% %UPSTREAM_CLUSTER%\"}}\n",
        file.display()
    )
}

const LOGGED: &str = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: logs}\nspec:\n  accessLogging:\n  \
                      - providers: [{name: ours}]\n    filter: {expression: \"request.headers['x-group'] == 'test'\"}\n  metrics:\n  \
                      - providers: [{name: prometheus}]\n    overrides:\n    - match: {metric: REQUEST_SIZE}\n      disabled: true\n    \
                      - match: {metric: REQUEST_COUNT, mode: CLIENT}\n      tagOverrides:\n        group: {value: \
                      \"request.headers['x-group']\"}\n        source_app: {operation: REMOVE}\n";

#[tokio::test]
async fn a_telemetry_document_says_which_requests_are_logged_and_what_metrics_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("access.log");
    let pair = Pair::with("http", &[&mesh_config(&file), LOGGED]).await;
    for group in ["usual", "test"] {
        let request = Request::get("http://product/x").header("x-group", group).body(Body::empty());
        let client = pair.caller.mesh.client();
        text(soon(client.request(request.expect("a request"))).await.expect("an answer")).await;
    }
    // One at each end, of the request that is asked for alone.
    let mut lines = lines(&file, 2).await;
    lines.sort();
    let [inbound, outbound] = &*lines else { panic!("one line at each end: {lines:?}") };
    assert!(inbound.starts_with("GET /x 200 test inbound|") && inbound.ends_with("||"), "{inbound}");
    assert_eq!(outbound, "GET /x 200 test outbound|80||product.default.svc.cluster.local");
    let samples = pair.caller.samples().await;
    assert!(samples.iter().all(|(name, ..)| name != "istio_request_bytes"), "it is disabled");
    let counted = samples.iter().filter(|(name, ..)| name == "istio_requests_total");
    let mut groups: Vec<_> = counted.map(|(_, labels, value)| (&*labels["group"], value)).collect();
    groups.sort_by_key(|(group, _)| *group);
    assert_eq!(groups, [("test", &DebugValue::Counter(1)), ("usual", &DebugValue::Counter(1))]);
    assert!(
        samples
            .iter()
            .all(|(name, labels, _)| name != "istio_requests_total" || !labels.contains_key("source_app"))
    );
}
