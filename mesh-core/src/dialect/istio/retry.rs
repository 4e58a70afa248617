//! When a failed request is tried again.

use super::Site;
use crate::{
    document::{self, Path},
    model::{Retriable, RetryOn, RetryPolicy},
};
use http::StatusCode;

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &document::Retry) -> RetryPolicy {
    check(site, at, written);
    let (on, statuses) = retry_on(site, &at.field("retryOn"), &written.retry_on);
    let default = RetryPolicy::default();
    RetryPolicy {
        attempts: written.attempts.try_into().unwrap_or_default(),
        per_try_timeout: written.per_try_timeout,
        on,
        statuses,
        leaves_locality: written.retry_remote_localities.unwrap_or_default(),
        avoids_previous: written.retry_ignore_previous_hosts,
        backoff: written.backoff.unwrap_or(default.backoff),
    }
}

fn check(site: Site<'_>, at: &Path<'_>, written: &document::Retry) {
    let attempts_at = at.field("attempts");
    if written.attempts < 0 {
        site.check.refuse_with(&attempts_at, "attempts cannot be negative", "write 0 for no retries");
    }
    let says_more = written.per_try_timeout.is_some()
        || !written.retry_on.is_empty()
        || written.retry_remote_localities.is_some();
    if written.attempts == 0 && says_more {
        let reason = "http retry policy configured when attempts are set to 0 (disabled)";
        site.check.refuse_with(at, reason, "write attempts: 2, or remove the rest");
    }
    site.maybe_duration(at, "perTryTimeout", written.per_try_timeout);
    site.maybe_duration(at, "backoff", written.backoff);
}

/// Reads names and statuses with commas between them; none are the mesh's.
fn retry_on(site: Site<'_>, at: &Path<'_>, written: &str) -> (RetryOn, Vec<u16>) {
    if written.is_empty() {
        return (RetryOn::DEFAULT, Vec::new());
    }
    let (mut on, mut statuses) = (RetryOn::NONE, Vec::new());
    for token in written.split(',') {
        let status = StatusCode::from_bytes(token.as_bytes()).ok();
        if let Some(kind) = Retriable::named(token) {
            on = on.with(kind);
        } else if let Some(status) = status.filter(|status| status.canonical_reason().is_some()) {
            on = on.with(Retriable::StatusCodes);
            statuses.push(status.as_u16());
        } else {
            let remedy =
                "write statuses, or names such as 5xx and connect-failure, with commas and no spaces";
            site.check.refuse_with(at, format!("{token:?} is not a valid retryOn policy"), remedy);
        }
    }
    (on, statuses)
}
