//! Which headers travel, for how long a table is pinned, and by when a request has to be answered.

use crate::{context::time_left, reply::is_grpc};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body::Body;
use rustc_hash::FxHashSet;
use std::{sync::Arc, time::Duration};

/// How long an inbound request's table decides its calls: 15 seconds.
///
/// Long enough for nearly every request to be decided by one table to its end. Not longer, because an old table also has
/// old endpoints: a handler that streams for hours must not call instances that left long ago.
pub const PINNED_FOR: Duration = Duration::from_secs(15);

/// How long a request waits for the table of documents that are not here yet: 250 milliseconds.
///
/// Callers and callee read the same documents within moments of each other; one that takes longer reads others.
pub const CATCH_UP_WITHIN: Duration = Duration::from_millis(250);

/// The largest body that is taken to arrive with its head: 64 KiB.
const PROMPT: u64 = 1 << 16;

/// The time that a caller gives a request from now on, if it says so.
///
/// A gRPC call's runs from the call. Any other's runs from the end of the request's body, which is not seen here: it is
/// heeded where that can be no great difference.
pub(super) fn time_of<B: Body>(request: &Request<B>) -> Option<Duration> {
    let left = time_left(request.headers())?;
    let is_prompt = || request.body().size_hint().upper().is_some_and(|length| length <= PROMPT);
    (is_grpc(request.headers()) || is_prompt()).then_some(left)
}

/// The headers that trace systems need on every hop, and those that this mesh's users route by.
const USUAL: [&str; 18] = [
    "x-group",
    "x-request-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "baggage",
    "x-ot-span-context",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "sw8",
    "x-cloud-trace-context",
    "grpc-trace-bin",
];

/// The headers that travel from an inbound request to the calls that it causes.
///
/// By default: `x-group`, `x-request-id` and the headers of W3C trace context and baggage, B3, OpenTracing, Datadog,
/// SkyWalking, Google Cloud and gRPC traces. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedHeaders(Arc<FxHashSet<HeaderName>>);

impl CarriedHeaders {
    /// These headers and no others.
    #[must_use]
    pub fn only(names: impl IntoIterator<Item = HeaderName>) -> Self {
        Self(Arc::new(names.into_iter().collect()))
    }

    /// Another header too.
    #[must_use]
    pub fn and(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.0).insert(name);
        self
    }

    /// Whether a header travels.
    pub(super) fn lists(&self, name: &HeaderName) -> bool {
        self.0.contains(name)
    }

    /// Those headers of a request that travel; the values of one name are neighbours.
    pub(super) fn of(&self, headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
        let listed = headers.iter().filter(|(name, _)| self.lists(name));
        listed.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl Default for CarriedHeaders {
    fn default() -> Self {
        Self::only(USUAL.map(HeaderName::from_static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_decides_what_travels() {
        let [group, colour] = ["x-group", "x-colour"].map(HeaderName::from_static);
        let mut headers = HeaderMap::new();
        headers.insert(group.clone(), HeaderValue::from_static("a"));
        headers.append(group.clone(), HeaderValue::from_static("b"));
        headers.insert(colour.clone(), HeaderValue::from_static("red"));

        let names =
            |list: CarriedHeaders| list.of(&headers).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(CarriedHeaders::default()), [group.clone(), group.clone()]);
        assert_eq!(names(CarriedHeaders::only([colour.clone()])), std::slice::from_ref(&colour));
        assert_eq!(names(CarriedHeaders::default().and(colour)).len(), 3);
    }
}
