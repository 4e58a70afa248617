//! What survives a publish.

use super::{behind, limit, model, status, workload};
use http::Request;
use mesh_tower::rate_limit::RateLimitLayer;

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_written_as_before_keeps_its_buckets() {
    let (mut publisher, handle) = workload();
    let service = behind(RateLimitLayer::inbound(handle));
    let path = |path: &str| {
        format!("{{match: [{{uri: {{exact: /{path}}}}}], local: {{maxTokens: 1, fillInterval: 60s}}}}")
    };
    publisher.publish(&model(&[&limit(&format!("{}, {}", path("a"), path("b")))]));
    assert_eq!(status(&service, Request::get("/a")).await, 200);
    assert_eq!(status(&service, Request::get("/b")).await, 200);

    // Another rule before it, and another one changed.
    let more = path("b").replace("maxTokens: 1", "maxTokens: 2");
    publisher.publish(&model(&[&limit(&format!("{}, {}, {more}", path("c"), path("a")))]));
    assert_eq!(status(&service, Request::get("/a")).await, 429);
    assert_eq!(
        [status(&service, Request::get("/b")).await, status(&service, Request::get("/b")).await],
        [200, 200]
    );

    publisher.publish(&model(&[]));
    assert_eq!(status(&service, Request::get("/a")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn twins_have_a_bucket_each() {
    let (mut publisher, handle) = workload();
    let service = behind(RateLimitLayer::inbound(handle));
    let twin = "{local: {maxTokens: 1, fillInterval: 60s}, enforced: {value: 0}}";
    let strict = "{local: {maxTokens: 2, fillInterval: 60s}}";
    publisher.publish(&model(&[&limit(&format!("{twin}, {twin}, {strict}"))]));
    assert_eq!(status(&service, Request::get("/")).await, 200);
    publisher.publish(&model(&[&limit(&format!("{strict}, {twin}, {twin}"))]));
    assert_eq!(
        [status(&service, Request::get("/")).await, status(&service, Request::get("/")).await],
        [200, 429]
    );
}
