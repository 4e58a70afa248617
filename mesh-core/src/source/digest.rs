//! Digests of text: equal in every process, unlike those of the standard library's hash.

/// Odd numbers without a pattern: the first digits of π.
const KEYS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// A digest of bytes, two words at a time: folded products, as in wyhash. It tells texts apart that differ by accident,
/// and not those of somebody who wants them not to differ.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<16>();
    let state = words.iter().fold(KEYS[0], |state, word| fold(state, *word));
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    then(fold(state, last), bytes.len() as u64)
}

/// A digest of what a digest is of, and of something after it.
pub(super) fn then(digest: u64, next: u64) -> u64 {
    product(digest ^ KEYS[1], next ^ KEYS[0])
}

fn fold(state: u64, word: [u8; 16]) -> u64 {
    let word = u128::from_le_bytes(word);
    product(word as u64 ^ KEYS[1], (word >> 64) as u64 ^ state)
}

fn product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_digest_is_the_same_in_every_process() {
        // Worked out apart from this code, by the same rule.
        assert_eq!(digest(b""), 0x89a9_73ce_319a_d8b5);
        assert_eq!(digest(b"a text that is longer than sixteen bytes"), 0x50b4_0912_a87d_6f8a);
    }

    #[test]
    fn texts_that_differ_in_a_byte_or_in_length_have_digests_of_their_own() {
        let mut seen = HashSet::new();
        for length in 0..200 {
            let mut bytes = vec![0; length];
            assert!(seen.insert(digest(&bytes)), "{length} zeros");
            for at in 0..length {
                for value in [1, 2, 128] {
                    bytes[at] = value;
                    assert!(seen.insert(digest(&bytes)), "{value} at {at} of {length}");
                }
                bytes[at] = 0;
            }
        }
    }
}
