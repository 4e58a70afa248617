//! How requests are shared between levels of endpoints, as far as these are healthy.
//!
//! The arithmetic is Envoy's: whole hundredths, and health counted 1.4 times, so that few ejections do not yet drive
//! requests farther away.

#[cfg(test)]
mod laws;

use super::{
    near::{Group, Level},
    zones::Zones,
};

/// How many times health counts, in hundredths.
const OVERPROVISIONING: usize = 140;

/// After how many tries the levels that were tried are left out: Istio's number.
const EVERY: usize = 2;

/// How many endpoints there are, and how many of them are not ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Health {
    healthy: usize,
    all: usize,
}

/// The shares of the levels of a backend at one moment.
#[derive(Debug, PartialEq)]
pub(super) struct Loads(Box<[Load]>);

#[derive(Debug, PartialEq)]
struct Load {
    /// What it can take, in hundredths of all requests.
    capacity: usize,
    /// Its share in hundredths, and those of all levels before it.
    end: u32,
    /// Whether too few are healthy, so that ejections do not count.
    is_panic: bool,
    /// Where the shares of its groups end; empty when all of its endpoints are one.
    groups: Box<[f64]>,
}

impl Loads {
    /// The shares of levels of which some endpoints are ejected; ejections do not count where fewer than `min_health`
    /// hundredths are healthy and other levels cannot make up for that. The groups of the first level may be zones.
    pub(super) fn new(
        levels: &[Level],
        zones: Option<&Zones>,
        is_out: impl Fn(usize) -> bool,
        min_health: u8,
    ) -> Self {
        let health = |endpoints: &[usize]| {
            let healthy = endpoints.iter().filter(|endpoint| !is_out(**endpoint)).count();
            Health { healthy, all: endpoints.len() }
        };
        let of_levels: Vec<_> =
            levels.iter().map(|level| health(&level.endpoints().collect::<Vec<_>>())).collect();
        let by_weight = |level: &Level| -> Vec<f64> {
            let weight = |group: &Group| f64::from(group.weight) * health(&group.endpoints).availability();
            level.0.iter().map(weight).collect()
        };
        let by_zone = |level: &Level, zones: &Zones| {
            let healthy: Vec<_> = level.0.iter().map(|group| health(&group.endpoints).healthy).collect();
            zones.shares(&healthy).unwrap_or_default()
        };
        let mut sum = 0;
        let shares = shares(&of_levels, min_health);
        let loads = levels.iter().enumerate().map(|(number, level)| {
            let (share, is_panic) = shares[number];
            sum += share;
            let groups = match zones.filter(|_| number == 0) {
                _ if level.0.len() < 2 => Vec::new(),
                Some(zones) => by_zone(level, zones),
                None => by_weight(level),
            };
            let ends = groups.into_iter().scan(0.0, |end, share| {
                *end += share;
                Some(*end)
            });
            Load { capacity: of_levels[number].capacity(), end: sum, is_panic, groups: ends.collect() }
        });
        Self(loads.collect())
    }

    /// The level that a chance, any number, falls on.
    pub(super) fn level(&self, chance: u64) -> Option<usize> {
        let chance = u32::try_from(chance % 100).unwrap_or(0);
        self.0.iter().position(|load| chance < load.end)
    }

    /// The level that a chance, any number, falls on for a request that leaves levels which it has tried: these, in the order
    /// of its tries.
    pub(super) fn level_beyond(&self, tried: &[usize], chance: u64) -> Option<usize> {
        let capacities: Vec<_> = self.0.iter().map(|load| load.capacity).collect();
        let left = left_out(tried, &capacities);
        if !left.contains(&true) {
            return self.level(chance);
        }
        let kept: Vec<_> = capacities
            .iter()
            .zip(&left)
            .map(|(capacity, is_left)| if *is_left { 0 } else { *capacity })
            .collect();
        let mut end = 0;
        let chance = u32::try_from(chance % 100).unwrap_or(0);
        distributed(&kept).into_iter().position(|share| {
            end += share;
            chance < end
        })
    }

