//! What an attempt says of its endpoint, and when an endpoint has said enough.

use crate::{
    BoxError, Error, Kind,
    context::{Ejected, Ejection, Upstream},
};
use http::{HeaderMap, HeaderName};
use mesh_core::model::OutlierDetection;
use std::time::Duration;
use tokio::time::Instant;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The longest ejection, unless the first one is longer. Envoy's default.
const LONGEST: Duration = Duration::from_secs(300);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With an answer of this status.
    Answer(u16),
    /// Without one, by a failure on this side that stands for this status.
    Failure(u16),
    /// Without one, by a failure of a connection that was there; it stands for this status.
    Broken(u16),
}

/// Without an answer in time.
pub(super) const TIMEOUT: Outcome = Outcome::Broken(504);

/// What one outcome says to a row of like ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Bad,
    /// Bad, after something good.
    BadAnew,
    Good,
    Nothing,
}

/// One thing for each row that is watched: errors, gateway errors and failures on this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows<T> {
    pub(super) errors: T,
    pub(super) gateway: T,
    pub(super) local: T,
}

impl Sign {
    /// Whether it lengthens a row.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Bad | Self::BadAnew)
    }
}

impl Rows<Sign> {
    /// What a failure on this side says, where those have a row of their own.
    fn local(sign: Sign) -> Self {
        Self { errors: Sign::Nothing, gateway: Sign::Nothing, local: sign }
    }
}

/// The backend of an endpoint that is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fleet {
    /// How many endpoints it has.
    pub(super) endpoints: usize,
    /// When its first interval began.
    pub(super) begun: Instant,
}

/// What becomes of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays, or is ejected already.
    Keep,
    /// It stays because too many are ejected already.
    KeepCrowded,
    /// It is ejected.
    Eject(Ejection),
}

/// How an answer ended an attempt. A call of gRPC that failed at once has its status in the headers.
pub(super) fn answer(status: u16, headers: &HeaderMap) -> Outcome {
    let grpc = headers.get(GRPC_STATUS).and_then(|value| value.to_str().ok()?.parse().ok());
    Outcome::Answer(grpc.filter(|grpc| *grpc != 0).map_or(status, http_status))
}

/// How an error ended an attempt; `None` when that says nothing of the endpoint.
pub(super) fn failure(error: &BoxError) -> Option<Outcome> {
    let Some(error) = error.downcast_ref::<Error>() else { return Some(Outcome::Failure(503)) };
    match error.kind() {
        Kind::ConnectTimeout => Some(Outcome::Failure(504)),
        Kind::RouteTimeout => Some(TIMEOUT),
        Kind::ConnectFailure => Some(Outcome::Failure(503)),
        Kind::ConnectionTermination | Kind::RemoteReset | Kind::ProtocolError => Some(Outcome::Broken(503)),
        _ => None,
    }
}

/// What an outcome says to each row.
pub(super) fn read(outcome: Outcome, rules: &OutlierDetection) -> Rows<Sign> {
    let local = match outcome {
        Outcome::Failure(_) if rules.splits_local_origin => return Rows::local(Sign::Bad),
        // In Envoy a connection that is there breaks the row, before what becomes of it begins the next.
        Outcome::Broken(_) if rules.splits_local_origin => return Rows::local(Sign::BadAnew),
        Outcome::Answer(_) if rules.splits_local_origin => Sign::Good,
        _ => Sign::Nothing,
    };
    let is_5xx = |status| (500..600).contains(&status);
    let status = match outcome {
        Outcome::Failure(status) | Outcome::Broken(status) => status,
        Outcome::Answer(status) if rules.error_statuses.is_empty() => status,
        // What the rules name is an error whatever its class, and what they do not name is none.
        Outcome::Answer(status) if !rules.error_statuses.contains(&status) => 200,
        Outcome::Answer(status) => {
            if is_5xx(status) {
                status
            } else {
                500
            }
        }
    };
    let sign = |is_bad| if is_bad { Sign::Bad } else { Sign::Good };
    Rows { errors: sign(is_5xx(status)), gateway: sign((502..=504).contains(&status)), local }
}

/// Which rows are as long as the rules allow.
pub(super) fn reached(rows: Rows<u32>, rules: &OutlierDetection) -> Rows<bool> {
    let is_reached = |row: u32, limit: u32| limit > 0 && row >= limit;
    Rows {
        errors: is_reached(rows.errors, rules.consecutive_5xx),
        gateway: is_reached(rows.gateway, rules.consecutive_gateway_errors),
        local: rules.splits_local_origin && is_reached(rows.local, rules.consecutive_local_origin_failures),
    }
}

