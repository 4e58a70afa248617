//! Which endpoint gets a request.

use super::{least_request, maglev::Maglev, random, ring::Ring, round_robin::Order};
use std::sync::Arc;

/// How often a turn may go to an endpoint that does not keep it, before any endpoint is taken.
const MOST_TURNS: u32 = 256;

/// What is so with a backend's endpoints at the moment of a choice. Endpoints are numbers from 0.
pub(super) trait Standing {
    /// How many there are.
    fn count(&self) -> usize;
    /// How many requests one has under way.
    fn active(&self, endpoint: usize) -> u32;
    /// What one more request costs there: one more than it has under way, or that multiplied by what each takes.
    fn cost(&self, endpoint: usize) -> f64;
    /// The share of its weight that one gets: 1, less while it warms up, 0 when it is left alone.
    fn share(&self, endpoint: usize) -> f64;
    /// Whether any is warming up.
    fn is_warming(&self) -> bool;
}

/// How an endpoint is chosen, with the table for it.
#[derive(Clone, Debug)]
pub(super) enum Scheme {
    LeastRequest,
    RoundRobin,
    Random,
    Ring(Arc<Ring>),
    Maglev(Arc<Maglev>),
}

/// The endpoint for a request with this hash, if it has one; `None` when there is no endpoint that may be
/// used.
///
/// Weights decide by turns that an endpoint keeps with certain odds. So nothing has to be sorted anew when the odds
/// change, and no two requests wait for each other.
pub(super) fn choose(
    scheme: &Scheme,
    order: &Order,
    standing: &impl Standing,
    hash: Option<u64>,
    turn: impl FnMut() -> u64,
    mut roll: impl FnMut() -> u32,
) -> Option<usize> {
    let may_use = |endpoint| standing.share(endpoint) > 0.0;
    match (scheme, hash) {
        (Scheme::Ring(ring), Some(hash)) => ring.find(hash, may_use),
        (Scheme::Maglev(table), Some(hash)) => table.find(hash, may_use),
        (Scheme::Random | Scheme::Ring(_) | Scheme::Maglev(_), _) => {
            random::draw(standing.count(), may_use, roll)
        }
        (Scheme::LeastRequest, _) if order.is_even() && !standing.is_warming() => {
            least_request::of_two(standing, roll)
        }
        (Scheme::LeastRequest, _) => {
            let least = least_request::least(standing, roll());
            let odds = |endpoint| least_request::odds(standing.cost(endpoint), least);
            in_turn(order, standing, odds, turn, roll)
        }
        (Scheme::RoundRobin, _) => in_turn(order, standing, |_| 1.0, turn, roll),
    }
}

/// The first endpoint in turn that keeps its turn.
fn in_turn(
    order: &Order,
    standing: &impl Standing,
    odds: impl Fn(usize) -> f64,
    mut turn: impl FnMut() -> u64,
    mut roll: impl FnMut() -> u32,
) -> Option<usize> {
    if standing.count() == 0 {
        return None;
    }
    for _ in 0..MOST_TURNS {
        let endpoint = order.at(turn());
        let odds = standing.share(endpoint) * odds(endpoint);
        if odds >= 1.0 || f64::from(roll()) < odds * f64::from(u32::MAX) {
            return Some(endpoint);
        }
    }
    random::draw(standing.count(), |endpoint| standing.share(endpoint) > 0.0, roll)
}

#[cfg(test)]
mod tests {
    use super::super::spread::{chi_squared, keys, named};
    use super::*;

