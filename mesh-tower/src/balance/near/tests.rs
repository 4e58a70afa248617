use super::*;
use mesh_core::{
    model::{
        Address, Balancing, Host, OutlierDetection, Protocol, RegionFailover, TrafficDistribution,
        TrafficPolicy, ZoneBalancing,
    },
    table::{BackendName, Names, Secured},
};
use std::sync::Arc;

const PLACES: [&str; 7] = ["eu/a/1", "eu/a/2", "eu/b/1", "us/a/1", "us/b", "as/a/1", ""];

/// A backend with an endpoint in each place, whose weights are 1 and up, and whose label `slot` is odd or even.
fn backend(setting: LocalityBalancing, ejects: bool) -> Backend {
    let endpoint = |(place, weight): (&&str, u32)| BackendEndpoint {
        address: Address::Ip(std::net::Ipv4Addr::from(weight).into()),
        port: 80,
        weight,
        labels: Arc::new([("slot".into(), if weight % 2 == 0 { "even" } else { "odd" }.into())].into()),
        locality: Locality::parse(place).map(Arc::new),
        network: "".into(),
        service_account: "".into(),
        takes_mesh_tls: false,
    };
    let nearness = Nearness::Locality(setting);
    let policy = TrafficPolicy {
        balancing: Balancing { nearness, ..Balancing::default() },
        outlier_detection: ejects.then(OutlierDetection::default),
        ..TrafficPolicy::default()
    };
    Backend {
        name: BackendName::new(Host::parse("product").unwrap(), None, 80),
        protocol: Protocol::Http,
        is_passthrough: false,
        names: Names::None,
        endpoints: PLACES.iter().zip(1..).map(endpoint).collect(),
        peers: Arc::default(),
        policy: Arc::new(policy),
        secured: Secured::default(),
    }
}

fn home(place: &str) -> Home {
    let labels = [("istio-locality", place.replace('/', ".")), ("slot", "odd".into())];
    let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value));
    Home { labels: labels.collect(), elsewise: None }
}

/// The places of each level's endpoints.
fn places(backend: &Backend, home: &Home) -> Vec<Vec<&'static str>> {
    let level = |level: &Level| level.endpoints().map(|endpoint| PLACES[endpoint]).collect();
    levels(backend, home).iter().map(level).collect()
}

fn failing_over(failover: &[(&str, &str)], priority: &[&str]) -> LocalityBalancing {
    let region = |(from, to): &(&str, &str)| RegionFailover { from: (*from).into(), to: (*to).into() };
    LocalityBalancing {
        failover: failover.iter().map(region).collect(),
        failover_priority: priority.iter().map(|label| (*label).into()).collect(),
        ..LocalityBalancing::default()
    }
}

#[test]
fn who_leaves_nobody_alone_prefers_nobody() {
    for setting in [LocalityBalancing::default(), failing_over(&[("eu", "us")], &["slot"])] {
        assert_eq!(places(&backend(setting, false), &home("eu/a/1")), [PLACES]);
    }
}

#[test]
fn what_is_switched_off_or_not_by_locality_prefers_nobody() {
    let off = LocalityBalancing { is_enabled: false, ..LocalityBalancing::default() };
    assert_eq!(places(&backend(off, true), &home("eu/a/1")), [PLACES]);
    let mut by_zones = backend(LocalityBalancing::default(), true);
    let zones = ZoneBalancing { is_enabled: false, ..ZoneBalancing::default() };
    Arc::get_mut(&mut by_zones.policy).unwrap().balancing.nearness = Nearness::Zones(zones);
    assert_eq!(places(&by_zones, &home("eu/a/1")), [PLACES]);
}

#[test]
fn what_a_service_prefers_holds_though_nobody_is_left_alone() {
    let mut preferring = backend(LocalityBalancing::default(), false);
    let mut places_of = |preferred, home: &Home| {
        let nearness = Nearness::OfService(preferred);
        Arc::get_mut(&mut preferring.policy).unwrap().balancing.nearness = nearness;
        places(&preferring, home)
    };
    let [a1, a2, b1, us_a, us_b, asia, nowhere] = PLACES;
    let others = vec![nowhere, asia, us_a, us_b];
    let expected = [vec![a1, a2], vec![b1], others.clone()];
    assert_eq!(places_of(TrafficDistribution::SameZone, &home("eu/a/1")), expected);
    let expected = [vec![a1], vec![a2], vec![b1], others];
    assert_eq!(places_of(TrafficDistribution::SameNode, &home("eu/a/1")), expected);
}

#[test]
fn where_zones_count_the_own_region_comes_first_and_its_zones_share() {
    let mut by_zones = backend(LocalityBalancing::default(), false);
    let (own, other) = (Locality::parse("eu/a/1").unwrap(), Locality::parse("eu/b/1").unwrap());
    by_zones.peers = Arc::new([(own, 1), (other, 1)].into());
    let failover = failing_over(&[("eu", "us")], &[]).failover;
    let zones = ZoneBalancing { failover, ..ZoneBalancing::default() };
    Arc::get_mut(&mut by_zones.policy).unwrap().balancing.nearness = Nearness::Zones(zones);
    let [a1, a2, b1, us_a, us_b, asia, nowhere] = PLACES;
    let expected = [vec![a1, a2, b1], vec![us_a, us_b], vec![asia, nowhere]];
    assert_eq!(places(&by_zones, &home("eu/a/1")), expected);
    let groups = |home: &Home| levels(&by_zones, home).iter().map(|level| level.0.len()).collect::<Vec<_>>();
    assert_eq!(groups(&home("eu/a/1")), [3, 1, 1]);
    // A client whose kind is not known to be where it is has no zones to share.
    assert_eq!(groups(&home("eu/a/2")), [1, 1, 1]);
}