    /// Whether the endpoints of a level are chosen from by groups.
    pub(super) fn has_groups(&self, level: usize) -> bool {
        !self.0[level].groups.is_empty()
    }

    /// Whether ejections do not count on a level.
    pub(super) fn is_panic(&self, level: usize) -> bool {
        self.0[level].is_panic
    }

    /// The group of a level that a roll falls on; `None` when none has anybody.
    pub(super) fn group(&self, level: usize, roll: u32) -> Option<usize> {
        let ends = &self.0[level].groups;
        let place = f64::from(roll) / (f64::from(u32::MAX) + 1.0) * ends.last()?;
        ends.iter().position(|end| place < *end)
    }
}

impl Health {
    /// The share of its weight that a group can take.
    fn availability(self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        (OVERPROVISIONING as f64 / 100.0 * self.healthy as f64 / self.all as f64).min(1.0)
    }

    /// What a level can take, in hundredths of all requests.
    fn capacity(self) -> usize {
        (OVERPROVISIONING * self.healthy).checked_div(self.all).unwrap_or(0).min(100)
    }

    fn is_below(self, min_health: u8) -> bool {
        self.healthy * 100 < usize::from(min_health) * self.all
    }
}

/// The share of each level in hundredths, and whether ejections do not count there.
fn shares(levels: &[Health], min_health: u8) -> Vec<(u32, bool)> {
    let total: usize = levels.iter().map(|health| health.capacity()).sum::<usize>().min(100);
    let is_panic = |health: &Health| total < 100 && health.is_below(min_health);
    let panics: Vec<_> = levels.iter().map(is_panic).collect();
    let is_panic_everywhere = panics.iter().all(|is_panic| *is_panic);
    let capacity = |health: &Health| match is_panic_everywhere {
        // Where ejections count nowhere, all endpoints are alike.
        true => health.all * 100 / levels.iter().map(|health| health.all).sum::<usize>().max(1),
        false => (health.capacity() * 100).checked_div(total).unwrap_or(0),
    };
    let (mut left, mut shares) = (100, Vec::new());
    for health in levels {
        let share = capacity(health).min(left);
        left -= share;
        shares.push(share);
    }
    // What rounding left goes to the first that can take anything.
    let can_take = |health: &Health| is_panic_everywhere || health.capacity() > 0;
    let first = levels.iter().position(can_take).unwrap_or(0);
    if let Some(first) = shares.get_mut(first) {
        *first += left;
    }
    shares.into_iter().map(|share| share as u32).zip(panics).collect()
}

/// The levels that a further try leaves out: after each second try all that were tried. When no other can take anything,
/// none is left out, and it begins anew.
fn left_out(tried: &[usize], capacities: &[usize]) -> Vec<bool> {
    let mut left = vec![false; capacities.len()];
    let mut begun = 0;
    for made in 1..=tried.len() {
        if (made - begun) % EVERY == 0 {
            tried[begun..made].iter().for_each(|level| left[*level] = true);
            if capacities.iter().zip(&left).all(|(capacity, is_left)| *is_left || *capacity == 0) {
                left.fill(false);
                begun = made;
            }
        }
    }
    left
}

