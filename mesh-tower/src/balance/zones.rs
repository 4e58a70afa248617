//! How requests are shared between the zones of a region: a zone's clients stay in it as far as its share of endpoints is
//! as large as its share of clients, and what goes farther goes where endpoints are left over.
//!
//! The arithmetic is Envoy's, in ten-thousandths. Every client does the same sums, so together they load all endpoints
//! alike.

use super::near::{Home, Level};
use mesh_core::{
    model::{Algorithm, Locality, Nearness},
    table::Backend,
};

/// The whole of a share.
const WHOLE: usize = 10_000;

/// The zones of a backend's first level as one client sees them. A zone here is a locality, with its subzone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zones {
    /// The group of the client's own zone, if there is one.
    own: Option<usize>,
    /// How many clients each group's zone has, in ten-thousandths of all.
    clients: Box<[usize]>,
    /// How many endpoints there have to be.
    least_endpoints: u64,
}

/// Whether zones can matter to a client: the policy goes by them, and the client and its like are in several.
pub(super) fn matter(backend: &Backend, home: &Home) -> bool {
    let is_hashed = matches!(backend.policy.balancing.algorithm, Algorithm::ConsistentHash { .. });
    let is_asked = matches!(&backend.policy.balancing.nearness, Nearness::Zones(zones) if zones.is_enabled);
    is_asked && !is_hashed && backend.peers.len() > 1 && backend.peers.contains_key(&home.locality())
}

impl Zones {
    /// The zones of a backend's first level; `None` where they do not matter.
    pub(super) fn of(backend: &Backend, home: &Home, first: &Level) -> Option<Self> {
        let Nearness::Zones(setting) = &backend.policy.balancing.nearness else { return None };
        if !matter(backend, home) || first.0.len() < 2 {
            return None;
        }
        let nowhere = Locality::default();
        let place = |group: usize| {
            let first = *first.0[group].endpoints.first()?;
            Some(backend.endpoints[first].locality.as_deref().unwrap_or(&nowhere))
        };
        let all: usize = backend.peers.values().sum();
        let clients = (0..first.0.len()).map(|group| {
            let clients = place(group).and_then(|place| backend.peers.get(place)).copied();
            clients.unwrap_or(0) * WHOLE / all.max(1)
        });
        let home = home.locality();
        Some(Self {
            own: (0..first.0.len()).find(|group| place(*group) == Some(&home)),
            clients: clients.collect(),
            least_endpoints: setting.least_endpoints,
        })
    }

    /// The share of each group, of which so many endpoints are healthy; `None` when there are too few for zones to matter.
    pub(super) fn shares(&self, healthy: &[usize]) -> Option<Vec<f64>> {
        let all: usize = healthy.iter().sum();
        if (all as u64) < self.least_endpoints || all == 0 {
            return None;
        }
        // A zone without endpoints counts as one without clients.
        let of = |group: usize| match healthy[group] {
            0 => (0, 0),
            count => (self.clients[group], count * WHOLE / all),
        };
        let stays = self.own.map_or(0, |own| match of(own) {
            (clients, endpoints) if endpoints > 0 && endpoints >= clients => WHOLE,
            (0, _) => 0,
            (clients, endpoints) => endpoints * WHOLE / clients,
        });
        let left_over = |group: usize| {
            let (clients, endpoints) = of(group);
            if self.own == Some(group) { 0 } else { endpoints.saturating_sub(clients) }
        };
        let room: usize = (0..healthy.len()).map(left_over).sum();
        let goes = (WHOLE - stays) as f64 / WHOLE as f64;
        let share = |group: usize| {
            let own = if self.own == Some(group) { stays as f64 / WHOLE as f64 } else { 0.0 };
            // Only rounding leaves no room anywhere: then all that have somebody are as good.
            let others = match room {
                0 if healthy[group] == 0 => 0.0,
                0 => 1.0 / healthy.iter().filter(|count| **count > 0).count() as f64,
                room => left_over(group) as f64 / room as f64,
            };
            own + goes * others
        };
        Some((0..healthy.len()).map(share).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(own: Option<usize>, clients: &[usize]) -> Zones {
        let all: usize = clients.iter().sum();
        let clients = clients.iter().map(|count| count * WHOLE / all).collect();
        Zones { own, clients, least_endpoints: 6 }
    }

    /// The shares in hundredths.
    fn shared(own: Option<usize>, clients: &[usize], healthy: &[usize]) -> Option<Vec<u32>> {
        let shares = zones(own, clients).shares(healthy)?;
        Some(shares.into_iter().map(|share| (share * 100.0).round() as u32).collect())
    }

    #[test]
    fn clients_stay_in_their_zone_as_far_as_its_endpoints_suffice() {
        for (clients, healthy, expected) in [
            // As many endpoints as clients, or more.
            (&[3, 3, 3][..], &[3, 3, 3][..], &[100, 0, 0][..]),
            (&[1, 3, 3], &[4, 2, 2], &[100, 0, 0]),
            // 40 % of clients have 25 % of endpoints; the others have 10 % and 5 % left over.
            (&[40, 40, 20], &[25, 50, 25], &[63, 25, 13]),
            // Half of the endpoints for all clients.
            (&[4, 0], &[4, 4], &[50, 50]),
            // None at all.
            (&[2, 2, 4], &[0, 4, 4], &[0, 100, 0]),
        ] {
            assert_eq!(
                shared(Some(0), clients, healthy).as_deref(),
                Some(expected),
                "{clients:?} {healthy:?}"
            );
        }
    }

    #[test]
    fn who_has_no_endpoint_in_its_zone_goes_where_some_are_left_over() {
        assert_eq!(shared(None, &[1, 3], &[4, 4]), Some(vec![100, 0]));
    }

    #[test]
    fn zones_do_not_matter_to_few_endpoints() {
        assert_eq!(shared(Some(0), &[1, 1], &[3, 2]), None);
        assert_eq!(shared(Some(0), &[1, 1], &[3, 3]), Some(vec![100, 0]));
        assert_eq!(shared(Some(0), &[1, 1], &[0, 0]), None);
    }

    /// Every client does the same, and so every endpoint gets the same.
    #[test]
    fn all_clients_together_load_all_endpoints_alike() {
        let mut dice = fastrand::Rng::with_seed(11);
        for _ in 0..2000 {
            let count = dice.usize(2..6);
            let some = |dice: &mut fastrand::Rng| (0..count).map(|_| dice.usize(1..30)).collect::<Vec<_>>();
            let (clients, healthy) = (some(&mut dice), some(&mut dice));
            let (all_clients, all) = (clients.iter().sum::<usize>(), healthy.iter().sum::<usize>());
            if all < 6 {
                continue;
            }
            let mut loads = vec![0.0; count];
            for own in 0..count {
                let shares = zones(Some(own), &clients).shares(&healthy).unwrap();
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
                let weight = clients[own] as f64 / all_clients as f64;
                loads.iter_mut().zip(shares).for_each(|(load, share)| *load += weight * share);
            }
            for (load, healthy) in loads.iter().zip(&healthy) {
                let fair = *healthy as f64 / all as f64;
                assert!((load - fair).abs() < 0.002, "{clients:?} {healthy}: {load} for {fair}");
            }
        }
    }
}
