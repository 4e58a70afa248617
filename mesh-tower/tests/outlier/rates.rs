//! Endpoints that answer well less often than others are left alone, where that is asked for.

use super::*;
use mesh_tower::outlier::{FailurePercentage, SuccessRate};

/// Rows of failures do not count; an interval is 10 s.
const RULES: &str = "{maxEjectionPercent: 100, consecutive5xxErrors: 0}";

fn by_success() -> OutlierLayer {
    OutlierLayer::default().with_success_rate(SuccessRate::default())
}

/// Has each endpoint asked so often, of which the first fails every `nth` time, and waits for the end of the interval.
async fn interval(world: &World, each: usize, endpoints: usize, nth: usize) {
    let start = Instant::now();
    for round in 0..each {
        world.tell(1, Way::Status(if round % nth == nth - 1 { 503 } else { 200 }));
        world.count(endpoints).await;
    }
    world.tell(1, Way::Status(200));
    advance(10 * SECOND - start.elapsed()).await;
}

#[tokio::test(start_paused = true)]
async fn who_succeeds_less_often_than_others_is_ejected_when_the_interval_ends() {
    for (layer, each, endpoints, nth, expected) in [
        (by_success(), 100, 5, 3, true),
        // Asked too seldom, too few of them, and nobody asked for it.
        (by_success(), 99, 5, 3, false),
        (by_success(), 100, 4, 3, false),
        (OutlierLayer::default(), 100, 5, 3, false),
    ] {
        let world = World::watched(&documents(RULES, endpoints as u8), layer);
        interval(&world, each, endpoints, nth).await;
        // The first attempt of the next interval tells that the last one is over.
        world.count(1).await;
        assert_eq!(world.is_out(1).await, expected, "{each} {endpoints} {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_and_its_past_is_forgotten() {
    let world = World::watched(&documents(RULES, 5), by_success());
    interval(&world, 100, 5, 2).await;
    world.count(1).await;
    assert!(world.is_out(1).await);
    advance(30 * SECOND).await;
    world.count(5).await;
    interval(&world, 100, 5, 1000).await;
    for _ in 0..2 {
        world.count(5).await;
        advance(10 * SECOND).await;
    }
    assert!(world.count(5).await.contains_key(&Some(1)));
}

#[tokio::test(start_paused = true)]
async fn who_fails_in_most_cases_is_ejected_whatever_others_do() {
    for (endpoints_failing, nth, expected) in [(5, 1, true), (1, 1, true), (1, 2, false)] {
        let layer = OutlierLayer::default().with_failure_percentage(FailurePercentage::default());
        let world = World::watched(&documents(RULES, 5), layer);
        (2..=endpoints_failing).for_each(|endpoint| world.tell(endpoint, Way::Status(500)));
        interval(&world, 50, 5, nth).await;
        world.count(1).await;
        assert_eq!(world.count(20).await.contains_key(&Some(1)), !expected, "{endpoints_failing} {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_on_this_side_are_compared_by_themselves_where_they_are_counted_apart() {
    for split in ["true", "false"] {
        let rules = RULES.replace('}', &format!(", splitExternalLocalOriginErrors: {split}}}"));
        let layer = OutlierLayer::default().with_failure_percentage(FailurePercentage::default());
        let world = World::watched(&documents(&rules, 5), layer);
        world.tell(1, Way::Refusing);
        world.count(300).await;
        advance(10 * SECOND).await;
        world.tell(1, Way::Status(200));
        world.count(1).await;
        assert!(world.is_out(1).await, "{split}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_are_ejected_than_the_rules_allow() {
    let rules = "{maxEjectionPercent: 20, consecutive5xxErrors: 0}";
    let layer = OutlierLayer::default().with_failure_percentage(FailurePercentage::default());
    let world = World::watched(&documents(rules, 5), layer);
    (1..=3).for_each(|endpoint| world.tell(endpoint, Way::Status(500)));
    world.count(300).await;
    advance(10 * SECOND).await;
    world.count(1).await;
    assert_eq!(world.count(100).await.len(), 4);
}
