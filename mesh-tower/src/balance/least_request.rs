//! The endpoint with fewer requests under way.

use super::{policy::Standing, random};

/// How many endpoints are asked for the least number of requests under way, before turns are weighed by it.
const MOST_ASKED: usize = 64;

/// The one of two random endpoints with fewer requests under way.
pub(super) fn of_two(standing: &impl Standing, mut roll: impl FnMut() -> u32) -> Option<usize> {
    let mut draw = || random::draw(standing.count(), |endpoint| standing.share(endpoint) > 0.0, &mut roll);
    let (first, second) = (draw()?, draw()?);
    Some(if standing.active(second) < standing.active(first) { second } else { first })
}

/// The least number of requests that any endpoint has under way; of many endpoints, any of a sample.
pub(super) fn least(standing: &impl Standing, roll: u32) -> u32 {
    let count = standing.count();
    let start = if count > MOST_ASKED { roll as usize % count } else { 0 };
    let asked = (start..count).chain(0..start).take(MOST_ASKED);
    let usable = asked.filter(|endpoint| standing.share(*endpoint) > 0.0);
    usable.map(|endpoint| standing.active(endpoint)).min().unwrap_or(0)
}

/// How likely an endpoint keeps a turn that its weight gave it, so that it gets its weight divided by `active` + 1, as
/// against the others.
pub(super) fn odds(active: u32, least: u32) -> f64 {
    (f64::from(least) + 1.0) / (f64::from(active) + 1.0)
}
