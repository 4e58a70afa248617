//! One endpoint after the other, each as often as its weight.

/// The order of turns. A cycle gives every endpoint exactly as many turns as its weight, spread over the cycle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Where the places of each endpoint end, without a common divisor; none when all weights are equal.
    ends: Box<[u64]>,
    /// The number of places.
    places: u64,
    /// How many places lie between one turn and the next. It shares no divisor with the number of places, so that a cycle
    /// visits each once; near the golden section, so that the places of one endpoint are visited far apart.
    step: u64,
}

impl Order {
    /// The order for endpoints of these weights, each at least 1.
    pub(super) fn new(weights: impl Iterator<Item = u32> + Clone) -> Self {
        let divisor = weights.clone().fold(0, |divisor, weight| greatest_divisor(divisor, u64::from(weight)));
        let ends = weights.scan(0, |end, weight| {
            *end += u64::from(weight) / divisor;
            Some(*end)
        });
        let ends: Box<[u64]> = ends.collect();
        let places = ends.last().copied().unwrap_or(0);
        if places == ends.len() as u64 {
            return Self { ends: [].into(), places, step: 1 };
        }
        // 61.8 %, and whatever comes next that has no divisor in common.
        let golden = (u128::from(places) * 618 / 1000) as u64;
        let step = (golden.max(1)..).find(|step| greatest_divisor(*step, places) == 1).unwrap_or(1);
        Self { ends, places, step }
    }

    /// Whether all endpoints have the same weight.
    pub(super) fn is_even(&self) -> bool {
        self.ends.is_empty()
    }

    /// The endpoint of this turn; 0 where there is none.
    pub(super) fn at(&self, turn: u64) -> usize {
        let Some(turn) = turn.checked_rem(self.places) else { return 0 };
        let place = (u128::from(turn) * u128::from(self.step) % u128::from(self.places)) as u64;
        if self.is_even() { place as usize } else { self.ends.partition_point(|end| *end <= place) }
    }
}

fn greatest_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_gets_exactly_as_many_turns_as_its_weight() {
        for weights in [&[1, 1, 1][..], &[2, 2], &[1, 3], &[5, 1, 4], &[100, 900, 17], &[7]] {
            let order = Order::new(weights.iter().copied());
            let mut seen = vec![0; weights.len()];
            let total: u32 = weights.iter().sum();
            (100..100 + u64::from(total) * 7).for_each(|turn| seen[order.at(turn)] += 1);
            assert_eq!(seen, weights.iter().map(|weight| weight * 7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn equal_weights_take_turns_strictly() {
        let order = Order::new([300, 300, 300].into_iter());
        assert!(order.is_even());
        assert_eq!((0..6).map(|turn| order.at(turn)).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn the_turns_of_a_heavy_endpoint_are_spread() {
        let order = Order::new([500, 300, 200].into_iter());
        let turns: Vec<_> = (0..1000).map(|turn| order.at(turn)).collect();
        let longest = turns.chunk_by(|a, b| a == b).map(<[usize]>::len).max();
        assert!(longest <= Some(2), "{longest:?} turns in a row");
    }

    #[test]
    fn the_greatest_weights_do_not_overflow() {
        let order = Order::new([u32::MAX, u32::MAX - 1, 1].into_iter());
        assert!((0..1000).all(|turn| order.at(u64::MAX - turn) < 3));
    }
}
