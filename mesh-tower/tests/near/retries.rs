//! Where a request goes that was tried before.

use super::*;

/// The places of the tries of one request.
async fn tries(world: &World, tried: &Tried, count: usize) -> String {
    let mut seen = String::new();
    for _ in 0..count {
        let request = Request::get("http://product/").extension(tried.clone());
        seen.push(place(&world.send(request).await.expect("an endpoint")));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn retries_stay_near_unless_they_may_leave_and_then_after_every_second_try() {
    let world = World::new(&["eu/a", "eu/b", "us/a"], EJECTING);
    assert_eq!(tries(&world, &Tried::new(), 8).await, "11111111");
    // Places are left two by two; when all were tried it begins anew.
    for avoids_tried in [true, false] {
        assert_eq!(tries(&world, &Tried::leaving_localities(avoids_tried), 8).await, "11223311");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_without_anybody_healthy_is_not_gone_to() {
    let world = World::new(&["eu/a", "eu/b", "us/a"], EJECTING);
    world.eject(&["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5"]).await;
    world.eject(&["10.0.2.1", "10.0.2.2", "10.0.2.3", "10.0.2.4", "10.0.2.5"]).await;
    assert_eq!(tries(&world, &Tried::leaving_localities(true), 4).await, "3333");
}
