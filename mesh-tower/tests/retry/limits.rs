//! How many retries there may be at once.

use super::{
    endpoint::{Act, Endpoint},
    routed::{Stack, publish, rule, stack, table, traffic},
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use mesh_tower::{
    Body, BoxError, Kind,
    balance::BalanceBody,
    respond::{Refused, RespondLayer},
    retry::CountedBody,
};
use tokio_test::{assert_pending, assert_ready_ok, task, task::Spawn};
use tower::{Layer, ServiceExt};

const RETRIES: &str = ", retries: {attempts: 2, retryOn: '503', backoff: 1ms}";

type Outcome = Result<Response<CountedBody<BalanceBody<Body>>>, BoxError>;

fn send(stack: &Stack) -> Spawn<BoxFuture<'static, Outcome>> {
    let request = Request::get("http://product/").body(Body::empty()).expect("a request");
    task::spawn(Box::pin(stack.clone().oneshot(request)))
}

/// A request whose retry is under way for ever.
async fn retrying(stack: &Stack, endpoint: &Endpoint) -> Spawn<BoxFuture<'static, Outcome>> {
    endpoint.then([Act::Status(503), Act::Hangs]);
    let mut response = send(stack);
    assert_pending!(response.poll());
    tokio::time::advance(std::time::Duration::from_millis(3)).await;
    assert_pending!(response.poll());
    assert_eq!(endpoint.seen().len(), 2);
    response
}

/// How many tries a request has whose endpoint answers 503 once.
async fn tries(stack: &Stack, endpoint: &Endpoint) -> usize {
    endpoint.then([Act::Status(503)]);
    let _response = send(stack).await.expect("an answer");
    let tries = endpoint.seen().len();
    // Nothing of the script is left for the next request.
    assert!(endpoint.is_done());
    tries
}

#[tokio::test(start_paused = true)]
async fn a_backend_has_at_most_max_retries_at_once_and_a_dropped_one_makes_room() {
    let policy = traffic("{connectionPool: {http: {maxRetries: 2}}}");
    let (_publisher, handle) = table(&[rule(RETRIES), policy]);
    let endpoint = Endpoint::default();
    let stack = stack(&handle, &endpoint);
    let _one = retrying(&stack, &endpoint).await;
    assert_eq!(tries(&stack, &endpoint).await, 2);
    let other = retrying(&stack, &endpoint).await;
    assert_eq!(tries(&stack, &endpoint).await, 1);
    drop(other);
    assert_eq!(tries(&stack, &endpoint).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_failed_makes_room_for_the_next_of_its_request() {
    let policy = traffic("{connectionPool: {http: {maxRetries: 1}}}");
    let (_publisher, handle) = table(&[rule(RETRIES), policy]);
    let endpoint = Endpoint::of([Act::Status(503); 2]);
    let response = send(&stack(&handle, &endpoint)).await.expect("an answer");
    assert_eq!((response.status().as_u16(), endpoint.seen().len()), (200, 3));
}

#[tokio::test(start_paused = true)]
async fn retries_under_way_count_after_a_new_table_too() {
    let policy = |most: u32| traffic(&format!("{{connectionPool: {{http: {{maxRetries: {most}}}}}}}"));
    let (mut publisher, handle) = table(&[rule(RETRIES), policy(1)]);
    let endpoint = Endpoint::default();
    let stack = stack(&handle, &endpoint);
    let first = retrying(&stack, &endpoint).await;
    publish(&mut publisher, &[rule(RETRIES), policy(2)]);
    let _second = retrying(&stack, &endpoint).await;
    assert_eq!(tries(&stack, &endpoint).await, 1);
    drop(first);
    assert_eq!(tries(&stack, &endpoint).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_is_one_that_is_under_way() {
    let policy = traffic("{connectionPool: {http: {maxRetries: 1}}}");
    let (_publisher, handle) =
        table(&[rule(", retries: {attempts: 2, retryOn: '503', backoff: 100000s}"), policy]);
    let endpoint = Endpoint::of([Act::Status(503)]);
    let stack = stack(&handle, &endpoint);
    let mut waiting = send(&stack);
    assert_pending!(waiting.poll());
    assert_eq!(endpoint.seen().len(), 1);
    assert_eq!(tries(&stack, &endpoint).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_budget_bounds_retries_by_the_requests_under_way_to_the_end_of_their_bodies() {
    let policy = traffic(
        "{connectionPool: {http: {maxRetries: 9}}, retryBudget: {percent: 50, minRetryConcurrency: 1}}",
    );
    let (_publisher, handle) = table(&[rule(RETRIES), policy]);
    let endpoint = Endpoint::default();
    let stack = stack(&handle, &endpoint);
    let _retrying = retrying(&stack, &endpoint).await;
    // With the one to be judged two requests are under way: half of them is the retry that there is.
    assert_eq!(tries(&stack, &endpoint).await, 1);
    let answers = [send(&stack), send(&stack)].map(|mut response| assert_ready_ok!(response.poll()));
    endpoint.seen();
    assert_eq!(tries(&stack, &endpoint).await, 2);
    drop(answers);
    assert_eq!(tries(&stack, &endpoint).await, 1);
}

/// The flags and the body of the answer to a request.
async fn answer(stack: Stack) -> (&'static str, Option<&'static str>, String) {
    let request = Request::get("http://product/").body(Body::empty()).expect("a request");
    let answer = RespondLayer::new().layer(stack).oneshot(request).await.expect("an answer");
    let refused = answer.extensions().get::<Refused>().cloned().expect("a refusal");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (refused.flag, refused.retry_flag, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_whether_there_were_retries_and_that_none_was_left() {
    for (on, flag, end) in [
        ("reset", Some("URX"), "headers. retried and the latest reset reason: connection termination"),
        ("connect-failure", None, "headers. reset reason: connection termination"),
    ] {
        let endpoint = Endpoint::of([Act::Fails(Kind::ConnectionTermination); 2]);
        let (_publisher, handle) = table(&[rule(&format!(", retries: {{attempts: 1, retryOn: {on}}}"))]);
        let (cause, retries, body) = answer(stack(&handle, &endpoint)).await;
        assert_eq!((cause, retries), ("UC", flag));
        assert!(body.ends_with(end), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_that_there_was_no_room_for_a_retry() {
    let policy = traffic("{connectionPool: {http: {maxRetries: 1}}}");
    let slowly = ", retries: {attempts: 1, retryOn: reset, backoff: 100000s}";
    let (_publisher, handle) = table(&[rule(slowly), policy]);
    let endpoint = Endpoint::of([Act::Fails(Kind::ConnectionTermination); 2]);
    let stack = stack(&handle, &endpoint);
    let mut waiting = send(&stack);
    assert_pending!(waiting.poll());
    let (cause, retries, body) = answer(stack).await;
    assert_eq!((cause, retries), ("UC", Some("UO")));
    assert!(body.ends_with("headers. reset reason: connection termination"), "{body}");
}
