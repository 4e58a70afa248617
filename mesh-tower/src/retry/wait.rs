//! How long the wait before a retry is.

use http::{HeaderMap, HeaderName, header::RETRY_AFTER};
use std::time::Duration;

const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// The longest time that an endpoint may ask for, as in Envoy.
const MOST: Duration = Duration::from_secs(300);

/// The wait before the `retry`-th retry, from 1: any time below (2ⁿ - 1) bases, and below ten. `roll` is any random
/// number.
pub(super) fn wait(base: Duration, retry: u32, roll: u32) -> Duration {
    let bases = 2_u32.saturating_pow(retry).saturating_sub(1).min(10);
    part(base.saturating_mul(bases), roll)
}

/// How long an answer asks to be left alone: whole seconds in `retry-after`, or in `x-ratelimit-reset`. What is no number
/// of seconds up to five minutes is passed over: a date, for one.
pub(super) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let times = [RETRY_AFTER, RATE_LIMIT_RESET].into_iter().filter_map(seconds).map(Duration::from_secs);
    times.into_iter().find(|time| *time <= MOST)
}

/// The wait that heeds what was asked for: that time, and up to half of it more, so that not all come back at once.
pub(super) fn heeding(asked: Duration, roll: u32) -> Duration {
    asked + part(asked / 2, roll)
}

fn part(of: Duration, roll: u32) -> Duration {
    let nanos = (of.as_nanos() * u128::from(roll)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const BASE: Duration = Duration::from_millis(25);

    #[test]
    fn a_wait_is_below_its_bound_whatever_the_roll() {
        for (retry, bases) in [(1, 1), (2, 3), (3, 7), (4, 10), (5, 10), (40, 10)] {
            let longest = wait(BASE, retry, u32::MAX);
            assert!(longest < BASE * bases && longest > BASE * bases - Duration::from_micros(1));
            assert_eq!(wait(BASE, retry, 1 << 31), BASE * bases / 2);
            assert_eq!(wait(BASE, retry, 0), Duration::ZERO);
        }
        // An absurd base is no panic.
        assert!(wait(Duration::MAX, 2, u32::MAX) > Duration::from_secs(1 << 33));
    }

    #[test]
    fn an_endpoint_says_for_how_long_it_wants_to_be_left_alone() {
        for (after, reset, expected) in [
            (Some("2"), None, Some(2)),
            (None, Some("3"), Some(3)),
            (Some("2"), Some("3"), Some(2)),
            (Some("Sun, 22 Nov 2026 12:00:00 GMT"), Some("3"), Some(3)),
            (Some("301"), Some("300"), Some(300)),
            (None, Some("1795000000"), None),
            (Some("-1"), None, None),
            (None, None, None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(RETRY_AFTER, after), (RATE_LIMIT_RESET, reset)] {
                value.and_then(|value| headers.insert(name, HeaderValue::from_static(value)));
            }
            assert_eq!(asked(&headers), expected.map(Duration::from_secs), "{after:?} {reset:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_kept_and_at_most_half_of_it_added() {
        let two = Duration::from_secs(2);
        assert_eq!(heeding(two, 0), two);
        assert_eq!(heeding(two, 1 << 31), two * 5 / 4);
        let longest = heeding(two, u32::MAX);
        assert!(longest < two * 3 / 2 && longest > two * 3 / 2 - Duration::from_micros(1));
    }
}
