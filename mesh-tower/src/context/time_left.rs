//! How a caller tells the next process how much time it has.

use crate::reply::is_grpc;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{cell::RefCell, time::Duration};

const EXPECTED: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
const GRPC: HeaderName = HeaderName::from_static("grpc-timeout");
/// The most digits of gRPC's number.
const DIGITS: usize = 8;

thread_local! {
    /// The milliseconds that were told last, and how: nearly every first try has all of its rule's time, which is the same
    /// again and again.
    static LAST_TOLD: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static("0"))) };
}

/// What a caller says it waits for an answer, to whom it says so and how; the shortest if it says it twice.
pub(crate) fn time_left(headers: &HeaderMap) -> Option<Duration> {
    let expected = headers.get(EXPECTED).and_then(|value| value.to_str().ok()?.parse().ok());
    let told = [expected.map(Duration::from_millis), grpc_time(headers)];
    told.into_iter().flatten().filter(|limit| !limit.is_zero()).min()
}

/// The limit that a gRPC call names: at most eight digits and a unit. `None` for what is no gRPC call.
pub(crate) fn grpc_time(headers: &HeaderMap) -> Option<Duration> {
    // Asked in this order: most requests are none, and the content type is found sooner.
    let text = is_grpc(headers).then(|| headers.get(GRPC)).flatten()?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Tells the next process how much time is left: all in milliseconds, and a gRPC call in gRPC's way too. Time that is
/// over is told as a millisecond, because zero is no limit.
pub(crate) fn tell_time_left(headers: &mut HeaderMap, left: Duration) {
    let millis = u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1);
    headers.insert(EXPECTED, in_millis(millis));
    if is_grpc(headers)
        && let Ok(value) = HeaderValue::try_from(in_grpc(millis))
    {
        headers.insert(GRPC, value);
    }
}

/// Without an allocation when it is what was told last.
fn in_millis(millis: u64) -> HeaderValue {
    LAST_TOLD.with_borrow_mut(|(last, value)| {
        if *last != millis {
            (*last, *value) = (millis, millis.into());
        }
        value.clone()
    })
}

/// In the smallest unit that has room for it.
fn in_grpc(millis: u64) -> String {
    let most = 10_u64.pow(DIGITS as u32) - 1;
    let units = [(1, 'm'), (1000, 'S'), (60_000, 'M')];
    let fitting = units.into_iter().find(|(unit, _)| millis / unit <= most);
    let (unit, name) = fitting.unwrap_or((3_600_000, 'H'));
    format!("{}{name}", (millis / unit).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CONTENT_TYPE;

    fn grpc(timeout: &'static str) -> HeaderMap {
        let mut headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))]);
        headers.insert(GRPC, HeaderValue::from_static(timeout));
        headers
    }

    #[test]
    fn a_grpc_call_names_its_limit() {
        for (text, limit) in [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("5S", Duration::from_secs(5)),
            ("70m", Duration::from_millis(70)),
            ("8u", Duration::from_micros(8)),
            ("99999999n", Duration::from_nanos(99_999_999)),
        ] {
            assert_eq!(grpc_time(&grpc(text)), Some(limit), "{text}");
        }
        for text in ["", "S", "5", "-1S", "+1S", "5s", "100000000S", "5SS"] {
            assert_eq!(grpc_time(&grpc(text)), None, "{text}");
        }
        let mut plain = grpc("5S");
        plain.remove(CONTENT_TYPE);
        assert_eq!(grpc_time(&plain), None);
    }

    #[test]
    fn the_shorter_of_two_times_counts_and_zero_is_none() {
        for (expected, grpc_says, left) in [
            ("2000", "5S", Some(2000)),
            ("9000", "5S", Some(5000)),
            ("0", "0S", None),
            ("x", "5S", Some(5000)),
        ] {
            let mut headers = grpc(grpc_says);
            headers.insert(EXPECTED, HeaderValue::from_static(expected));
            assert_eq!(time_left(&headers), left.map(Duration::from_millis), "{expected} {grpc_says}");
        }
    }

    #[test]
    fn what_is_left_is_told_in_both_ways_and_never_as_none() {
        for (left, expected, in_grpc) in [
            (Duration::from_micros(69_100), "70", "70m"),
            (Duration::ZERO, "1", "1m"),
            (Duration::from_secs(100_000), "100000000", "100000S"),
            (Duration::from_secs(1 << 33), "8589934592000", "2386092H"),
            (Duration::MAX, "18446744073709551615", "99999999H"),
        ] {
            let mut headers = grpc("5S");
            tell_time_left(&mut headers, left);
            assert_eq!(headers[EXPECTED], expected);
            assert_eq!(headers[GRPC], in_grpc);
        }
        let mut plain = HeaderMap::new();
        tell_time_left(&mut plain, Duration::from_secs(1));
        assert_eq!(plain.len(), 1);
    }
}
