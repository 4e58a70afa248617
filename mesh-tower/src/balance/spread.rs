//! What the tests of hash tables and dice share.

use xxhash_rust::xxh64::xxh64;

/// Endpoints of these weights.
pub(super) fn named(weights: &[u32]) -> Vec<(String, f64)> {
    (1..)
        .zip(weights)
        .map(|(number, weight): (u32, _)| (format!("10.0.0.{number}:8080"), f64::from(*weight)))
        .collect()
}

/// Endpoints on the ports 18471 and up, as those were among which Envoy 1.40 chose.
pub(super) fn at_home(weights: &[u32]) -> Vec<(String, f64)> {
    (18_471..)
        .zip(weights)
        .map(|(port, weight): (u32, _)| (format!("127.0.0.1:{port}"), f64::from(*weight)))
        .collect()
}

/// The endpoints of the header values `user-0` to `user-59`, from 1.
pub(super) fn chosen_for_users(find: impl Fn(u64) -> Option<usize>) -> String {
    let hashes = (0..60).map(|user| xxh64(format!("user-{user}").as_bytes(), 0));
    hashes.map(|hash| find(hash).map_or_else(String::new, |chosen| (chosen + 1).to_string())).collect()
}

/// The hashes of so many different keys.
pub(super) fn keys(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|key| xxh64(&key.to_le_bytes(), 7))
}

/// The share of keys that move from one table to another, of those that belonged to `gone` and of all others.
pub(super) fn moved(
    gone: usize,
    before: impl Fn(u64) -> Option<usize>,
    after: impl Fn(u64) -> Option<usize>,
) -> (f64, f64) {
    const KEYS: u64 = 100_000;
    let moved = keys(KEYS).filter(|key| before(*key) != after(*key));
    let (own, others): (Vec<_>, Vec<_>) = moved.partition(|key| before(*key) == Some(gone));
    (own.len() as f64 / KEYS as f64, others.len() as f64 / KEYS as f64)
}

/// How far counts are from what was expected: the statistic of Pearson's chi-squared test.
pub(super) fn chi_squared(seen: &[u32], weights: &[f64]) -> f64 {
    let (total, whole) = (f64::from(seen.iter().sum::<u32>()), weights.iter().sum::<f64>());
    let expected = weights.iter().map(|weight| total * weight / whole);
    seen.iter().zip(expected).map(|(seen, expected)| (f64::from(*seen) - expected).powi(2) / expected).sum()
}
