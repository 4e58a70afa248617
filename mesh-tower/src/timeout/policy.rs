//! How much time a request has, and which responses it is for.

use crate::{Routed, reply::is_grpc};
use http::{HeaderMap, Request, StatusCode};
use std::time::Duration;

/// Where the limit is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// Here.
    Fixed(Duration),
    /// In the rule that matched.
    Routed,
}

impl Origin {
    /// The time that a request has; `None` when it is not limited.
    pub(super) fn limit<B>(self, request: &Request<B>) -> Option<Duration> {
        let configured = match self {
            Self::Fixed(limit) => Some(limit),
            Self::Routed => {
                let rule = request.extensions().get::<Routed>().and_then(Routed::rule);
                rule.and_then(|rule| rule.route.timeout)
            }
        };
        shorter(configured, asked(request.headers()))
    }
}

/// The shorter of two limits; zero limits nothing.
fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().filter(|limit| !limit.is_zero()).min()
}

/// The limit that a gRPC call names itself: at most eight digits and a unit.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout").filter(|_| is_grpc(headers))?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
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

/// Whether a response hands the connection over to another protocol.
pub(super) fn is_upgrade(asks_for_tunnel: bool, status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS || (asks_for_tunnel && status.is_success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header::CONTENT_TYPE};

    fn grpc(timeout: &'static str) -> HeaderMap {
        let mut headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))]);
        headers.insert("grpc-timeout", HeaderValue::from_static(timeout));
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
            assert_eq!(asked(&grpc(text)), Some(limit), "{text}");
        }
        for text in ["", "S", "5", "-1S", "+1S", "5s", "100000000S", "5SS"] {
            assert_eq!(asked(&grpc(text)), None, "{text}");
        }
        let mut plain = grpc("5S");
        plain.remove(CONTENT_TYPE);
        assert_eq!(asked(&plain), None);
    }

    #[test]
    fn the_shorter_limit_counts_and_zero_is_none() {
        let [one, two] = [1, 2].map(|n| Some(Duration::from_secs(n)));
        assert_eq!(shorter(one, two), one);
        assert_eq!(shorter(None, two), two);
        assert_eq!(shorter(Some(Duration::ZERO), two), two);
        assert_eq!(shorter(Some(Duration::ZERO), None), None);
    }

    #[test]
    fn only_a_tunnel_or_a_switch_is_an_upgrade() {
        assert!(is_upgrade(false, StatusCode::SWITCHING_PROTOCOLS) && is_upgrade(true, StatusCode::OK));
        assert!(!is_upgrade(false, StatusCode::OK) && !is_upgrade(true, StatusCode::BAD_GATEWAY));
    }
}
