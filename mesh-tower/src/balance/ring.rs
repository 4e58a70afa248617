//! A ring of hashes, on which every endpoint has places in proportion to its weight.

use std::fmt::Write;
use xxhash_rust::xxh64::xxh64;

/// The most places a ring has: Envoy's limit.
const MOST: f64 = 8.0 * 1024.0 * 1024.0;

/// The places, by hash, with the endpoint of each.
#[derive(Debug)]
pub(super) struct Ring(Box<[(u64, u32)]>);

impl Ring {
    /// The ring of endpoints with these names and weights, of at least `minimum` places.
    pub(super) fn new(endpoints: &[(String, f64)], minimum: u64) -> Self {
        let total: f64 = endpoints.iter().map(|(_, weight)| weight).sum();
        let count = count(endpoints, total, minimum);
        let mut places = Vec::with_capacity(count.ceil() as usize);
        let (mut end, mut text) = (0.0, String::new());
        for ((name, weight), endpoint) in endpoints.iter().zip(0..) {
            end += count * weight / total;
            let mut number = 0_u32;
            while (places.len() as f64) < end {
                text.clear();
                // Writing to a String cannot fail.
                let _ = write!(text, "{name}_{number}");
                places.push((xxh64(text.as_bytes(), 0), endpoint));
                number += 1;
            }
        }
        places.sort_unstable();
        Self(places.into())
    }

    /// The endpoint of the first place at or after a hash, of those that may be used.
    pub(super) fn find(&self, hash: u64, may_use: impl Fn(usize) -> bool) -> Option<usize> {
        let start = self.0.partition_point(|(place, _)| *place < hash);
        let (before, after) = self.0.split_at(start);
        let mut places = after.iter().chain(before).map(|(_, endpoint)| *endpoint as usize);
        places.find(|endpoint| may_use(*endpoint))
    }
}

/// How many places there are: even the lightest endpoint has whole ones, the others as many more as they are heavier.
fn count(endpoints: &[(String, f64)], total: f64, minimum: u64) -> f64 {
    let least = endpoints.iter().map(|(_, weight)| weight / total).fold(1.0, f64::min);
    ((least * minimum as f64).ceil() / least).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::super::spread::{at_home, chosen_for_users, keys, moved, named};
    use super::*;

    const ALL: fn(usize) -> bool = |_| true;

    #[test]
    fn a_ring_has_at_least_the_places_asked_for_and_never_more_than_8_m() {
        assert_eq!(Ring::new(&named(&[1, 1, 1]), 1024).0.len(), 1026);
        assert_eq!(Ring::new(&named(&[1, 1]), 1024).0.len(), 1024);
        assert_eq!(count(&named(&[1, 1]), 2.0, 100 << 20), f64::from(8 << 20));
        assert_eq!(Ring::new(&[], 1024).find(7, ALL), None);
    }

    #[test]
    fn places_are_the_hashes_of_address_port_and_number() {
        let ring = Ring::new(&[("10.0.0.1:80".into(), 1.0), ("10.0.0.2:80".into(), 1.0)], 8);
        let hash = xxh64(b"10.0.0.2:80_3", 0);
        assert_eq!(ring.find(hash, ALL), Some(1));
        let last = ring.0.last().map(|(hash, _)| *hash);
        // Behind the last place comes the first.
        assert_eq!(ring.find(last.unwrap() + 1, ALL), Some(ring.0[0].1 as usize));
    }

    #[test]
    fn keys_are_shared_by_weight() {
        let ring = Ring::new(&named(&[1, 2, 1]), 8192);
        let mut seen = [0_u32; 3];
        keys(100_000).for_each(|key| seen[ring.find(key, ALL).unwrap()] += 1);
        for (seen, expected) in seen.into_iter().zip([25_000_u32, 50_000, 25_000]) {
            assert!(seen.abs_diff(expected) < expected / 10, "{seen} of {expected}");
        }
    }

    #[test]
    fn when_an_endpoint_leaves_only_its_own_keys_move() {
        let all = named(&[1; 10]);
        let ring = Ring::new(&all, 10_240);
        let rest = Ring::new(&all[..9], 9216);
        let (of_the_gone, of_others) = moved(9, |key| ring.find(key, ALL), |key| rest.find(key, ALL));
        assert!((0.08..0.12).contains(&of_the_gone), "{of_the_gone}");
        assert_eq!(of_others, 0.0);
        // Leaving it alone is like removing it.
        assert!(keys(1000).all(|key| ring.find(key, |endpoint| endpoint != 9) == rest.find(key, ALL)));
    }

    #[test]
    fn where_nobody_may_be_used_nobody_is() {
        let ring = Ring::new(&named(&[1, 1]), 1024);
        assert!(keys(10).all(|key| ring.find(key, |_| false).is_none()));
    }

    #[test]
    fn users_meet_the_endpoints_that_envoy_chooses() {
        let equal = "111122332312221233122121213223233331223321313122321322122211";
        let weighted = "131332332312323233323112313223333332233331323332323322222232";
        for (weights, expected) in [([1, 1, 1], equal), ([1, 2, 5], weighted)] {
            let ring = Ring::new(&at_home(&weights), 1024);
            assert_eq!(chosen_for_users(|hash| ring.find(hash, ALL)), expected, "{weights:?}");
        }
    }
}
