//! When DNS is asked, and what becomes of what it says.

use super::*;
use futures_util::{FutureExt, future::join_all};

const NAME: &str = "[{address: a.db}]";

#[tokio::test(start_paused = true)]
async fn dns_is_asked_once_however_many_requests_come_and_none_later_waits() {
    let world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 30));
    for outcome in join_all((0..100).map(|_| world.ask())).await {
        assert_eq!(outcome.as_deref(), Ok("10.0.0.1:80"));
    }
    assert_eq!(world.zone.asked("a.db"), 1);
    // Not even while it is asked again.
    world.zone.tell("a.db", Says::Never);
    pass(40 * SECOND).await;
    assert_eq!(world.zone.asked("a.db"), 2);
    assert_eq!(world.ask().now_or_never(), Some(Ok("10.0.0.1:80".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_asked_for_again_when_it_has_expired() {
    let world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 30));
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2"], 5));
    pass(29 * SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.3"], 3600));
    pass(5 * SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.3:80"]);
    // However long it says that it holds.
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.4"], 0));
    pass(60 * SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.4:80"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_known_outlives_failures_of_dns() {
    let world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 1));
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
    world.zone.tell("a.db", Says::Failure);
    pass(3600 * SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2"], 1));
    pass(60 * SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_exist_any_more_gets_nothing_any_more() {
    let world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 1));
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
    world.zone.tell("a.db", Says::Addresses(&[], 0));
    pass(SECOND).await;
    assert_eq!(world.ask().await, Err(Kind::NoEndpoint));
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_why_and_comes_at_once_until_dns_was_asked_again() {
    let world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Failure);
    for _ in 0..3 {
        let error = world.send().await.unwrap_err();
        assert_eq!(error.kind(), Kind::NoEndpoint);
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "DNS did not tell the address of any of its endpoints: servfail");
    }
    assert_eq!(world.zone.asked("a.db"), 1);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.1:80"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_asked_for_less_and_less_often() {
    let world = World::new(NAME, ROUND_ROBIN);
    assert_eq!(world.ask().await, Err(Kind::NoEndpoint));
    let mut asked = Vec::new();
    for _ in 0..64 {
        pass(SECOND).await;
        asked.push(world.zone.asked("a.db"));
    }
    assert_eq!([asked[0], asked[2], asked[6], asked[14], asked[30], asked[62]], [2, 3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_dns_longer_than_a_connection_may_take() {
    let world = World::new(NAME, "{connectionPool: {tcp: {connectTimeout: 3s}}}");
    world.zone.tell("a.db", Says::Never);
    let begun = tokio::time::Instant::now();
    assert_eq!(world.ask().await, Err(Kind::NoEndpoint));
    assert_eq!(begun.elapsed(), 3 * SECOND);
    assert_eq!(world.zone.asked("a.db"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_slow_holds_nobody_up_longer_where_others_are_known() {
    let world =
        World::new("[{address: a.db}, {address: b.db}]", "{connectionPool: {tcp: {connectTimeout: 3s}}}");
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 60));
    world.zone.tell("b.db", Says::Never);
    assert_eq!(world.ask().await.as_deref(), Ok("10.0.0.1:80"));
    assert_eq!(world.ask().now_or_never(), Some(Ok("10.0.0.1:80".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_mentions_any_more_is_not_asked_for_any_more() {
    let mut world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 1));
    world.zone.tell("b.db", Says::Addresses(&["10.0.0.2"], 1));
    world.ask().await.unwrap();
    world.publish("[{address: b.db}]", ROUND_ROBIN);
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
    pass(SECOND).await;
    let before = world.zone.asked("a.db");
    publish(&mut world.publisher, &documents("STATIC", "[{address: 10.0.0.9}]", ROUND_ROBIN));
    assert_eq!(world.seen().await, ["10.0.0.9:80"]);
    let of_b = world.zone.asked("b.db");
    pass(100 * SECOND).await;
    assert_eq!((world.zone.asked("a.db"), world.zone.asked("b.db")), (before, of_b));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_added_is_waited_for_by_nobody() {
    let mut world = World::new(NAME, ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 60));
    world.zone.tell("b.db", Says::Addresses(&["10.0.0.2"], 60));
    world.ask().await.unwrap();
    world.publish("[{address: a.db}, {address: b.db}]", ROUND_ROBIN);
    assert_eq!(world.ask().now_or_never(), Some(Ok("10.0.0.1:80".to_owned())));
    pass(Duration::ZERO).await;
    assert_eq!(world.seen().await, ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!(world.zone.asked("a.db"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_mesh_says_how_long_an_answer_holds_at_most() {
    let mut world = World::new(NAME, ROUND_ROBIN);
    let mesh = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n\
                data: {mesh: 'dnsRefreshRate: 5s'}\n";
    publish(&mut world.publisher, &format!("{}{mesh}", documents("DNS", NAME, ROUND_ROBIN)));
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1"], 60));
    world.ask().await.unwrap();
    pass(5 * SECOND).await;
    assert_eq!(world.zone.asked("a.db"), 2);
}
