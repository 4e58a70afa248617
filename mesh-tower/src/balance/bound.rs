//! How many requests an endpoint may have under way while others have fewer.
//!
//! "Consistent Hashing with Bounded Loads" by Mirrokni, Thorup and Zadimoghaddam: whose endpoint is full goes on to the
//! next one of the table that has room.

/// A bound on each endpoint's share of the requests under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    /// The places that all endpoints have together.
    places: f64,
    /// The sum of their weights.
    weight: f64,
}

impl Bound {
    /// The bound at so many requests under way, the new one not among them, at endpoints of these weights together. None
    /// gets more than `percent` hundredths of its share.
    pub(super) fn new(percent: u32, active: u64, weight: f64) -> Self {
        Self { places: (active as f64 + 1.0) * f64::from(percent.max(100)) / 100.0, weight }
    }

    /// Whether an endpoint of this weight with so many requests under way has room for one more.
    pub(super) fn has_room(self, active: u32, weight: f64) -> bool {
        f64::from(active) < (self.places * weight / self.weight).ceil()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_its_share_and_something_more() {
        for (percent, active, weight, room) in [
            // 10 requests and one more at 4 equal endpoints: 2.75 each, at 150 % 4.125.
            (100, 10, 1.0, 3),
            (150, 10, 1.0, 5),
            (150, 0, 1.0, 1),
            (150, 10, 2.0, 9),
            // Less than everything would leave a request without a place.
            (50, 10, 1.0, 3),
        ] {
            let bound = Bound::new(percent, active, 4.0);
            let most = (0..100).take_while(|active| bound.has_room(*active, weight)).count();
            assert_eq!(most, room, "{percent} {active} {weight}");
        }
    }

    #[test]
    fn somebody_always_has_room() {
        for (percent, actives) in [(100, [3, 3, 3]), (120, [9, 0, 0]), (101, [0, 0, 0]), (100, [4, 3, 3])] {
            let bound = Bound::new(percent, actives.iter().map(|active| u64::from(*active)).sum(), 3.0);
            assert!(actives.iter().any(|active| bound.has_room(*active, 1.0)), "{percent} {actives:?}");
        }
    }
}
