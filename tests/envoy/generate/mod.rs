//! Worlds and requests by chance: the same seed gives the same ones.

mod actions;
mod conditions;
mod paths;
mod requests;
mod worlds;

pub(crate) use requests::{Target, request};
pub(crate) use worlds::world;

use fastrand::Rng;

/// One of these.
pub(crate) fn one<'a, T: ?Sized>(rng: &mut Rng, of: &[&'a T]) -> &'a T {
    of[rng.usize(..of.len())]
}

/// True in so many of a hundred cases.
pub(crate) fn percent(rng: &mut Rng, chance: u32) -> bool {
    rng.u32(..100) < chance
}
