//! Requests that say themselves how they are tried again.

use super::{
    endpoint::{Act, Endpoint},
    kind, policy, request,
};
use http::Method;
use mesh_core::model::RetryPolicy;
use mesh_tower::{Kind, retry::RetryLayer};
use tower::{Layer, ServiceExt};

async fn tries(policy: RetryPolicy, act: Act, headers: &[(&'static str, &'static str)]) -> usize {
    let endpoint = Endpoint::of([act; 9]);
    let layer = RetryLayer::new(policy);
    let _outcome = layer.layer(endpoint.clone()).oneshot(request(Method::GET, headers)).await;
    let seen = endpoint.seen();
    for (name, _) in headers {
        assert!(seen.iter().all(|seen| !seen.headers.contains_key(*name)), "{name} is taken off");
    }
    seen.len()
}

#[tokio::test(start_paused = true)]
async fn a_request_may_ask_for_more() {
    let usual = RetryPolicy::default;
    let on = ("x-envoy-retry-on", "gateway-error,retriable-status-codes");
    assert_eq!(tries(usual(), Act::Status(503), &[on]).await, 3);
    assert_eq!(tries(usual(), Act::Status(503), &[on, ("x-envoy-max-retries", "4")]).await, 5);
    assert_eq!(tries(usual(), Act::Status(503), &[on, ("x-envoy-max-retries", "0")]).await, 1);
    let codes = ("x-envoy-retriable-status-codes", "418");
    assert_eq!(tries(usual(), Act::Status(418), &[on, codes]).await, 3);
    let again = ("x-envoy-retry-on", "retriable-headers");
    let named = ("x-envoy-retriable-header-names", "x-other, Grpc-Status");
    assert_eq!(tries(usual(), Act::Grpc(0), &[again, named]).await, 3);
    assert_eq!(tries(usual(), Act::Status(200), &[again, named]).await, 1);
    assert_eq!(tries(usual(), Act::Grpc(0), &[named]).await, 1);
    assert_eq!(tries(usual(), Act::Grpc(8), &[("x-envoy-retry-grpc-on", "resource-exhausted")]).await, 3);
}

#[tokio::test(start_paused = true)]
async fn where_retries_are_off_a_request_that_asks_for_them_has_one() {
    let off = || policy(0, &[]);
    assert_eq!(tries(off(), Act::Status(503), &[("x-envoy-retry-on", "5xx")]).await, 2);
    assert_eq!(tries(off(), Act::Status(503), &[("x-envoy-max-retries", "4")]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_may_limit_its_tries_in_time() {
    let layer = RetryLayer::new(policy(0, &[]));
    let request = request(Method::GET, &[("x-envoy-upstream-rq-per-try-timeout-ms", "70")]);
    let error = layer.layer(Endpoint::of([Act::Hangs])).oneshot(request).await.expect_err("it hangs");
    assert_eq!(kind(&error), Some(Kind::PerTryTimeout));
}