/// What becomes of an endpoint of which a row was reached.
pub(super) fn judge(
    endpoint: &Upstream,
    ejected: &Ejected,
    rules: &OutlierDetection,
    fleet: Fleet,
    now: Instant,
) -> Verdict {
    if ejected.has(endpoint, now) {
        return Verdict::Keep;
    }
    let would_be = (ejected.count(now) + 1) * 100;
    if would_be > usize::from(rules.max_ejection_percent) * fleet.endpoints {
        return Verdict::KeepCrowded;
    }
    let before = ejected.last(endpoint).map_or(0, |last| times_left(last, rules, now));
    let (base, longest) = (rules.base_ejection_time, rules.base_ejection_time.max(LONGEST));
    let times = if base.saturating_mul(before) < longest { before + 1 } else { before };
    let lasting = base.saturating_mul(times).min(longest);
    Verdict::Eject(Ejection { until: look_after(now + lasting, rules, fleet), times })
}

/// How many times an endpoint's ejections have added up to, one less for each interval that it stayed since the last.
fn times_left(last: Ejection, rules: &OutlierDetection, now: Instant) -> u32 {
    let since = now.saturating_duration_since(last.until).as_nanos();
    let intervals = since.checked_div(rules.interval.as_nanos()).unwrap_or(0);
    last.times.saturating_sub(u32::try_from(intervals).unwrap_or(u32::MAX))
}

/// The first look at who may come back that is not before this moment.
fn look_after(moment: Instant, rules: &OutlierDetection, fleet: Fleet) -> Instant {
    let since = moment.saturating_duration_since(fleet.begun).as_nanos();
    let late = since.checked_rem(rules.interval.as_nanos()).unwrap_or(0);
    let late = Duration::from_nanos(u64::try_from(late).unwrap_or(0));
    if late.is_zero() { moment } else { moment + (rules.interval - late) }
}

/// The status of HTTP that a status of gRPC stands for.
fn http_status(grpc: u16) -> u16 {
    match grpc {
        0 => 200,
        1 => 499,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::{Address, Protocol};
    use std::net::Ipv4Addr;

    fn endpoint(port: u16) -> Upstream {
        let address = Address::Ip(Ipv4Addr::LOCALHOST.into());
        Upstream { address, port, protocol: Protocol::Http, tls: None }
    }

    /// The verdict about an endpoint, so many seconds after the beginning.
    fn verdict(
        rules: &OutlierDetection,
        endpoints: usize,
        before: &[(u16, u64, u32)],
        seconds: u64,
    ) -> (Verdict, Instant) {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let before = before
            .iter()
            .map(|(port, until, times)| (endpoint(*port), Ejection { until: at(*until), times: *times }));
        let fleet = Fleet { endpoints, begun };
        (judge(&endpoint(1), &Ejected::new(before), rules, fleet, at(seconds)), begun)
    }

    fn ejection(rules: &OutlierDetection, before: &[(u16, u64, u32)], seconds: u64) -> Option<(u64, u32)> {
        match verdict(rules, 10, before, seconds) {
            (Verdict::Eject(Ejection { until, times }), begun) => Some(((until - begun).as_secs(), times)),
            _ => None,
        }
    }

    #[test]
    fn each_ejection_lasts_longer_until_intervals_are_survived() {
        let rules = OutlierDetection::default();
        assert_eq!(ejection(&rules, &[], 0), Some((30, 1)));
        assert_eq!(ejection(&rules, &[], 3), Some((40, 1)));
        assert_eq!(ejection(&rules, &[(1, 30, 1)], 30), Some((90, 2)));
        assert_eq!(ejection(&rules, &[(1, 30, 3)], 50), Some((110, 2)));
        assert_eq!(ejection(&rules, &[(1, 30, 3)], 900), Some((930, 1)));
        assert_eq!(ejection(&rules, &[(1, 30, 10)], 30), Some((330, 10)));
        let long = OutlierDetection { base_ejection_time: Duration::from_secs(400), ..rules };
        assert_eq!(ejection(&long, &[], 0), Some((400, 1)));
        assert_eq!(ejection(&long, &[(1, 400, 1)], 400), Some((800, 1)));
    }

    #[test]
    fn no_more_are_ejected_than_the_rules_allow() {
        for (percent, endpoints, out, expected) in [
            (10, 9, 0, false),
            (10, 10, 0, true),
            (10, 19, 1, false),
            (10, 20, 1, true),
            (50, 3, 0, true),
            (50, 3, 1, false),
            (100, 1, 0, true),
            (100, 3, 2, true),
            (0, 100, 0, false),
        ] {
            let rules = OutlierDetection { max_ejection_percent: percent, ..OutlierDetection::default() };
            let before: Vec<_> = (0..out).map(|number| (100 + number, 60, 1)).collect();
            let (verdict, _) = verdict(&rules, endpoints, &before, 0);
            assert_eq!(matches!(verdict, Verdict::Eject(_)), expected, "{percent} {endpoints} {out}");
            assert_eq!(verdict == Verdict::KeepCrowded, !expected);
        }
    }

    #[test]
    fn who_is_out_is_not_ejected_again() {
        let rules = OutlierDetection { max_ejection_percent: 100, ..OutlierDetection::default() };
        assert_eq!(verdict(&rules, 3, &[(1, 30, 1)], 29).0, Verdict::Keep);
    }
}
