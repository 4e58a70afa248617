//! What a limit comes to for one request, and how much of it is left.

use super::bucket::Taken;
use crate::{Error, Kind};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mesh_core::model::LimitRule;

/// The headers of draft 3 of "RateLimit header fields for HTTP", as Envoy names them.
pub(super) const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub(super) const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub(super) const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It keeps within the limit.
    Pass,
    /// It does not, and passes all the same: the limit is not enforced.
    Note,
    /// It does not.
    Refuse,
}

/// Judges a request that has taken a token, or has found none. The roll is any random number.
pub(super) fn judge(rule: &LimitRule, is_within: bool, roll: u32) -> Verdict {
    match is_within {
        true => Verdict::Pass,
        false if rule.enforced.takes(roll) => Verdict::Refuse,
        false => Verdict::Note,
    }
}

/// gRPC's code for too many requests.
const RESOURCE_EXHAUSTED: u8 = 8;

/// How a request ends that is beyond a limit.
pub(super) fn over(rule: &LimitRule, kind: fn(StatusCode) -> Kind) -> Error {
    let mut error = Error::new(kind(rule.status));
    if rule.is_resource_exhausted {
        error.set_grpc_code(RESOURCE_EXHAUSTED);
    }
    error
}

/// How much is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    most: u32,
    left: u32,
    reset: u64,
}

impl Quota {
    /// What is left in a bucket.
    pub(super) fn of(most: u32, taken: Taken) -> Self {
        Self { most, left: taken.left, reset: taken.until_next.as_secs_f64().ceil() as u64 }
    }

    /// The one of two of which less is left.
    pub(super) fn scarcer(self, other: Option<Self>) -> Self {
        other.filter(|other| other.left < self.left).unwrap_or(self)
    }

    /// Tells it.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.most.into());
        headers.insert(REMAINING, self.left.into());
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}
