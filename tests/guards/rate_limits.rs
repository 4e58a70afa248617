//! How many requests a service takes.

use super::{Guarded, header};
use http::{Request, header::CONTENT_TYPE};
use mesh_tower::Body;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};
use tests::{
    asked::{
        self,
        auth::pair,
        limits::{Asked, Said},
    },
    documents::service,
    mesh::until,
    wire::text,
};

fn limit(rules: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: x}}\nspec: {{rules: [{rules}]}}\n"
    )
}

#[tokio::test]
async fn a_bucket_is_shared_by_all_connections_and_outlives_another_document() {
    let rule = "{local: {maxTokens: 2, fillInterval: 3600s}, headers: true}";
    let guarded = Guarded::by(&[&limit(rule)]).await;
    for (status, left) in [(200, "1"), (200, "0"), (429, "0")] {
        let answer = guarded.get("/").await;
        assert_eq!(
            (answer.status().as_u16(), header(answer.headers(), "x-ratelimit-remaining")),
            (status, left)
        );
    }
    let more = "{match: [{uri: {prefix: /more}}], local: {maxTokens: 1, fillInterval: 1s}}";
    guarded.documents.replace("mesh.yaml", &limit(&format!("{more}, {rule}")));
    until(&guarded.mesh, |status| status.generation.0 > 1).await;
    let answer = guarded.get("/").await;
    assert_eq!(answer.status(), 429);
    assert_eq!(text(answer).await, "local_rate_limited");
}

#[tokio::test]
async fn a_grpc_client_is_told_in_its_own_words() {
    let guarded = Guarded::by(&[&limit(
        "{local: {maxTokens: 1, fillInterval: 3600s}, rateLimitedAsResourceExhausted: true}",
    )])
    .await;
    let call =
        || guarded.send(Request::post("/a.B/C").header(CONTENT_TYPE, "application/grpc"), Body::empty());
    assert!(!call().await.headers().contains_key("grpc-status"));
    let refused = call().await;
    assert_eq!((refused.status().as_u16(), header(refused.headers(), "grpc-status")), (200, "8"));
}

#[tokio::test]
async fn a_service_counts_for_all_processes() {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let limits = asked::grpc(move |question: Asked| {
        assert_eq!(question.descriptors[0].entries, [pair("path", "/a")]);
        let is_over = counted.fetch_add(question.hits_addend, SeqCst) >= 2;
        let response_headers = vec![pair("x-counted", &question.domain)];
        Some(Said { overall_code: if is_over { 2 } else { 1 }, response_headers, ..Said::default() })
    })
    .await;
    let global = "{global: {service: limits.default.svc.cluster.local, port: 80, domain: shop, \
                  descriptors: [[{of: path}]], timeout: 10s, failOpen: false}}";
    let (service, limit) = (service("limits", "grpc", limits.address), limit(global));
    let [here, there] = [Guarded::by(&[&service, &limit]).await, Guarded::by(&[&service, &limit]).await];
    for (guarded, status) in [(&here, 200), (&there, 200), (&here, 429), (&there, 429)] {
        let answer = guarded.get("/a").await;
        assert_eq!((answer.status().as_u16(), header(answer.headers(), "x-counted")), (status, "shop"));
        assert_eq!(answer.headers().contains_key("x-envoy-ratelimited"), status == 429);
    }
    // One connection serves all questions of a process.
    assert_eq!(limits.accepted(), 2);
}

#[tokio::test]
async fn a_service_that_is_away_is_done_without_unless_it_must_be_asked() {
    let nobody = tests::upstream::nobody().await;
    for (fail_open, status) in [(true, 200), (false, 500)] {
        let global = format!(
            "{{global: {{service: limits.default.svc.cluster.local, port: 80, domain: shop, timeout: 10s, \
             descriptors: [[{{value: all}}]], failOpen: {fail_open}}}}}"
        );
        let guarded = Guarded::by(&[&service("limits", "grpc", nobody), &limit(&global)]).await;
        assert_eq!(guarded.get("/").await.status(), status);
    }
}
