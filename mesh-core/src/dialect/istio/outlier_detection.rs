//! When an endpoint that fails is left alone.

use super::Site;
use crate::{
    document::{OutlierDetection, Path},
    model,
};

pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &OutlierDetection,
) -> model::OutlierDetection {
    check(site, at, written);
    let default = model::OutlierDetection::default();
    let (server, gateway) = thresholds(written);
    let percent = |written: i32| u8::try_from(written).unwrap_or_default();
    model::OutlierDetection {
        consecutive_5xx: server.unwrap_or(default.consecutive_5xx),
        consecutive_gateway_errors: gateway.unwrap_or(default.consecutive_gateway_errors),
        splits_local_origin: written.split_external_local_origin_errors,
        consecutive_local_origin_failures: written
            .consecutive_local_origin_failures
            .unwrap_or(default.consecutive_local_origin_failures),
        error_statuses: written
            .http_error_codes
            .iter()
            .filter_map(|code| u16::try_from(*code).ok())
            .collect(),
        interval: written.interval.unwrap_or(default.interval),
        base_ejection_time: written.base_ejection_time.unwrap_or(default.base_ejection_time),
        // Zero is what is not written.
        max_ejection_percent: Some(percent(written.max_ejection_percent))
            .filter(|percent| *percent > 0)
            .unwrap_or(default.max_ejection_percent),
        min_health_percent: percent(written.min_health_percent),
    }
}

/// How many answers of 5xx in a row, and of gateway errors in a row, are too many.
fn thresholds(written: &OutlierDetection) -> (Option<u32>, Option<u32>) {
    let older = u32::try_from(written.consecutive_errors).ok().filter(|count| *count > 0);
    match (written.consecutive_5xx_errors, written.consecutive_gateway_errors) {
        // In Istio 1.4, whose spelling it is, gateway errors were all that counted.
        (None, None) if older.is_some() => (Some(0), older),
        written => written,
    }
}

fn check(site: Site<'_>, at: &Path<'_>, written: &OutlierDetection) {
    site.maybe_duration(at, "baseEjectionTime", written.base_ejection_time);
    site.maybe_duration(at, "interval", written.interval);
    if written.consecutive_errors != 0 {
        let reason = "outlier detection consecutive errors is deprecated, \
                      use consecutiveGatewayErrors or consecutive5xxErrors instead";
        site.check.note(&at.field("consecutiveErrors"), reason);
    }
    let counts_local = written.consecutive_local_origin_failures.is_some_and(|count| count > 0);
    if counts_local && !written.split_external_local_origin_errors {
        let reason = "outlier detection consecutive local origin failures is specified, \
                      but split external local origin errors is set to false";
        site.check.refuse_with(at, reason, "write splitExternalLocalOriginErrors: true");
    }
    for (field, percent) in [
        ("maxEjectionPercent", written.max_ejection_percent),
        ("minHealthPercent", written.min_health_percent),
    ] {
        if !(0..=100).contains(&percent) {
            site.check.refuse(&at.field(field), format!("percentage {percent} is not in range 0..100"));
        }
    }
    let codes_at = at.field("outlierDetectionHttpErrorCodes");
    for (index, code) in written.http_error_codes.iter().enumerate() {
        if !(100..600).contains(code) {
            site.check.refuse(&codes_at.index(index), format!("{code} is not an HTTP status"));
        }
    }
}
