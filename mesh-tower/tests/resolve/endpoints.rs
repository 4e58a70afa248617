//! Addresses as endpoints: who gets what, and what is remembered of whom.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_address_of_every_name_is_an_endpoint_with_the_weight_of_its_name() {
    let world = World::new("[{address: a.db, weight: 2}, {address: b.db}, {address: 10.0.0.9}]", ROUND_ROBIN);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2", "10.0.0.1"], 60));
    world.zone.tell("b.db", Says::Addresses(&["10.0.0.3"], 60));
    let expected = [("10.0.0.1:80", 20), ("10.0.0.2:80", 20), ("10.0.0.3:80", 10), ("10.0.0.9:80", 10)];
    let expected = expected.map(|(endpoint, times)| (endpoint.to_owned(), times));
    assert_eq!(world.count(60).await, expected);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_at_its_first_address_stays_one_endpoint() {
    let mut world = World::new("[{address: a.db}]", ROUND_ROBIN);
    publish(&mut world.publisher, &documents("DNS_ROUND_ROBIN", "[{address: a.db}]", ROUND_ROBIN));
    assert_eq!(world.ask().await, Err(Kind::NoEndpoint));
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2", "10.0.0.1"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["a.db:80"]);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_fails_is_followed_by_one_at_another_address_of_the_name() {
    let world = World::new("[{address: a.db}]", LEAST_REQUEST);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], 60));
    world.set_dead("10.0.0.1:80", true);
    world.set_dead("10.0.0.3:80", true);
    for _ in 0..50 {
        assert_eq!(world.ask().await.as_deref(), Ok("10.0.0.2:80"));
    }
}

const EJECTING: &str = "{loadBalancer: {simple: ROUND_ROBIN}, \
                        outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100, baseEjectionTime: 600s}}";

#[tokio::test(start_paused = true)]
async fn who_is_ejected_stays_so_when_another_address_changes() {
    let mut world = World::new("[{address: a.db}]", EJECTING);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1", "10.0.0.2"], 1));
    world.set_dead("10.0.0.1:80", true);
    world.count(4).await;
    world.set_dead("10.0.0.1:80", false);
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.3", "10.0.0.2", "10.0.0.1"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.2:80", "10.0.0.3:80"]);
    // And when the documents change.
    world.publish("[{address: a.db, weight: 2}]", EJECTING);
    assert_eq!(world.seen().await, ["10.0.0.2:80", "10.0.0.3:80"]);
    // Who was gone in between is new.
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.2"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.2:80"]);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1", "10.0.0.2"], 1));
    pass(SECOND).await;
    assert_eq!(world.seen().await, ["10.0.0.1:80", "10.0.0.2:80"]);
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_count_when_another_address_changes() {
    let mut world = World::new("[{address: a.db}]", LEAST_REQUEST);
    world.zone.tell("a.db", Says::Addresses(&["10.0.0.1", "10.0.0.2"], 1));
    // A body that nobody has read is a request under way.
    let hold = async |world: &World| {
        let request = Request::get("http://db.example/x").body(Body::empty()).expect("a request");
        world.stack.clone().oneshot(request).await.expect("an answer")
    };
    world.ask().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(hold(&world).await);
    }
    let of_second = |held: &Vec<Response<_>>| {
        let at = |response: &&Response<_>| {
            response
                .extensions()
                .get::<Upstream>()
                .is_some_and(|upstream| upstream.to_string() == "10.0.0.2:80")
        };
        held.iter().filter(at).count()
    };
    assert!((15..=25).contains(&of_second(&held)));
    for change in ["an answer", "a document"] {
        if change == "an answer" {
            world.zone.tell("a.db", Says::Addresses(&["10.0.0.2", "10.0.0.3"], 1));
            pass(SECOND).await;
        } else {
            world.publish("[{address: a.db, labels: {a: b}}]", LEAST_REQUEST);
        }
        let mut quick = BTreeMap::new();
        for _ in 0..200 {
            *quick.entry(world.ask().await.unwrap()).or_insert(0) += 1;
        }
        // Two random choices: who has none under way is taken whenever it is among them, which is 3 of 4 times.
        assert!(quick["10.0.0.3:80"] > 130, "after {change}: {quick:?}");
    }
}
