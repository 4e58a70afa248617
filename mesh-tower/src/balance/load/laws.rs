//! The shares of levels beside a second way to work them out: the steps that Envoy describes, one by one.

use super::*;

/// The shares of levels of so many healthy endpoints among all, and where ejections do not count.
fn step_by_step(levels: &[(usize, usize)], threshold: usize) -> Vec<(u32, bool)> {
    let availability: Vec<_> =
        levels.iter().map(|(healthy, all)| 100.min(healthy * 140 / all.max(&1))).collect();
    let sum = 100.min(availability.iter().sum::<usize>());
    // Nobody anywhere, and nobody may be asked in spite of that: the first level has the blame.
    if sum == 0 && threshold == 0 {
        return (0..levels.len()).map(|level| (if level == 0 { 100 } else { 0 }, false)).collect();
    }
    let panics = levels.iter().map(|(healthy, all)| sum < 100 && healthy * 100 < threshold * all);
    let panics: Vec<_> = panics.collect();
    let endpoints: usize = levels.iter().map(|(_, all)| all).sum();
    let mut shares: Vec<usize> = Vec::new();
    if panics.iter().all(|is_panic| *is_panic) {
        shares.extend(levels.iter().map(|(_, all)| 100 * all / endpoints));
        shares[0] += 100 - shares.iter().sum::<usize>();
    } else {
        for level in &availability {
            let left = 100 - shares.iter().sum::<usize>();
            shares.push(left.min(level * 100 / sum));
        }
        let first = availability.iter().position(|level| *level > 0).unwrap_or(0);
        shares[first] += 100 - shares.iter().sum::<usize>();
    }
    shares.into_iter().map(|share| share as u32).zip(panics).collect()
}

/// Levels of some endpoints, of which some are healthy; most levels are small, a few are large.
fn any(dice: &mut fastrand::Rng) -> Vec<(usize, usize)> {
    let level = |dice: &mut fastrand::Rng| {
        let most = if dice.u8(..) < 32 { 400 } else { 12 };
        let all = dice.usize(1..most);
        let healthy = if dice.bool() { dice.usize(0..=all) } else { dice.usize(0..=all.min(2)) };
        (healthy, all)
    };
    (0..dice.usize(1..6)).map(|_| level(dice)).collect()
}

#[test]
fn shares_are_those_of_envoys_steps_whatever_the_levels() {
    let mut dice = fastrand::Rng::with_seed(3);
    for _ in 0..20_000 {
        let (levels, threshold) = (any(&mut dice), [0, 1, 20, 50, 100][dice.usize(..5)]);
        let health: Vec<_> =
            levels.iter().map(|(healthy, all)| Health { healthy: *healthy, all: *all }).collect();
        let seen = shares(&health, threshold as u8);
        assert_eq!(seen, step_by_step(&levels, threshold), "{levels:?} {threshold}");
        assert_eq!(seen.iter().map(|(share, _)| share).sum::<u32>(), 100);
    }
}

#[test]
fn after_every_second_try_the_levels_that_were_tried_are_left_out() {
    for (tried, capacities, expected) in [
        (&[][..], &[100, 100][..], &[false, false][..]),
        (&[0], &[100, 100], &[false, false]),
        (&[0, 0], &[100, 100], &[true, false]),
        (&[0, 0, 1], &[100, 100], &[true, false]),
        // Nobody is left: all are tried again, and the count begins anew.
        (&[0, 0, 1, 1], &[100, 100], &[false, false]),
        (&[0, 0, 1, 1, 0], &[100, 100], &[false, false]),
        (&[0, 0, 1, 1, 0, 0], &[100, 100], &[true, false]),
        (&[0, 1], &[100, 100, 100], &[true, true, false]),
        // Who is left can take nothing.
        (&[0, 0], &[50, 0], &[false, false]),
    ] {
        assert_eq!(left_out(tried, capacities), expected, "{tried:?} {capacities:?}");
    }
}

#[test]
fn what_is_left_shares_all_requests() {
    for (capacities, expected) in [
        (&[0, 100][..], &[0, 100][..]),
        (&[0, 28, 28], &[0, 50, 50]),
        (&[0, 70, 100], &[0, 70, 30]),
        (&[0, 20, 7], &[0, 75, 25]),
    ] {
        assert_eq!(distributed(capacities), expected, "{capacities:?}");
    }
    let mut dice = fastrand::Rng::with_seed(8);
    for _ in 0..20_000 {
        let capacities: Vec<_> = (0..dice.usize(1..6)).map(|_| dice.usize(0..=100)).collect();
        let (total, shares) = (capacities.iter().sum::<usize>(), distributed(&capacities));
        assert_eq!(shares.iter().sum::<u32>(), if total > 0 { 100 } else { 0 }, "{capacities:?}");
        let has_nothing = |(capacity, share): (&usize, &u32)| *capacity == 0 && *share > 0;
        assert!(!capacities.iter().zip(&shares).any(has_nothing), "{capacities:?} {shares:?}");
    }
}
