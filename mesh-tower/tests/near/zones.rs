//! Clients stay in their zone as far as its endpoints suffice for them.

use super::*;

/// Five endpoints in each place, and clients: so many in each place.
fn with_clients(places: &[&str], policy: &str, clients: &[(&str, usize)]) -> String {
    let mut text = documents(places, policy);
    text += "---\napiVersion: v1\nkind: Service\nmetadata: {name: client}\n\
             spec: {selector: {app: client}, ports: [{name: http, port: 80}]}\n";
    for (place, count) in clients {
        for number in 0..*count {
            let name = format!("client-{}-{number}", place.replace('/', "-"));
            text += &format!(
                "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: {name}}}\n\
                 spec: {{address: 10.1.0.{number}, locality: {place}, labels: {{app: client}}}}\n"
            );
        }
    }
    text
}

/// A client in `eu/a`.
fn world(places: &[&str], policy: &str, clients: &[(&str, usize)]) -> World {
    let at = |layer: BalanceLayer| layer.with_locality(Locality::parse("eu/a").expect("a place"));
    World::of(&with_clients(places, policy, clients), at)
}

const ZONES: &str = "loadBalancer: {simple: RANDOM, zoneAwareLbSetting: {}}";

#[tokio::test(start_paused = true)]
async fn as_many_endpoints_as_clients_keep_all_requests_in_the_zone() {
    let world = world(&["eu/a", "eu/b", "us/a"], ZONES, &[("eu/a", 2), ("eu/b", 2)]);
    assert_eq!(world.places(300).await, [('1', 300)].into());
}

#[tokio::test(start_paused = true)]
async fn what_the_zone_cannot_take_goes_where_endpoints_are_left_over() {
    // Three of four clients have half of the endpoints: two thirds stay.
    let world = world(&["eu/a", "eu/b", "us/a"], ZONES, &[("eu/a", 3), ("eu/b", 1)]);
    let seen = world.places(3000).await;
    assert!(chi_squared(&seen, &[2.0 / 3.0, 1.0 / 3.0]) < BOUNDS[0], "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_are_ejected_are_not_counted() {
    let policy = format!("{ZONES}, {EJECTING}");
    let world = world(&["eu/a", "eu/b"], &policy, &[("eu/a", 1), ("eu/b", 1)]);
    assert_eq!(world.places(300).await, [('1', 300)].into());
    // One of six, of which half of the clients have need: a third stays.
    world.eject(&["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4"]).await;
    let seen = world.places(3000).await;
    assert!(chi_squared(&seen, &[1.0 / 3.0, 2.0 / 3.0]) < BOUNDS[0], "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn zones_do_not_count_where_there_is_nothing_to_compare_and_regions_do() {
    for (clients, policy) in [
        // Clients in one zone alone, or not in this one; and too few endpoints.
        (&[("eu/a", 4)][..], ZONES.to_owned()),
        (&[("eu/b", 4), ("eu/c", 4)], ZONES.to_owned()),
        (&[("eu/a", 2), ("eu/b", 2)], ZONES.replace("{}", "{minClusterSize: 11}")),
    ] {
        let seen = world(&["eu/a", "eu/b", "us/a"], &policy, clients).places(3000).await;
        assert!(!seen.contains_key(&'3'), "{clients:?}: {seen:?}");
        assert!(chi_squared(&seen, &[0.5, 0.5]) < BOUNDS[0], "{clients:?}: {seen:?}");
    }
    let off = ZONES.replace("{}", "{enabled: false}");
    let seen = world(&["eu/a", "eu/b", "us/a"], &off, &[("eu/a", 2), ("eu/b", 2)]).places(3000).await;
    assert!(chi_squared(&seen, &[1.0 / 3.0; 3]) < BOUNDS[1], "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_among_the_clients_changes_the_shares() {
    let mut world = world(&["eu/a", "eu/b"], ZONES, &[("eu/a", 2), ("eu/b", 2)]);
    assert_eq!(world.places(300).await, [('1', 300)].into());
    world.take(&with_clients(&["eu/a", "eu/b"], ZONES, &[("eu/a", 4), ("eu/b", 1)]));
    let seen = world.places(3000).await;
    assert!(chi_squared(&seen, &[0.625, 0.375]) < BOUNDS[0], "{seen:?}");
}
