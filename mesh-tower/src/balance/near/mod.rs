//! Which endpoints are preferred: as the client's own place, and a `localityLbSetting`, have it.

#[cfg(test)]
mod tests;

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
