//! Any endpoint, as likely as any other.

/// How often a roll may name an endpoint that is left alone, before the next one after it is taken.
const MOST_ROLLS: u32 = 16;

/// One of `count` endpoints of those that may be used; `None` when none may.
pub(super) fn draw(
    count: usize,
    may_use: impl Fn(usize) -> bool,
    mut roll: impl FnMut() -> u32,
) -> Option<usize> {
    if count == 0 {
        return None;
    }
    let mut drawn = 0;
    for _ in 0..MOST_ROLLS {
        drawn = scale(roll(), count);
        if may_use(drawn) {
            return Some(drawn);
        }
    }
    (drawn..count).chain(0..drawn).find(|endpoint| may_use(*endpoint))
}

/// A roll as a number below `count`, without the bias of a remainder.
fn scale(roll: u32, count: usize) -> usize {
    ((u64::from(roll) * count as u64) >> 32) as usize
}
