//! The tokens whose signature was verified already.

use arc_swap::ArcSwapOption;
use std::sync::{Arc, OnceLock};

/// How many tokens of one issuer are remembered: 1,024.
const REMEMBERED: usize = 1024;

/// Remembers tokens by their hash, and by which key set they were good. Nothing else of them is kept: what a token says,
/// and whether its time is over, is looked at each time. One that falls on another's place takes it.
#[derive(Default)]
pub(super) struct Seen(OnceLock<Box<[ArcSwapOption<Entry>]>>);

struct Entry {
    digest: [u8; 32],
    set: u64,
}

impl Seen {
    /// Whether the token of this hash was good by the key set of this number.
    pub(super) fn has(&self, digest: &[u8; 32], set: u64) -> bool {
        let Some(places) = self.0.get() else { return false };
        let entry = places[place(digest)].load();
        entry.as_ref().is_some_and(|entry| entry.digest == *digest && entry.set == set)
    }

    /// Remembers it.
    pub(super) fn add(&self, digest: [u8; 32], set: u64) {
        let places = self.0.get_or_init(|| (0..REMEMBERED).map(|_| ArcSwapOption::empty()).collect());
        places[place(&digest)].store(Some(Arc::new(Entry { digest, set })));
    }
}

fn place(digest: &[u8; 32]) -> usize {
    usize::from(u16::from_le_bytes([digest[0], digest[1]])) % REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_remembered_for_one_key_set() {
        let seen = Seen::default();
        let (one, mut other) = ([7; 32], [7; 32]);
        assert!(!seen.has(&one, 1));
        seen.add(one, 1);
        assert!(seen.has(&one, 1) && !seen.has(&one, 2));
        // On the same place, and not the same token.
        other[31] = 8;
        assert!(!seen.has(&other, 1));
        seen.add(other, 1);
        assert!(seen.has(&other, 1) && !seen.has(&one, 1));
    }
}