/// The shares in hundredths of levels that can take so much, of which one can take something. What rounding leaves goes to
/// the first ones.
fn distributed(capacities: &[usize]) -> Vec<u32> {
    let total = capacities.iter().sum::<usize>().min(100);
    let (mut left, mut shares) = (100, vec![0; capacities.len()]);
    while left > 0 && total > 0 {
        for (share, capacity) in shares.iter_mut().zip(capacities) {
            let more = (capacity * 100 / total).min(left);
            *share += more as u32;
            left -= more;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares in hundredths of levels of so many healthy endpoints among all, and where ejections do not count.
    fn shared(levels: &[(usize, usize)], min_health: u8) -> Vec<(u32, bool)> {
        let health = levels.iter().map(|(healthy, all)| Health { healthy: *healthy, all: *all });
        shares(&health.collect::<Vec<_>>(), min_health)
    }

    const CALM: bool = false;
    const PANIC: bool = true;

    #[test]
    fn the_next_level_gets_what_health_counted_1_4_times_cannot_take() {
        for (levels, expected) in [
            (&[(5, 5), (5, 5)][..], &[100, 0][..]),
            (&[(4, 5), (5, 5)], &[100, 0]),
            (&[(3, 5), (5, 5)], &[84, 16]),
            (&[(1, 4), (2, 3)], &[35, 65]),
            (&[(1, 5), (1, 5), (5, 5)], &[28, 28, 44]),
            (&[(0, 5), (5, 5)], &[0, 100]),
            // Together they cannot take all: in proportion.
            (&[(1, 5), (1, 5), (0, 2)], &[50, 50, 0]),
            (&[(0, 3), (1, 7), (1, 20)], &[0, 75, 25]),
            // Nobody is healthy, and ejections count: the first level has nobody to give.
            (&[(0, 3), (0, 3)], &[100, 0]),
        ] {
            let expected: Vec<_> = expected.iter().map(|share| (*share, CALM)).collect();
            assert_eq!(shared(levels, 0), expected, "{levels:?}");
        }
    }

    #[test]
    fn shares_are_those_that_envoy_gives_to_levels_of_which_too_few_are_healthy() {
        for (levels, min_health, expected) in [
            (&[(1, 5), (1, 5)][..], 50, &[(50, PANIC), (50, PANIC)][..]),
            (&[(1, 5), (1, 10), (1, 3)], 50, &[(29, PANIC), (55, PANIC), (16, PANIC)]),
            (&[(1, 10), (3, 10)], 20, &[(25, PANIC), (75, CALM)]),
            // As long as all levels together can take everything, ejections count.
            (&[(1, 4), (2, 3)], 50, &[(35, CALM), (65, CALM)]),
            (&[(3, 4)], 80, &[(100, CALM)]),
            (&[(2, 3)], 80, &[(100, PANIC)]),
            (&[(0, 3)], 1, &[(100, PANIC)]),
            (&[], 50, &[]),
        ] {
            assert_eq!(shared(levels, min_health), expected, "{levels:?} {min_health}");
        }
    }

    #[test]
    fn groups_get_their_weights_as_far_as_they_are_healthy() {
        for (a, b, expected) in
            [((2, 2), (2, 2), 0.8), ((1, 2), (2, 2), 0.737), ((3, 4), (1, 4), 0.92), ((0, 2), (1, 2), 0.0)]
        {
            let group = |weight, from, all| Group { weight, endpoints: (from..from + all).collect() };
            let level = Level(vec![group(80, 0, a.1), group(20, 100, b.1)]);
            let is_out = |at: usize| if at < 100 { at >= a.0 } else { at - 100 >= b.0 };
            let loads = Loads::new(&[level], None, is_out, 0);
            let rolls = (0..1000_u32).map(|part| part * (u32::MAX / 1000));
            let first = rolls.filter(|roll| loads.group(0, *roll) == Some(0)).count();
            assert!((first as f64 / 1000.0 - expected).abs() < 0.002, "{a:?} {b:?}: {first}");
        }
    }

    #[test]
    fn every_chance_falls_on_a_level_by_its_share() {
        let level = |from| Level(vec![Group { weight: 1, endpoints: (from..from + 5).collect() }]);
        let loads = Loads::new(&[level(0), level(5)], None, |endpoint| endpoint < 2, 0);
        let first = (1000..1100).filter(|chance| loads.level(*chance) == Some(0)).count();
        assert_eq!(first, 84);
        assert!((0..100).all(|chance| loads.level(chance).is_some()));
        assert_eq!(Loads::new(&[], None, |_| false, 0).level(3), None);
    }
}
