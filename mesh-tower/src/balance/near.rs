//! Which endpoints are preferred: as the client's own place, and a `localityLbSetting`, have it.

use super::zones;
use mesh_core::{
    model::{Distribution, Labels, Locality, LocalityBalancing, Nearness, RegionFailover, ZoneBalancing},
    table::{Backend, BackendEndpoint},
};
use std::collections::BTreeMap;

/// Where the client is, and what it is known by.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    pub(super) labels: Labels,
    /// Where its labels do not say.
    pub(super) elsewise: Option<Locality>,
}

/// Endpoints that are preferred alike. The levels of a backend follow each other: those of the next get what those of
/// the ones before cannot take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level(pub(super) Vec<Group>);

/// Endpoints of one level among which one is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Its share among the groups of its level.
    pub(super) weight: u32,
    /// By their places in the backend.
    pub(super) endpoints: Vec<usize>,
}

impl Home {
    /// The place.
    pub(super) fn locality(&self) -> Locality {
        Locality::of_labels(&self.labels).or_else(|| self.elsewise.clone()).unwrap_or_default()
    }

    /// Whether anything is known of the client that could be compared.
    fn is_known(&self, locality: &Locality) -> bool {
        !self.labels.is_empty() || *locality != Locality::default()
    }
}

impl Level {
    /// All endpoints of it.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|group| &group.endpoints).copied()
    }
}

/// The levels of a backend, as a client sees them. Endpoints that are in none of them get nothing.
pub(super) fn levels(backend: &Backend, home: &Home) -> Vec<Level> {
    // Who never leaves anybody alone would never leave the first level.
    let ejects = backend.policy.outlier_detection.is_some();
    match &backend.policy.balancing.nearness {
        Nearness::OfMesh => by_place(backend, home, &LocalityBalancing::default(), ejects),
        Nearness::OfService(preferred) => {
            let labels = preferred.labels().iter().map(|label| (*label).into()).collect();
            let setting = LocalityBalancing { failover_priority: labels, ..LocalityBalancing::default() };
            by_place(backend, home, &setting, true)
        }
        Nearness::Locality(setting) if setting.is_enabled => by_place(backend, home, setting, ejects),
        Nearness::Zones(setting) if setting.is_enabled => by_region(backend, home, setting),
        Nearness::Locality(_) | Nearness::Zones(_) => all_alike(&backend.endpoints),
    }
}

fn all_alike(endpoints: &[BackendEndpoint]) -> Vec<Level> {
    vec![Level(vec![group(endpoints, 0..endpoints.len())])]
}

fn by_place(backend: &Backend, home: &Home, setting: &LocalityBalancing, fails_over: bool) -> Vec<Level> {
    let (endpoints, locality) = (&backend.endpoints, home.locality());
    if !setting.distribute.is_empty() {
        let distribution =
            setting.distribute.iter().find(|distribution| is_within(&locality, &distribution.from));
        let groups = by_locality(endpoints, 0..endpoints.len());
        return vec![Level(distribution.map_or(groups.clone(), |to| distributed(endpoints, groups, to)))];
    }
    if !fails_over {
        return all_alike(endpoints);
    }
    let ranked = ranked(endpoints, |endpoint| rank(endpoint, setting, home, &locality));
    let is_weighted = !setting.failover.is_empty() || !setting.failover_priority.is_empty();
    let level = |numbers: Vec<usize>| match is_weighted {
        true => Level(by_locality(endpoints, numbers)),
        false => Level(vec![group(endpoints, numbers)]),
    };
    ranked.into_iter().map(level).collect()
}

/// The client's own region, then others. Within the first, zones are groups where they matter.
fn by_region(backend: &Backend, home: &Home, setting: &ZoneBalancing) -> Vec<Level> {
    let (endpoints, locality) = (&backend.endpoints, home.locality());
    let is_known = home.is_known(&locality);
    let rank = |endpoint: &BackendEndpoint| {
        let labels = &setting.failover_priority;
        let by_labels = if is_known { mismatch(endpoint, labels, home, &locality) } else { 0 };
        by_labels * 3 + farness(endpoint.locality.as_deref(), &locality, &setting.failover)
    };
    let has_zones = zones::matter(backend, home);
    let level = |(number, numbers): (usize, Vec<usize>)| match number == 0 && has_zones {
        true => Level(by_locality(endpoints, numbers)),
        false => Level(vec![group(endpoints, numbers)]),
    };
    ranked(endpoints, rank).into_iter().enumerate().map(level).collect()
}

/// Whether an endpoint is in the client's region, in the one that stands in for it, or in another.
fn farness(endpoint: Option<&Locality>, own: &Locality, failover: &[RegionFailover]) -> usize {
    let region = endpoint.map_or("", |endpoint| &*endpoint.region);
    if region == &*own.region {
        return 0;
    }
    let stand_in = failover.iter().find(|failover| failover.from == own.region);
    if stand_in.is_some_and(|stand_in| &*stand_in.to == region) { 1 } else { 2 }
}

/// Endpoints by their ranks, the lowest first.
fn ranked(endpoints: &[BackendEndpoint], rank: impl Fn(&BackendEndpoint) -> usize) -> Vec<Vec<usize>> {
    let mut ranked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, endpoint) in endpoints.iter().enumerate() {
        ranked.entry(rank(endpoint)).or_default().push(number);
    }
    ranked.into_values().collect()
}

