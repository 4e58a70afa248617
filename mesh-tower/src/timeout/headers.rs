//! What a request's own headers say about its time.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const TIMEOUT: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-timeout-ms");
const ALT_RESPONSE: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-timeout-alt-response");
/// Of use to nobody beyond the mesh's client: names for Envoy's own statistics and traces.
const NAMES: [HeaderName; 2] = [
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
    HeaderName::from_static("x-envoy-decorator-operation"),
];

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The limit, in the place of the configured one; zero is none.
    pub(super) limit: Option<Duration>,
    /// Whether the answer to a request that is late is nothing, instead of an error.
    pub(super) is_silent: bool,
}

/// Takes the headers of Envoy's that are about time off a request. What they ask for counts if they are to be trusted.
pub(super) fn take(headers: &mut HeaderMap, is_trusted: bool) -> Asked {
    // Most requests have none of them: that is seen sooner by a look at all names than by one for each of these.
    if !headers.keys().any(|name| name.as_str().starts_with("x-envoy-")) {
        return Asked::default();
    }
    for name in &NAMES {
        headers.remove(name);
    }
    let (limit, silence) = (headers.remove(TIMEOUT), headers.remove(ALT_RESPONSE));
    let asked = Asked { limit: limit.as_ref().and_then(millis), is_silent: silence.is_some() };
    if is_trusted { asked } else { Asked::default() }
}

fn millis(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(limit: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT, HeaderValue::from_static(limit));
        headers.insert(ALT_RESPONSE, HeaderValue::from_static("1"));
        for name in NAMES {
            headers.insert(name, HeaderValue::from_static("mine"));
        }
        headers
    }

    #[test]
    fn what_a_request_asks_for_is_taken_off_and_counts_if_it_is_trusted() {
        for (text, limit) in [("300", Some(300)), ("0", Some(0)), ("x7", None), ("-1", None)] {
            let mut headers = asking(text);
            let expected = Asked { limit: limit.map(Duration::from_millis), is_silent: true };
            assert_eq!(take(&mut headers, true), expected, "{text}");
            assert!(headers.is_empty());
        }
        let mut headers = asking("300");
        assert_eq!(take(&mut headers, false), Asked::default());
        assert!(headers.is_empty());
    }
}
