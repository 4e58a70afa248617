//! What a request's own headers say about its tries, and what is told to the endpoint.

use super::policy::Plan;
use crate::context::tell_time_left;
use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_core::model::{Retriable, RetryOn};
use std::{str::FromStr, time::Duration};

const MAX_RETRIES: HeaderName = HeaderName::from_static("x-envoy-max-retries");
const RETRY_ON: HeaderName = HeaderName::from_static("x-envoy-retry-on");
const RETRY_GRPC_ON: HeaderName = HeaderName::from_static("x-envoy-retry-grpc-on");
const STATUS_CODES: HeaderName = HeaderName::from_static("x-envoy-retriable-status-codes");
const HEADER_NAMES: HeaderName = HeaderName::from_static("x-envoy-retriable-header-names");
const PER_TRY_TIMEOUT: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms");
/// Asks for tries that run side by side.
const HEDGE: HeaderName = HeaderName::from_static("x-envoy-hedge-on-per-try-timeout");

const ATTEMPT_COUNT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");
const IS_TIMEOUT_RETRY: HeaderName = HeaderName::from_static("x-envoy-is-timeout-retry");

/// Takes the headers that ask for retries off a request, and changes its plan as they ask if they are to be trusted.
pub(super) fn take(headers: &mut HeaderMap, plan: &mut Plan, is_trusted: bool) {
    // Most requests have none of them: that is seen sooner by a look at all names than by one for each of these.
    if !headers.keys().any(|name| name.as_str().starts_with("x-envoy-")) {
        return;
    }
    let mut take = |name| headers.remove(name).filter(|_| is_trusted);
    let (on, grpc_on) = (take(RETRY_ON), take(RETRY_GRPC_ON));
    take(HEDGE);
    take(IS_TIMEOUT_RETRY);
    let (codes, names) = (take(STATUS_CODES), take(HEADER_NAMES));
    let (most, per_try) = (take(MAX_RETRIES), take(PER_TRY_TIMEOUT));
    plan.on = with_kinds(plan.on, on.as_ref(), |kind| !is_grpc(kind));
    plan.on = with_kinds(plan.on, grpc_on.as_ref(), is_grpc);
    plan.statuses = list(codes.as_ref()).filter_map(|code| code.parse().ok()).collect();
    plan.headers = list(names.as_ref()).filter_map(|name| name.parse().ok()).collect();
    if let Some(most) = number(most.as_ref()) {
        plan.attempts = most;
    }
    if let Some(millis) = number(per_try.as_ref()) {
        plan.per_try = Some(Duration::from_millis(millis));
    }
}

/// Says which try this is, from 1, whether it is one because the one before took too long, and how much time it has, in the
/// head of the first, off which whatever its sender said of that was taken.
pub(super) fn tell(headers: &mut HeaderMap, attempt: u32, was_late: bool, left: Option<Duration>) {
    // The first, nearly always the only one, is told without an allocation.
    let count = if attempt == 1 { HeaderValue::from_static("1") } else { attempt.into() };
    headers.insert(ATTEMPT_COUNT, count);
    if was_late {
        headers.insert(IS_TIMEOUT_RETRY, HeaderValue::from_static("true"));
    }
    if let Some(left) = left {
        tell_time_left(headers, left);
    }
}

fn with_kinds(on: RetryOn, value: Option<&HeaderValue>, belongs: fn(Retriable) -> bool) -> RetryOn {
    list(value).filter_map(Retriable::named).filter(|kind| belongs(*kind)).fold(on, RetryOn::with)
}

fn is_grpc(kind: Retriable) -> bool {
    use Retriable as R;
    matches!(kind, R::Cancelled | R::DeadlineExceeded | R::Internal | R::ResourceExhausted | R::Unavailable)
}

fn list(value: Option<&HeaderValue>) -> impl Iterator<Item = &str> {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default().split(',').map(str::trim)
}

fn number<N: FromStr>(value: Option<&HeaderValue>) -> Option<N> {
    value?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking() -> HeaderMap {
        let pairs = [
            (MAX_RETRIES, "5"),
            (RETRY_ON, "5xx, retriable-status-codes,unavailable,nonsense"),
            (RETRY_GRPC_ON, "cancelled,reset"),
            (STATUS_CODES, "418,x, 429"),
            (HEADER_NAMES, "x-again, X-Later,"),
            (PER_TRY_TIMEOUT, "70"),
            (HEDGE, "true"),
            (IS_TIMEOUT_RETRY, "true"),
        ];
        HeaderMap::from_iter(pairs.map(|(name, value)| (name, HeaderValue::from_static(value))))
    }

    #[test]
    fn a_trusted_request_adds_to_what_is_retried_and_says_how_often() {
        let mut headers = asking();
        let mut plan = Plan { on: RetryOn::NONE.with(Retriable::Conflict), attempts: 2, ..Plan::default() };
        take(&mut headers, &mut plan, true);
        assert!(headers.is_empty());
        let names: Vec<_> = plan.on.names().collect();
        assert_eq!(names, ["5xx", "retriable-4xx", "retriable-status-codes", "cancelled"]);
        assert_eq!((plan.attempts, &*plan.statuses), (5, &[418, 429][..]));
        assert_eq!(plan.headers, ["x-again", "x-later"]);
        assert_eq!(plan.per_try, Some(Duration::from_millis(70)));
    }

    #[test]
    fn a_strangers_headers_are_taken_off_and_do_nothing() {
        let mut headers = asking();
        let mut plan = Plan::default();
        take(&mut headers, &mut plan, false);
        assert!(headers.is_empty());
        assert_eq!(plan, Plan::default());
    }

    #[test]
    fn a_try_says_its_number_and_whether_the_last_one_was_late() {
        let mut headers = HeaderMap::new();
        tell(&mut headers, 1, false, None);
        assert_eq!(headers[ATTEMPT_COUNT], "1");
        tell(&mut headers, 2, true, Some(Duration::from_secs(1)));
        assert_eq!(
            (&headers[ATTEMPT_COUNT], &headers[IS_TIMEOUT_RETRY]),
            (&"2".parse().unwrap(), &"true".parse().unwrap())
        );
    }
}