/// Endpoints as one group, with the sum of their weights.
fn group(endpoints: &[BackendEndpoint], numbers: impl IntoIterator<Item = usize>) -> Group {
    let numbers: Vec<_> = numbers.into_iter().collect();
    let weight = numbers.iter().fold(0_u32, |sum, number| sum.saturating_add(endpoints[*number].weight));
    Group { weight, endpoints: numbers }
}

/// One group for each locality.
fn by_locality(endpoints: &[BackendEndpoint], numbers: impl IntoIterator<Item = usize>) -> Vec<Group> {
    let mut places: BTreeMap<Option<&Locality>, Vec<usize>> = BTreeMap::new();
    for number in numbers {
        places.entry(endpoints[number].locality.as_deref()).or_default().push(number);
    }
    places.into_values().map(|numbers| group(endpoints, numbers)).collect()
}

/// The groups with the weights that are written for their localities, without those for which none is.
fn distributed(endpoints: &[BackendEndpoint], groups: Vec<Group>, distribution: &Distribution) -> Vec<Group> {
    let (mut left, mut chosen) = (groups, Vec::new());
    let nowhere = Locality::default();
    for (to, weight) in &distribution.to {
        let is_there = |group: &Group| {
            let locality = endpoints[group.endpoints[0]].locality.as_deref();
            is_within(locality.unwrap_or(&nowhere), to)
        };
        let (there, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is_there);
        let total: u64 = there.iter().map(|group| u64::from(group.weight)).sum();
        // Localities that share what is written for all of them get it by their endpoints' weights, rounded up.
        chosen.extend(there.into_iter().map(|group| {
            let weight = (u64::from(group.weight) * u64::from(*weight)).div_ceil(total.max(1));
            Group { weight: u32::try_from(weight).unwrap_or(u32::MAX), ..group }
        }));
        left = others;
    }
    chosen
}

/// Whether a locality is the one that is written, or within it: `region/zone/*`.
fn is_within(locality: &Locality, written: &str) -> bool {
    let mut parts = written.splitn(3, '/');
    let mut holds = |own: &str, is_first: bool| match parts.next() {
        Some("*") => true,
        None | Some("") => !is_first || own.is_empty(),
        Some(part) => part == own,
    };
    holds(&locality.region, true) && holds(&locality.zone, false) && holds(&locality.subzone, false)
}

/// How far an endpoint is; nearer ones have lower numbers.
fn rank(endpoint: &BackendEndpoint, setting: &LocalityBalancing, home: &Home, locality: &Locality) -> usize {
    let LocalityBalancing { failover, failover_priority: keys, .. } = setting;
    let by_labels = if home.is_known(locality) { mismatch(endpoint, keys, home, locality) } else { 0 };
    if !keys.is_empty() && failover.is_empty() {
        return by_labels;
    }
    // There are five distances between places.
    by_labels * 5 + distance(endpoint.locality.as_deref(), locality, failover)
}

/// How many labels, from the first one that differs, an endpoint does not share with the client.
fn mismatch(endpoint: &BackendEndpoint, keys: &[Box<str>], home: &Home, locality: &Locality) -> usize {
    let first = keys.iter().position(|label| {
        let (key, wanted) = label.split_once('=').map_or((&**label, None), |(key, value)| (key, Some(value)));
        let own = || label_of(key, &home.labels, Some(locality), "");
        let of_endpoint =
            label_of(key, &endpoint.labels, endpoint.locality.as_deref(), endpoint.network.as_ref());
        wanted.unwrap_or_else(own) != of_endpoint
    });
    first.map_or(0, |first| keys.len() - first)
}

/// The value of a label, of which those of topology follow from the place; empty when there is none.
fn label_of<'a>(key: &str, labels: &'a Labels, locality: Option<&'a Locality>, network: &'a str) -> &'a str {
    let part = |part: fn(&Locality) -> &str| locality.map(part).unwrap_or_default();
    let of_place = match key {
        Locality::REGION_LABEL => part(|locality| &locality.region),
        Locality::ZONE_LABEL => part(|locality| &locality.zone),
        Locality::SUBZONE_LABEL => part(|locality| &locality.subzone),
        "topology.istio.io/network" => network,
        _ => "",
    };
    let written = || labels.get(key).map(String::as_str).unwrap_or_default();
    if of_place.is_empty() { written() } else { of_place }
}

fn distance(endpoint: Option<&Locality>, own: &Locality, failover: &[RegionFailover]) -> usize {
    let nowhere = Locality::default();
    let endpoint = endpoint.unwrap_or(&nowhere);
    if endpoint.region != own.region {
        let stand_in = failover.iter().find(|failover| failover.from == own.region);
        return if stand_in.is_none_or(|stand_in| stand_in.to == endpoint.region) { 3 } else { 4 };
    }
    let parts = [(&endpoint.zone, &own.zone), (&endpoint.subzone, &own.subzone)];
    2 - parts.iter().take_while(|(endpoint, own)| endpoint == own).count()
}

#[cfg(test)]
mod tests {
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
        let groups =
            |home: &Home| levels(&by_zones, home).iter().map(|level| level.0.len()).collect::<Vec<_>>();
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
        assert_eq!(
            places(&backend, &home("us/b")),
            [vec![us_b], vec![us_a], vec![a1, a2, b1, asia, nowhere]]
        );
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
}
