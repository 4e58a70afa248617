//! The endpoint whose next request costs less: the one with fewer requests under way.

use super::{policy::Standing, random};

/// How many endpoints are asked for the least cost, before turns are weighed by it.
const MOST_ASKED: usize = 64;

/// The one of two random endpoints that costs less.
pub(super) fn of_two(standing: &impl Standing, mut roll: impl FnMut() -> u32) -> Option<usize> {
    let mut draw = || random::draw(standing.count(), |endpoint| standing.share(endpoint) > 0.0, &mut roll);
    let (first, second) = (draw()?, draw()?);
    Some(if standing.cost(second) < standing.cost(first) { second } else { first })
}

/// The least cost of any endpoint; of many endpoints, of any of a sample.
pub(super) fn least(standing: &impl Standing, roll: u32) -> f64 {
    let count = standing.count();
    let start = if count > MOST_ASKED { roll as usize % count } else { 0 };
    let asked = (start..count).chain(0..start).take(MOST_ASKED);
    let usable = asked.filter(|endpoint| standing.share(*endpoint) > 0.0);
    usable.map(|endpoint| standing.cost(endpoint)).fold(f64::INFINITY, f64::min)
}

/// How likely an endpoint keeps a turn that its weight gave it, so that it gets its weight divided by its cost, as against
/// the others.
pub(super) fn odds(cost: f64, least: f64) -> f64 {
    // Nothing costs as little as what was never asked.
    if cost <= least { 1.0 } else { least / cost }
}
