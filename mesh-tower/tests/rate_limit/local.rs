//! Limits that the process keeps itself.

use super::{answer, header, keeping, limit, model, status};
use http::{Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mesh_core::{identity::SpiffeId, table::RateLimits};
use mesh_tower::{Arrival, Dice, PeerIdentity, rate_limit::RateLimitLayer, respond::Refused};
use std::{net::SocketAddr, time::Duration};
use tokio::time::advance;

const ONCE: &str = "maxTokens: 1, fillInterval: 60s";

#[tokio::test(start_paused = true)]
async fn one_request_too_many_is_answered_as_envoy_does() {
    let service = keeping(&format!("{{local: {{{ONCE}}}}}"));
    assert_eq!(status(&service, Request::get("/")).await, 200);
    let refused = answer(&service, Request::get("/")).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-envoy-ratelimited"], "true");
    assert!(!refused.headers().contains_key("x-ratelimit-limit"));
    let said = refused.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
    assert_eq!((said.flag, &*said.details), ("RL", "local_rate_limited"));
    assert_eq!(refused.into_body().collect().await.expect("a body").to_bytes(), "local_rate_limited");
    advance(Duration::from_secs(60)).await;
    assert_eq!(status(&service, Request::get("/")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_grpc_call_too_many_is_unavailable_or_exhausted() {
    for (more, code) in [("", "14"), (", rateLimitedAsResourceExhausted: true", "8")] {
        let service = keeping(&format!("{{local: {{{ONCE}}}{more}}}"));
        let call = || Request::post("/a.B/C").header(CONTENT_TYPE, "application/grpc");
        assert_eq!(status(&service, call()).await, 200);
        let refused = answer(&service, call()).await;
        assert_eq!((refused.status().as_u16(), header(refused.headers(), "grpc-status")), (200, code));
        assert_eq!(refused.headers()["grpc-message"], "local_rate_limited");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_tell_how_much_is_left_if_they_are_to() {
    let service = keeping(
        "{local: {maxTokens: 2, fillInterval: 10s}, headers: true}, {local: {maxTokens: 9, fillInterval: 1s}, headers: true}",
    );
    for (limit, remaining, reset, expected) in
        [("2", "1", "0", 200), ("2", "0", "10", 200), ("2", "0", "10", 429)]
    {
        let answer = answer(&service, Request::get("/")).await;
        assert_eq!(answer.status(), expected);
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        let told = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(header);
        assert_eq!(told, [limit, remaining, reset].map(str::to_owned));
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_for_those_who_meet_one_of_its_blocks() {
    let service = keeping(&format!(
        "{{match: [{{uri: {{prefix: /a}}, method: {{exact: POST}}}}, {{headers: {{x-b: {{}}}}}}], local: {{{ONCE}}}, status: 503}}"
    ));
    assert_eq!(status(&service, Request::post("/a/b")).await, 200);
    assert_eq!(status(&service, Request::post("/a")).await, 503);
    assert_eq!(status(&service, Request::get("/b").header("x-b", "1")).await, 503);
    assert_eq!(status(&service, Request::get("/a")).await, 200);
    assert_eq!(status(&service, Request::get("/a?x-b=1")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn each_value_has_its_own_bucket_and_those_without_share_one() {
    let service = keeping(&format!("{{local: {{{ONCE}, per: [{{header: x-user}}, path]}}}}"));
    let ask = |path: &str, user: Option<&str>| {
        let request = Request::get(path);
        let request = match user {
            Some(user) => request.header("x-user", user),
            None => request,
        };
        status(&service, request)
    };
    assert_eq!([ask("/", Some("a")).await, ask("/", Some("a")).await], [200, 429]);
    assert_eq!([ask("/", Some("b")).await, ask("/b", Some("a")).await], [200, 200]);
    assert_eq!([ask("/", None).await, ask("/", None).await], [200, 429]);
    // An empty value is a value.
    assert_eq!([ask("/", Some("")).await, ask("/", Some("")).await], [200, 429]);
}

#[tokio::test(start_paused = true)]
async fn callers_are_told_apart_by_who_they_are_and_by_their_address() {
    let from = |address: &str, name: &str| {
        let id = SpiffeId::parse(&format!("spiffe://cluster.local/ns/shop/sa/{name}")).expect("an id");
        let identity = PeerIdentity { id, certificate_hash: [0; 32] };
        let peer: SocketAddr = address.parse().expect("an address");
        Request::get("/").extension(Arrival::over_tls(peer, peer, None, Some(identity)))
    };
    let (here, there) = ("10.0.0.1:1", "10.0.0.2:1");
    for (per, expected) in [("peer", [200, 200, 429]), ("remoteAddress", [200, 429, 200])] {
        let service = keeping(&format!("{{local: {{{ONCE}, per: [{per}]}}}}"));
        let mut found = Vec::new();
        for request in [from(here, "a"), from(here, "b"), from(there, "a")] {
            found.push(status(&service, request).await);
        }
        assert_eq!(found, expected, "{per}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_not_enforced_refuses_nobody_and_one_that_is_half_refuses_half() {
    let service = keeping(&format!("{{local: {{{ONCE}}}, enforced: {{value: 0}}}}"));
    for _ in 0..3 {
        assert_eq!(status(&service, Request::get("/")).await, 200);
    }
    let half = model(&[&limit(&format!("{{local: {{{ONCE}}}, enforced: {{value: 50}}}}"))]);
    let rules = half.security.rate_limits[0].rules.iter().cloned();
    let layer = RateLimitLayer::new(&RateLimits::new(rules)).with_dice(Dice::seeded(1));
    let service = super::behind(layer);
    let mut refused = 0;
    for _ in 0..1000 {
        refused += u32::from(status(&service, Request::get("/")).await == 429);
    }
    assert!((400..600).contains(&refused), "{refused}");
}
