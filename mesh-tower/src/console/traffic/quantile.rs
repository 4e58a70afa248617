//! Quantiles of histograms.

/// The value below which a share of a histogram lies, as Prometheus' `histogram_quantile` has it: buckets are taken to be
/// filled evenly, and what is beyond the last bound is at it. `None` where nothing is counted.
pub(super) fn quantile(share: f64, buckets: &[(f64, f64)]) -> Option<f64> {
    let (last_bound, total) = *buckets.last()?;
    if total <= 0.0 || !last_bound.is_infinite() {
        return None;
    }
    let rank = share * total;
    let at = buckets.iter().position(|(_, count)| *count >= rank)?;
    let (bound, count) = buckets[at];
    let (low, below) = match at.checked_sub(1) {
        Some(before) => buckets[before],
        None => (0.0, 0.0),
    };
    if bound.is_infinite() || count <= below {
        return Some(low);
    }
    Some(low + (bound - low) * (rank - below) / (count - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_buckets() {
        let buckets = [(1.0, 50.0), (5.0, 90.0), (10.0, 98.0), (f64::INFINITY, 100.0)];
        assert_eq!(quantile(0.5, &buckets), Some(1.0));
        assert_eq!(quantile(0.25, &buckets), Some(0.5));
        assert_eq!(quantile(0.7, &buckets), Some(3.0));
        assert_eq!(quantile(0.99, &buckets), Some(10.0));
        assert_eq!(quantile(0.5, &[(1.0, 0.0), (f64::INFINITY, 0.0)]), None);
        assert_eq!(quantile(0.5, &[]), None);
    }
}