#[test]
fn near_endpoints_come_before_far_ones() {
    let backend = backend(LocalityBalancing::default(), true);
    let [a1, a2, b1, us_a, us_b, asia, nowhere] = PLACES;
    let expected = [vec![a1], vec![a2], vec![b1], vec![us_a, us_b, asia, nowhere]];
    assert_eq!(places(&backend, &home("eu/a/1")), expected);
    assert_eq!(places(&backend, &home("us/b")), [vec![us_b], vec![us_a], vec![a1, a2, b1, asia, nowhere]]);
    assert_eq!(places(&backend, &Home::default()), [vec![nowhere], vec![a1, a2, b1, us_a, us_b, asia]]);
    let said = Home { elsewise: Locality::parse("us/b"), ..Home::default() };
    assert_eq!(places(&backend, &said), places(&backend, &home("us/b")));
    let labelled = Home { elsewise: Locality::parse("as"), ..home("us/b") };
    assert_eq!(places(&backend, &labelled), places(&backend, &home("us/b")));
    // All that are as near are one group.
    assert!(levels(&backend, &home("eu/a/1")).iter().all(|level| level.0.len() == 1));
}

#[test]
fn a_region_stands_in_before_others_do() {
    let backend = backend(failing_over(&[("us", "as"), ("eu", "us")], &[]), true);
    let [a1, a2, b1, us_a, us_b, asia, nowhere] = PLACES;
    let expected = [vec![a1], vec![a2], vec![b1], vec![us_a, us_b], vec![nowhere, asia]];
    let seen = places(&backend, &home("eu/a/1"));
    assert_eq!(seen, expected);
    // Where failover is written, localities have weights: those of their endpoints.
    let level = &levels(&backend, &home("eu/a/1"))[3];
    assert_eq!(level.0.iter().map(|group| group.weight).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn labels_rank_endpoints_by_how_many_they_share_in_order() {
    let labels = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "slot"];
    let by_label = backend(failing_over(&[], &labels), true);
    let [a1, a2, b1, us_a, us_b, asia, nowhere] = PLACES;
    let expected = [vec![a1], vec![a2], vec![b1], vec![nowhere, asia, us_a, us_b]];
    assert_eq!(places(&by_label, &home("eu/a/1")), expected);
    let value = backend(failing_over(&[], &["topology.kubernetes.io/region=us"]), true);
    assert_eq!(places(&value, &home("eu/a/1")), [vec![us_a, us_b], vec![nowhere, asia, a1, a2, b1]]);
    // Nothing is known of the client that could be compared.
    assert_eq!(places(&by_label, &Home::default()).len(), 1);
    let both = backend(failing_over(&[("eu", "us")], &["slot"]), true);
    let expected = [vec![a1], vec![b1], vec![us_b], vec![nowhere], vec![a2], vec![us_a], vec![asia]];
    assert_eq!(places(&both, &home("eu/a/1")), expected);
}

fn spread(from: &str, to: &[(&str, u32)]) -> Distribution {
    let to = to.iter().map(|(place, weight)| ((*place).into(), *weight));
    Distribution { from: from.into(), to: to.collect() }
}

#[test]
fn what_is_distributed_goes_where_it_is_written_and_nowhere_else() {
    let to = [("eu/a/*", 70), ("us/*", 30)];
    let distribute = vec![spread("as/*", &[("*", 100)]), spread("eu/a/*", &to)];
    let setting = LocalityBalancing { distribute, ..LocalityBalancing::default() };
    for ejects in [false, true] {
        let backend = backend(setting.clone(), ejects);
        let seen = levels(&backend, &home("eu/a/1"));
        let group = |weight, endpoint| Group { weight, endpoints: vec![endpoint] };
        // By the weights of endpoints, rounded up: 1 and 2 share 70, 4 and 5 share 30.
        assert_eq!(seen, [Level(vec![group(24, 0), group(47, 1), group(14, 3), group(17, 4)])]);
        // A client that is not mentioned spreads by weight.
        let unsaid = levels(&backend, &home("eu/b/1"));
        assert_eq!(unsaid.len(), 1);
        let all: u32 = unsaid[0].0.iter().map(|group| group.weight).sum();
        assert_eq!((unsaid[0].0.len(), all), (7, 28));
    }
    let nobody = spread("*", &[("mars/*", 100)]);
    let nobody = LocalityBalancing { distribute: vec![nobody], ..LocalityBalancing::default() };
    assert_eq!(levels(&backend(nobody, false), &home("eu/a/1")), [Level(Vec::new())]);
}
