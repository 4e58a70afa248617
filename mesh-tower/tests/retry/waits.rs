//! How long the waits and the tries are.

use super::{
    endpoint::{Act, Endpoint},
    get, kind, policy,
};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use mesh_core::model::{Retriable, RetryPolicy};
use mesh_tower::{AnswerBy, Body, BoxError, Dice, Kind, retry::RetryLayer, timeout::TimeoutLayer};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};

const LIMIT: Duration = Duration::from_millis(70);

fn limited(attempts: u32, on: &[Retriable]) -> RetryLayer {
    RetryLayer::new(RetryPolicy {
        per_try_timeout: Some(LIMIT),
        backoff: Duration::ZERO,
        ..policy(attempts, on)
    })
}

#[tokio::test(start_paused = true)]
async fn the_wait_before_a_retry_is_random_and_its_bound_doubles_up_to_ten_bases() {
    let layer = RetryLayer::new(policy(6, &[Retriable::ServerError])).with_dice(Dice::seeded(7));
    let mut longest = [Duration::ZERO; 6];
    for _ in 0..200 {
        let endpoint = Endpoint::of([Act::Status(500); 6]);
        let response = layer.layer(endpoint.clone()).oneshot(get()).await.expect("an answer");
        assert_eq!(response.status(), 200);
        let times: Vec<Instant> = endpoint.seen().iter().map(|seen| seen.at).collect();
        for (longest, pair) in longest.iter_mut().zip(times.windows(2)) {
            *longest = (*longest).max(pair[1] - pair[0]);
        }
    }
    // tokio's timer rounds up to whole milliseconds.
    for (longest, bound) in longest.into_iter().zip([25, 75, 175, 250, 250, 250]) {
        let bound = Duration::from_millis(bound);
        assert!(longest <= bound && longest > bound * 9 / 10, "{longest:?} {bound:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_takes_too_long_is_followed_by_another_that_says_so() {
    for token in [Retriable::ServerError, Retriable::GatewayError, Retriable::Reset] {
        let endpoint = Endpoint::of([Act::Hangs, Act::Status(503), Act::Status(200)]);
        let layer = limited(2, &[token, Retriable::GatewayError]);
        let start = Instant::now();
        let response = layer.layer(endpoint.clone()).oneshot(get()).await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(start.elapsed().as_millis() / 10, 7);
        let seen = endpoint.seen();
        let late: Vec<_> = seen.iter().map(|seen| seen.headers.get("x-envoy-is-timeout-retry")).collect();
        assert_eq!(late, [None, Some(&"true".parse().unwrap()), None]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_further_try_it_is_a_per_try_timeout() {
    for (layer, tries) in
        [(limited(2, &[Retriable::Reset]), 3), (limited(2, &[Retriable::ConnectFailure]), 1)]
    {
        let (endpoint, start) = (Endpoint::of([Act::Hangs; 3]), Instant::now());
        let error = layer.layer(endpoint.clone()).oneshot(get()).await.expect_err("it hangs");
        assert_eq!(kind(&error), Some(Kind::PerTryTimeout));
        assert_eq!(endpoint.seen().len(), tries as usize);
        // Each try has the whole time, and there is no wait between them but the timer's rounding.
        let late = start.elapsed() - LIMIT * tries;
        assert!(late < Duration::from_millis(5), "{late:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_a_try_begins_when_the_request_has_been_sent() {
    let slow = stream::iter(["a", "b"]).then(|text| async move {
        sleep(LIMIT * 4).await;
        Ok::<_, BoxError>(Frame::data(text.into()))
    });
    let request = Request::post("http://product/").body(Body::new(StreamBody::new(slow))).expect("valid");
    let endpoint = Endpoint::of([Act::Hangs]);
    let start = Instant::now();
    let layer = limited(1, &[Retriable::Reset]);
    let response = layer.layer(endpoint.clone()).oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let bodies: Vec<_> = endpoint.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["ab", "ab"]);
    assert_eq!(start.elapsed().as_millis() / 10, LIMIT.as_millis() * 9 / 10);
}

#[tokio::test(start_paused = true)]
async fn each_try_says_how_much_time_it_has() {
    let endpoint = Endpoint::of([Act::Hangs, Act::Hangs, Act::Status(200)]);
    let bounded =
        TimeoutLayer::new(LIMIT * 5 / 2).layer(limited(2, &[Retriable::Reset]).layer(endpoint.clone()));
    bounded.oneshot(get()).await.expect("an answer");
    let left: Vec<u64> =
        endpoint.seen().iter().map(|seen| number(&seen.headers["x-envoy-expected-rq-timeout-ms"])).collect();
    // Of 175 ms, two tries of 70 have left 35, but for the timer's rounding.
    assert_eq!(left[..2], [70, 70]);
    assert!((30..=35).contains(&left[2]), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_is_told_by_when_a_try_is_given_up() {
    let by = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&by);
    let stuck = service_fn(move |request: Request<Body>| {
        let by = AnswerBy::of_request(request.extensions()).map(|by| by.left(Instant::now()));
        seen.lock().expect("no panic").push(by);
        pending::<Result<Response<Body>, BoxError>>()
    });
    let _late = limited(1, &[Retriable::Reset]).layer(stuck).oneshot(get()).await;
    assert_eq!(*by.lock().expect("no panic"), [Some(LIMIT), Some(LIMIT)]);
}

fn number(value: &HeaderValue) -> u64 {
    value.to_str().ok().and_then(|text| text.parse().ok()).expect("a number")
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_asks_for_time_gets_it_where_that_is_heeded_and_the_request_has_it() {
    let usual =
        || RetryLayer::new(RetryPolicy { statuses: vec![429], ..policy(1, &[Retriable::StatusCodes]) });
    let hour = Duration::from_secs(3600);
    for (layer, limit, status, waited) in [
        (usual(), hour, 200, 0..1),
        (usual().heed_rate_limits(), hour, 200, 10..16),
        (usual().heed_rate_limits(), Duration::from_secs(9), 429, 0..1),
    ] {
        let (endpoint, start) = (Endpoint::of([Act::Later(10)]), Instant::now());
        let bounded = TimeoutLayer::new(limit).layer(layer.layer(endpoint));
        assert_eq!(bounded.oneshot(get()).await.expect("an answer").status(), status);
        assert!(waited.contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }
}
