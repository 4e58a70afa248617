//! When a certificate is renewed, and when people hear that it was not.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The wait after a first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait between failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long to keep what has so much time left: half of that, a hundredth sooner or later by the dice, so that
/// workloads that started together do not ask together for ever.
pub(super) fn until_renewal(left: Duration, roll: u32) -> Duration {
    left.mul_f64(0.5 * jitter(roll))
}

/// How long to wait after so many failures in a row: twice as long each time, but never so long that a certificate of
/// this lifetime misses its authority's return.
pub(super) fn pause(failures: u32, lifetime: Duration, roll: u32) -> Duration {
    let longest = (lifetime / 20).clamp(FIRST_PAUSE, LONGEST_PAUSE);
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(longest).mul_f64(jitter(roll))
}

/// How long before its end a certificate that was not renewed is worth a warning: a day, or the last tenth of its life.
pub(super) fn notice(lifetime: Duration) -> Duration {
    (lifetime / 10).min(DAY)
}

/// Between 0.99 and 1.01.
fn jitter(roll: u32) -> f64 {
    0.99 + 0.02 * (f64::from(roll) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_is_at_half_of_what_is_left_give_or_take_a_hundredth() {
        assert_eq!(until_renewal(DAY, 0), DAY.mul_f64(0.495));
        assert_eq!(until_renewal(DAY, u32::MAX), DAY.mul_f64(0.505));
        let middle = until_renewal(DAY, u32::MAX / 2);
        assert!(middle.abs_diff(DAY / 2) < Duration::from_millis(1), "{middle:?}");
    }

    #[test]
    fn pauses_double_up_to_what_the_certificate_can_bear() {
        let middle = u32::MAX / 2;
        let millis = |failures, lifetime| pause(failures, lifetime, middle).as_millis();
        let close = |got: u128, want: u128| assert!(got.abs_diff(want) <= 1, "{got} instead of {want}");
        for (failures, want) in [(1, 100), (2, 200), (3, 400), (10, 51_200), (11, 60_000), (u32::MAX, 60_000)]
        {
            close(millis(failures, DAY), want);
        }
        close(millis(9, Duration::from_secs(20)), 1_000);
        close(millis(9, Duration::ZERO), 100);
    }

    #[test]
    fn a_day_is_notice_enough_and_short_lives_have_a_tenth() {
        assert_eq!(notice(90 * DAY), DAY);
        assert_eq!(notice(DAY), DAY / 10);
    }
}
