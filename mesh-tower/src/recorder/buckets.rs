//! The bounds of a histogram's buckets.

use std::{fmt, sync::Arc};

/// Istio's, in milliseconds for times and in bytes for sizes.
const ISTIO: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// Those of Prometheus' own clients.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The most bounds that a histogram may have: each is a series to whoever reads them.
const MOST: usize = 256;

/// The upper bounds of a histogram's buckets, each of which is part of its bucket. Whatever is larger than the last has a
/// bucket of its own. Clones share them.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Arc<[f64]>);

impl Buckets {
    /// These bounds, from 1 to 256 of them.
    ///
    /// # Errors
    /// When there are none or too many, one is not a finite number, or one is not larger than the one before.
    pub fn new(bounds: impl IntoIterator<Item = f64>) -> Result<Self, InvalidBuckets> {
        let bounds: Arc<[f64]> = bounds.into_iter().collect();
        let is_right = (1..=MOST).contains(&bounds.len())
            && bounds.iter().all(|bound| bound.is_finite())
            && bounds.is_sorted_by(|before, after| before < after);
        if is_right { Ok(Self(bounds)) } else { Err(InvalidBuckets) }
    }

    /// Istio's: from 0.5 to 3,600,000, for milliseconds and for bytes.
    #[must_use]
    pub fn istio() -> Self {
        Self(Arc::from(ISTIO))
    }

    /// Those of Prometheus' own clients: from 5 ms to 10 s, in seconds.
    #[must_use]
    pub fn seconds() -> Self {
        Self(Arc::from(SECONDS))
    }

    /// The bounds, the smallest first.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.0
    }

    /// The bucket that a value falls into; the number of bounds for one that is larger than all.
    pub(super) fn of(&self, value: f64) -> usize {
        self.0.partition_point(|bound| *bound < value)
    }
}

/// Why bounds are none of a histogram; `Display` says what they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBuckets;

impl fmt::Display for InvalidBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a histogram has from 1 to {MOST} bounds, each a finite number and larger than the one before"
        )
    }
}

impl std::error::Error for InvalidBuckets {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_part_of_its_bucket() {
        let buckets = Buckets::istio();
        for (value, bucket) in [(-1.0, 0), (0.0, 0), (0.5, 0), (0.6, 1), (3_600_000.0, 18), (4e6, 19)] {
            assert_eq!(buckets.of(value), bucket, "{value}");
        }
    }

    #[test]
    fn bounds_go_up_and_are_numbers() {
        for wrong in [&[][..], &[1.0, 1.0], &[2.0, 1.0], &[f64::NAN], &[1.0, f64::INFINITY], &[0.0; 257]] {
            assert_eq!(Buckets::new(wrong.iter().copied()), Err(InvalidBuckets), "{wrong:?}");
        }
        assert!(Buckets::new([-1.0, 0.0, 1e300]).is_ok());
    }
}
