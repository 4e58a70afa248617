//! Google's Maglev: a table whose places endpoints take in turn, each along its own permutation.
//!
//! Faster to ask and more even than a ring; a few more keys move when an endpoint leaves. Follows section 3.4 of "Maglev:
//! A Fast and Reliable Software Network Load Balancer", with weights as Envoy has them.

use xxhash_rust::xxh64::xxh64;

/// The endpoint of each place.
#[derive(Debug)]
pub(super) struct Maglev(Box<[u32]>);

/// The preferences of one endpoint while the table is filled.
struct Claimant {
    /// The place it asks for next.
    place: u64,
    skip: u64,
    weight: f64,
    /// How much weight has to come together before its next turn.
    due: f64,
}

const FREE: u32 = u32::MAX;

impl Maglev {
    /// The table of endpoints with these names and weights; its size is a prime number.
    pub(super) fn new(endpoints: &[(String, f64)], size: u64) -> Self {
        let heaviest = endpoints.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        let mut claimants: Vec<_> =
            endpoints.iter().map(|(name, weight)| Claimant::new(name, *weight, heaviest, size)).collect();
        if claimants.is_empty() || size < 2 {
            return Self([].into());
        }
        let mut places = vec![FREE; size as usize];
        let mut left = size;
        let mut round = 0.0;
        while left > 0 {
            round += 1.0;
            for (claimant, endpoint) in claimants.iter_mut().zip(0..) {
                // The heaviest has a turn each round, the others as often as they are lighter.
                if left == 0 || round * claimant.weight < claimant.due {
                    continue;
                }
                claimant.due += 1.0;
                claimant.take(&mut places, endpoint);
                left -= 1;
            }
        }
        Self(places.into())
    }

    /// The endpoint of a hash's place, or of the next one that may be used.
    pub(super) fn find(&self, hash: u64, may_use: impl Fn(usize) -> bool) -> Option<usize> {
        let start = hash.checked_rem(self.0.len() as u64)? as usize;
        let (before, after) = self.0.split_at(start);
        let mut places = after.iter().chain(before).map(|endpoint| *endpoint as usize);
        places.find(|endpoint| may_use(*endpoint))
    }
}

impl Claimant {
    fn new(name: &str, weight: f64, heaviest: f64, size: u64) -> Self {
        let place = xxh64(name.as_bytes(), 0).checked_rem(size).unwrap_or(0);
        let skip = xxh64(name.as_bytes(), 1).checked_rem(size.saturating_sub(1)).unwrap_or(0) + 1;
        Self { place, skip, weight: weight / heaviest, due: 0.0 }
    }

    /// Takes the first free place of its permutation; there must be one.
    fn take(&mut self, places: &mut [u32], endpoint: u32) {
        let size = places.len() as u64;
        while places[self.place as usize] != FREE {
            self.place = (self.place + self.skip) % size;
        }
        places[self.place as usize] = endpoint;
    }
}

#[cfg(test)]
mod tests {
    use super::super::spread::{at_home, chosen_for_users, keys, moved, named};
    use super::*;

    const ALL: fn(usize) -> bool = |_| true;

    fn shares(table: &Maglev, count: usize) -> Vec<u32> {
        let mut shares = vec![0; count];
        table.0.iter().for_each(|endpoint| shares[*endpoint as usize] += 1);
        shares
    }

    #[test]
    fn equal_endpoints_have_as_many_places_within_one() {
        let shares = shares(&Maglev::new(&named(&[3; 7]), 65_537), 7);
        assert_eq!(shares.iter().sum::<u32>(), 65_537);
        assert!(shares.iter().all(|share| (9362..=9363).contains(share)), "{shares:?}");
    }

    #[test]
    fn places_are_shared_by_weight() {
        let shares = shares(&Maglev::new(&named(&[1, 2, 5]), 65_537), 3);
        for (share, expected) in shares.into_iter().zip([8192_u32, 16_384, 40_961]) {
            assert!(share.abs_diff(expected) < 10, "{share} of {expected}");
        }
    }

    #[test]
    fn when_an_endpoint_leaves_few_keys_of_others_move() {
        let all = named(&[1; 10]);
        let (table, rest) = (Maglev::new(&all, 65_537), Maglev::new(&all[..9], 65_537));
        let (of_the_gone, of_others) = moved(9, |key| table.find(key, ALL), |key| rest.find(key, ALL));
        assert!((0.095..0.105).contains(&of_the_gone), "{of_the_gone}");
        assert!(of_others < 0.04, "{of_others}");
        // Leaving an endpoint alone moves its own keys only.
        let (_, of_others) = moved(9, |key| table.find(key, ALL), |key| table.find(key, |at| at != 9));
        assert_eq!(of_others, 0.0);
    }

    #[test]
    fn a_table_for_nobody_finds_nobody() {
        assert_eq!(Maglev::new(&[], 65_537).find(1, ALL), None);
        let table = Maglev::new(&named(&[1, 1]), 101);
        assert!(keys(10).all(|key| table.find(key, |_| false).is_none()));
    }

    #[test]
    fn users_meet_the_endpoints_that_envoy_chooses() {
        let equal = "212111312211223311222112331331323133332311132231131313222131";
        let weighted = "213313312223233333322312331333333133333323332333131333323333";
        for (weights, expected) in [([1, 1, 1], equal), ([1, 2, 5], weighted)] {
            let maglev = Maglev::new(&at_home(&weights), 65_537);
            assert_eq!(chosen_for_users(|hash| maglev.find(hash, ALL)), expected, "{weights:?}");
        }
    }
}