    /// Endpoints with requests under way, and their shares.
    struct Still<'a>(&'a [(u32, f64)]);

    impl Standing for Still<'_> {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn active(&self, endpoint: usize) -> u32 {
            self.0[endpoint].0
        }

        fn cost(&self, endpoint: usize) -> f64 {
            f64::from(self.0[endpoint].0) + 1.0
        }

        fn share(&self, endpoint: usize) -> f64 {
            self.0[endpoint].1
        }

        fn is_warming(&self) -> bool {
            self.0.iter().any(|(_, share)| 0.0 < *share && *share < 1.0)
        }
    }

    const ROLLS: u32 = 60_000;
    /// What chi-squared exceeds by chance once in a thousand times, with two degrees of freedom.
    const BOUND: f64 = 13.82;

    fn counts(scheme: &Scheme, weights: [u32; 3], standing: [(u32, f64); 3]) -> [u32; 3] {
        let order = Order::new(weights.iter().copied());
        let (mut dice, mut turns) = (fastrand::Rng::with_seed(4), 0..);
        let mut seen = [0; 3];
        for _ in 0..ROLLS {
            let turn = || turns.next().unwrap();
            let chosen = choose(scheme, &order, &Still(&standing), None, turn, || dice.u32(..));
            seen[chosen.unwrap()] += 1;
        }
        seen
    }

    fn is_spread(scheme: &Scheme, weights: [u32; 3], standing: [(u32, f64); 3], expected: [f64; 3]) {
        let seen = counts(scheme, weights, standing);
        let zeros = seen.iter().zip(expected).filter(|(_, expected)| *expected == 0.0);
        assert!(zeros.clone().all(|(seen, _)| *seen == 0), "{seen:?}");
        let (seen, expected): (Vec<_>, Vec<_>) =
            seen.into_iter().zip(expected).filter(|(_, expected)| *expected > 0.0).unzip();
        let distance = chi_squared(&seen, &expected);
        assert!(distance < BOUND, "{seen:?} for {expected:?}: {distance}");
    }

    const IDLE: [(u32, f64); 3] = [(0, 1.0); 3];
    const EQUAL: [f64; 3] = [1.0; 3];

    #[test]
    fn at_random_everyone_is_as_likely_whatever_its_weight() {
        is_spread(&Scheme::Random, [1, 5, 1], IDLE, EQUAL);
        is_spread(&Scheme::Random, [1, 5, 1], [(9, 1.0), (0, 0.0), (0, 0.3)], [1.0, 0.0, 1.0]);
    }

    #[test]
    fn in_turn_weights_are_exact() {
        assert_eq!(counts(&Scheme::RoundRobin, [1, 2, 3], IDLE), [10_000, 20_000, 30_000]);
    }

    #[test]
    fn in_turn_who_warms_up_gets_its_share_and_who_is_left_alone_nothing() {
        is_spread(&Scheme::RoundRobin, [1, 1, 2], [(0, 1.0), (0, 0.1), (0, 1.0)], [1.0, 0.1, 2.0]);
        is_spread(&Scheme::RoundRobin, [1, 1, 2], [(0, 1.0), (0, 0.0), (0, 0.5)], [1.0, 0.0, 1.0]);
    }

    #[test]
    fn of_two_random_endpoints_the_less_busy_is_taken() {
        is_spread(&Scheme::LeastRequest, [4; 3], IDLE, EQUAL);
        // The least busy wins five of nine pairs, the busiest one.
        is_spread(&Scheme::LeastRequest, [4; 3], [(2, 1.0), (0, 1.0), (1, 1.0)], [1.0, 5.0, 3.0]);
        is_spread(&Scheme::LeastRequest, [4; 3], [(2, 1.0), (0, 0.0), (1, 1.0)], [1.0, 0.0, 3.0]);
    }

    #[test]
    fn of_weighted_endpoints_each_gets_its_weight_divided_by_its_load() {
        assert_eq!(counts(&Scheme::LeastRequest, [1, 2, 3], IDLE), [10_000, 20_000, 30_000]);
        is_spread(
            &Scheme::LeastRequest,
            [1, 2, 3],
            [(0, 1.0), (1, 1.0), (5, 1.0)],
            [1.0, 2.0 / 2.0, 3.0 / 6.0],
        );
        is_spread(
            &Scheme::LeastRequest,
            [1, 2, 3],
            [(7, 1.0), (1, 0.0), (15, 1.0)],
            [1.0 / 8.0, 0.0, 3.0 / 16.0],
        );
        is_spread(&Scheme::LeastRequest, [1; 3], [(1, 1.0), (1, 0.1), (0, 1.0)], [0.5, 0.05, 1.0]);
    }

    #[test]
    fn equal_hashes_meet_the_same_endpoint_and_no_hash_any() {
        let endpoints = named(&[1; 3]);
        for scheme in [
            Scheme::Ring(Arc::new(Ring::new(&endpoints, 1024))),
            Scheme::Maglev(Arc::new(Maglev::new(&endpoints, 65_537))),
        ] {
            let order = Order::new([1; 3].into_iter());
            for key in keys(1000) {
                let chosen = |roll| choose(&scheme, &order, &Still(&IDLE), Some(key), || 0, || roll);
                assert_eq!(chosen(0), chosen(u32::MAX));
            }
            is_spread(&scheme, [1; 3], IDLE, EQUAL);
        }
    }

    #[test]
    fn nobody_is_chosen_from_nobody() {
        let order = Order::new([].into_iter());
        for scheme in [
            Scheme::LeastRequest,
            Scheme::RoundRobin,
            Scheme::Random,
            Scheme::Ring(Arc::new(Ring::new(&[], 1024))),
            Scheme::Maglev(Arc::new(Maglev::new(&[], 65_537))),
        ] {
            assert_eq!(choose(&scheme, &order, &Still(&[]), Some(3), || 3, || 3), None);
        }
    }

    #[test]
    fn where_everyone_is_left_alone_nobody_is_chosen() {
        for (scheme, weights) in [
            (Scheme::LeastRequest, [1; 3]),
            (Scheme::LeastRequest, [1, 2, 3]),
            (Scheme::RoundRobin, [1; 3]),
            (Scheme::Random, [1; 3]),
        ] {
            let order = Order::new(weights.into_iter());
            let alone = Still(&[(0, 0.0); 3]);
            assert_eq!(choose(&scheme, &order, &alone, None, || 1, || 1), None);
        }
    }
}
