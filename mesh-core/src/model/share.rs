//! A share of requests.

use std::fmt;

/// A share of requests in millionths: 20 % is 200,000. Exact, comparable and cheap to roll against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// No request.
    pub const NONE: Self = Self(0);
    /// Every request.
    pub const ALL: Self = Self(1_000_000);

    /// So many hundredths, at most all.
    #[must_use]
    pub(crate) const fn hundredths(hundredths: u8) -> Self {
        let hundredths = if hundredths > 100 { 100 } else { hundredths };
        Self(hundredths as u32 * 10_000)
    }

    /// The share that a percentage means; `None` unless it is 0, or within 0.0001 to 100.
    #[must_use]
    pub fn from_percent(percent: f64) -> Option<Self> {
        if percent == 0.0 {
            return Some(Self::NONE);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 and 1,000,000")]
        (0.0001..=100.0).contains(&percent).then(|| Self((percent * 10_000.0).round() as u32))
    }

    /// In hundredths, for people.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Whether a roll falls within the share; `roll` is any random number.
    #[must_use]
    pub fn takes(self, roll: u32) -> bool {
        // Scales the roll to 0..1,000,000 without the bias of a remainder.
        (u64::from(roll) * 1_000_000) >> 32 < u64::from(self.0)
    }

    /// Whether a number falls within the share, so that whoever judges the same number judges alike: Envoy looks at what is
    /// left of it by 10,000, and does not see smaller parts of a share.
    #[must_use]
    pub fn takes_number(self, number: u32) -> bool {
        number % 10_000 < self.0 / 100
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_all_are_exact() {
        for roll in [0, 1, u32::MAX / 2, u32::MAX] {
            assert!(Share::ALL.takes(roll));
            assert!(!Share::NONE.takes(roll));
        }
        assert!(Share::ALL.takes_number(9_999) && !Share::NONE.takes_number(0));
        assert_eq!(Share::from_percent(100.0), Some(Share::ALL));
        for wrong in [-1.0, 0.000_01, 100.1, f64::NAN] {
            assert_eq!(Share::from_percent(wrong), None);
        }
    }
    #[test]
    fn a_number_is_judged_by_its_last_four_digits() {
        let share = Share::hundredths(1);
        assert!(share.takes_number(99) && share.takes_number(1_230_099));
        assert!(!share.takes_number(100) && !share.takes_number(1_230_100));
        assert!(!Share(99).takes_number(0), "as Envoy cuts what it cannot see");
    }
}
