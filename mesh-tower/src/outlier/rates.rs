//! Which endpoints answer well less often than others, interval by interval.

/// Ejects endpoints that answered well much less often than the others did. Envoy's numbers are the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SuccessRate {
    /// How many endpoints must have been asked often enough. Default: 5.
    pub least_endpoints: usize,
    /// How often is often enough, in one interval. Default: 100.
    pub least_requests: u32,
    /// How far below the mean of all a share of good answers may be, in thousandths of their standard deviation. Default:
    /// 1900.
    pub deviation: u32,
}

/// Ejects endpoints that failed too often. Envoy's numbers are the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FailurePercentage {
    /// How many endpoints must have been asked often enough. Default: 5.
    pub least_endpoints: usize,
    /// How often is often enough, in one interval. Default: 50.
    pub least_requests: u32,
    /// Which share of failures is too many, in hundredths. Default: 85.
    pub percent: u8,
}

impl Default for SuccessRate {
    fn default() -> Self {
        Self { least_endpoints: 5, least_requests: 100, deviation: 1900 }
    }
}

impl Default for FailurePercentage {
    fn default() -> Self {
        Self { least_endpoints: 5, least_requests: 50, percent: 85 }
    }
}

/// What counts besides rows of failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) success: Option<SuccessRate>,
    pub(super) failure: Option<FailurePercentage>,
}

/// How often an endpoint was asked in one interval, and how often it answered well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) asked: u32,
    pub(super) good: u32,
}

impl Seen {
    /// The share of good answers, in hundredths.
    fn percent(self) -> f64 {
        f64::from(self.good) * 100.0 / f64::from(self.asked)
    }
}

impl Rates {
    /// Whether anything is to be counted.
    pub(super) fn are_watched(self) -> bool {
        self != Self::default()
    }

    /// The endpoints that are to be ejected for what was seen of each in an interval, by their places: first those that
    /// succeeded less often than others, then those that failed too often.
    pub(super) fn outliers(self, seen: &[Seen]) -> Vec<usize> {
        let mut outliers = self.success.map(|rules| rules.outliers(seen)).unwrap_or_default();
        for place in self.failure.map(|rules| rules.outliers(seen)).unwrap_or_default() {
            if !outliers.contains(&place) {
                outliers.push(place);
            }
        }
        outliers
    }
}

impl SuccessRate {
    fn outliers(self, seen: &[Seen]) -> Vec<usize> {
        let often = asked_often(seen, self.least_requests);
        if often.is_empty() || often.len() < self.least_endpoints {
            return Vec::new();
        }
        let count = often.len() as f64;
        let mean = often.iter().map(|(_, percent)| percent).sum::<f64>() / count;
        let variance = often.iter().map(|(_, percent)| (percent - mean).powi(2)).sum::<f64>() / count;
        let least = mean - f64::from(self.deviation) / 1000.0 * variance.sqrt();
        places(often, |percent| percent < least)
    }
}

impl FailurePercentage {
    fn outliers(self, seen: &[Seen]) -> Vec<usize> {
        let often = asked_often(seen, self.least_requests);
        if often.len() < self.least_endpoints {
            return Vec::new();
        }
        places(often, |percent| 100.0 - percent >= f64::from(self.percent))
    }
}

/// The places of endpoints that were asked so often, and their shares of good answers.
fn asked_often(seen: &[Seen], least: u32) -> Vec<(usize, f64)> {
    let often = seen.iter().enumerate().filter(|(_, seen)| seen.asked >= least.max(1));
    often.map(|(place, seen)| (place, seen.percent())).collect()
}

fn places(shares: Vec<(usize, f64)>, is_outlier: impl Fn(f64) -> bool) -> Vec<usize> {
    shares.into_iter().filter(|(_, percent)| is_outlier(*percent)).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(all: &[(u32, u32)]) -> Vec<Seen> {
        all.iter().map(|(asked, good)| Seen { asked: *asked, good: *good }).collect()
    }

    #[test]
    fn who_succeeds_much_less_often_than_others_is_an_outlier() {
        let rules = SuccessRate::default();
        for (all, expected) in [
            // The mean is 94, the deviation 12: less than 71.2 is too little.
            (&[(100, 100), (100, 100), (100, 100), (100, 100), (100, 70)][..], &[4][..]),
            (&[(100, 100), (100, 100), (100, 100), (100, 70), (100, 70)], &[]),
            // They are all alike.
            (&[(100, 0); 5], &[]),
            (&[(100, 100); 5], &[]),
            // Asked once too seldom, or one too few of them: nobody is compared.
            (&[(100, 100), (100, 100), (100, 100), (100, 100), (99, 0)], &[]),
            (&[(100, 100), (100, 100), (100, 100), (100, 0)], &[]),
            (&[(100, 100), (100, 100), (100, 100), (100, 100), (100, 100), (99, 0)], &[]),
            (&[], &[]),
        ] {
            assert_eq!(rules.outliers(&seen(all)), expected, "{all:?}");
        }
        let stricter = SuccessRate { deviation: 1000, ..rules };
        let all = [(100, 100), (100, 100), (100, 100), (100, 70), (100, 70)];
        assert_eq!(stricter.outliers(&seen(&all)), [3, 4]);
        let few = SuccessRate { least_endpoints: 0, least_requests: 0, ..rules };
        assert_eq!(few.outliers(&seen(&[(0, 0), (0, 0)])), [0; 0]);
    }

    #[test]
    fn who_fails_too_often_is_an_outlier_whatever_others_do() {
        let rules = FailurePercentage::default();
        for (all, expected) in [
            (&[(100, 15), (100, 16), (50, 0), (60, 60), (70, 70)][..], &[0, 2][..]),
            (&[(50, 0); 5], &[0, 1, 2, 3, 4]),
            (&[(50, 0), (50, 0), (50, 0), (50, 0), (49, 0)], &[]),
            (&[(50, 0); 4], &[]),
        ] {
            assert_eq!(rules.outliers(&seen(all)), expected, "{all:?}");
        }
    }

    #[test]
    fn each_is_told_once_and_nothing_where_nothing_is_asked_for() {
        let all = seen(&[(100, 0), (100, 100), (100, 100), (100, 100), (100, 100), (60, 0)]);
        let both =
            Rates { success: Some(SuccessRate::default()), failure: Some(FailurePercentage::default()) };
        assert_eq!(both.outliers(&all), [0, 5]);
        assert_eq!(Rates::default().outliers(&all), [0; 0]);
    }
}
