//! What else applies to an HTTP rule. All of it is checked; none of it has an effect yet.

use super::{Site, destination};
use crate::{
    document::{self, Path, StringMatch},
    model::Pattern,
};
use http::{HeaderName, StatusCode};

/// Checks the tries, mirrors and cross-origin policy of a rule, and says that they have no effect yet.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) {
    if let Some(retries) = &written.retries {
        check_retries(site, &at.field("retries"), retries);
    }
    check_mirrors(site, at, written);
    if let Some(policy) = &written.cors_policy {
        check_cors(site, &at.field("corsPolicy"), policy);
    }
    site.later(
        at,
        &[
            ("retries", written.retries.is_some()),
            ("mirror", written.mirror.is_some()),
            ("mirrors", !written.mirrors.is_empty()),
            ("mirrorPercentage", written.mirror_percentage.is_some()),
            ("corsPolicy", written.cors_policy.is_some()),
        ],
    );
}

/// The failures that can be tried again, by Envoy's names.
const RETRY_ON: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

fn check_retries(site: Site<'_>, at: &Path<'_>, written: &document::Retry) {
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
    let retry_on = at.field("retryOn");
    for token in written.retry_on.split(',').filter(|_| !written.retry_on.is_empty()) {
        let is_status =
            StatusCode::from_bytes(token.as_bytes()).is_ok_and(|code| code.canonical_reason().is_some());
        if !is_status && !RETRY_ON.contains(&token) {
            let remedy =
                "write statuses, or names such as 5xx and connect-failure, with commas and no spaces";
            site.check.refuse_with(&retry_on, format!("{token:?} is not a valid retryOn policy"), remedy);
        }
    }
}

fn check_mirrors(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) {
    if written.mirror.is_some() && !written.mirrors.is_empty() {
        let remedy = "move mirror into mirrors";
        site.check.refuse_with(at, "HTTP route cannot contain both mirror and mirrors", remedy);
    }
    if let Some(percent) = written.mirror_percent {
        let at = at.field("mirrorPercent");
        if percent > 100 {
            site.check.refuse(&at, format!("mirror_percent must have a max value of 100 (it has {percent})"));
        }
        let reason = "using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead; \
                      it is accepted, but has no effect yet";
        site.check.warn(&at, reason, format!("write mirrorPercentage: {{value: {percent}}}"));
    }
    check_share(site, &at.field("mirrorPercentage"), written.mirror_percentage, "mirror_percentage");
    if let Some(mirror) = &written.mirror {
        destination::check(site, &at.field("mirror"), mirror);
    }
    let mirrors_at = at.field("mirrors");
    for (index, mirror) in written.mirrors.iter().enumerate() {
        let at = mirrors_at.index(index);
        match &mirror.destination {
            Some(to) => destination::check(site, &at.field("destination"), to),
            None => {
                let remedy = "write destination: {host: …}";
                site.check.refuse_with(&at, "destination is required for mirrors", remedy);
            }
        }
        check_share(site, &at.field("percentage"), mirror.percentage, "mirror percentage");
    }
}

fn check_share(site: Site<'_>, at: &Path<'_>, written: Option<document::Percent>, name: &str) {
    let Some(document::Percent(value)) = written else { return };
    if value > 100.0 {
        site.check.refuse(at, format!("{name} must have a max value of 100 (it has {value:.6})"));
    }
    if value < 0.0 {
        site.check.refuse(at, format!("{name} must have a min value of 0 (it has {value:.6})"));
    }
}

/// The methods that Go knows.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];

fn check_cors(site: Site<'_>, at: &Path<'_>, written: &document::CorsPolicy) {
    let origins_at = at.field("allowOrigins");
    for (index, origin) in written.allow_origins.iter().enumerate() {
        check_origin(site, &origins_at.index(index), origin);
    }
    if !written.allow_origin.is_empty() {
        let remedy = "write allowOrigins: [{exact: …}]";
        site.check.warn(&at.field("allowOrigin"), "is the older spelling of allowOrigins", remedy);
    }
    let methods_at = at.field("allowMethods");
    for (index, method) in written.allow_methods.iter().enumerate() {
        if !METHODS.contains(&method.as_str()) {
            let reason = format!("{method:?} is not a supported HTTP method");
            site.check.refuse_with(&methods_at.index(index), reason, "write it in capitals");
        }
    }
    for (field, names) in
        [("allowHeaders", &written.allow_headers), ("exposeHeaders", &written.expose_headers)]
    {
        let at = at.field(field);
        for (index, name) in names.iter().enumerate() {
            check_header(site, &at.index(index), name);
        }
    }
    if let Some(age) = written.max_age {
        let at = at.field("maxAge");
        site.duration(&at, age);
        if age.subsec_nanos() != 0 {
            site.check.refuse(&at, "max_age duration is accurate only to seconds precision");
        }
    }
}

fn check_origin(site: Site<'_>, at: &Path<'_>, origin: &StringMatch) {
    match origin {
        StringMatch::Regex(source) if !source.is_empty() => {
            site.check.accept(at, Pattern::parse(source));
        }
        StringMatch::Exact(text) | StringMatch::Prefix(text) if !text.is_empty() => {}
        _ => {
            let remedy = "write {exact: …}, {prefix: …} or {regex: …}";
            site.check.refuse_with(at, "'' is not a valid match type for CORS allow origins", remedy);
        }
    }
}

fn check_header(site: Site<'_>, at: &Path<'_>, name: &str) {
    if name.is_empty() {
        site.check.refuse(at, "header name cannot be empty");
    } else if name != "*" && HeaderName::from_bytes(name.as_bytes()).is_err() {
        site.check.refuse(at, format!("header name {name} is not a valid header name"));
    }
}
