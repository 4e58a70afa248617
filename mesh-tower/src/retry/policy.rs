//! Which endings of a try are followed by another try, and how many there are.

use crate::{BoxError, Error, Kind, Routed};
use http::{HeaderMap, HeaderName, Method, Response};
use mesh_core::model::{AbortStatus, Algorithm, Retriable, RetryOn, RetryPolicy, TrafficPolicy};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

const RATE_LIMITED: HeaderName = HeaderName::from_static("x-envoy-ratelimited");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What holds where no document says anything.
static USUAL: LazyLock<RetryPolicy> = LazyLock::new(RetryPolicy::default);

/// Where the policy is written.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Here.
    Fixed(Arc<RetryPolicy>),
    /// In the rule that matched, or else in what holds for the whole mesh.
    Routed,
}

impl Origin {
    /// The policy for a request; `None` when it is not tried again.
    pub(super) fn policy<'a>(&'a self, routed: Option<&'a Routed>) -> Option<&'a RetryPolicy> {
        let policy = match self {
            Self::Fixed(policy) => policy,
            Self::Routed => {
                let routed = routed?;
                let written = routed.rule()?.route.retries.as_ref();
                written.or_else(|| routed.snapshot().retries()).unwrap_or(&USUAL)
            }
        };
        (policy.attempts > 0).then_some(policy)
    }
}

/// What holds for one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The endings that are followed by another try.
    pub(super) on: RetryOn,
    /// The statuses that the request itself lists, besides those of the policy.
    pub(super) statuses: Vec<u16>,
    /// The headers of an answer that ask for another try, if the kinds have them.
    pub(super) headers: Vec<HeaderName>,
    /// How many tries may follow the first.
    pub(super) attempts: u32,
    /// The time for each try.
    pub(super) per_try: Option<Duration>,
    /// The base of the wait between tries.
    pub(super) backoff: Duration,
    /// Whether it can only be repeated if the endpoint has not looked at it.
    pub(super) is_delicate: bool,
}

impl Plan {
    /// What a policy says; without one nothing is tried again.
    pub(super) fn of(policy: Option<&RetryPolicy>) -> Self {
        let policy =
            policy.map(|policy| (policy.on, policy.attempts, policy.per_try_timeout, policy.backoff));
        // Envoy's own number is 1, which counts if the request's headers say on what.
        let (on, attempts, per_try, backoff) = policy.unwrap_or((RetryOn::NONE, 1, None, USUAL.backoff));
        Self { on, attempts, per_try, backoff, ..Self::default() }
    }

    /// Drops a limit for each try that the limit of the whole request makes void. A limit of zero is none.
    pub(super) fn within(mut self, timeout: Option<Duration>) -> Self {
        let timeout = timeout.filter(|timeout| !timeout.is_zero());
        let is_limit = |limit: &Duration| !limit.is_zero() && timeout.is_none_or(|timeout| *limit < timeout);
        self.per_try = self.per_try.filter(is_limit);
        self
    }

    /// Whether anything can come of it.
    pub(super) fn is_idle(&self) -> bool {
        !self.can_repeat() && self.per_try.is_none()
    }

    /// Whether another try is possible at all.
    pub(super) fn can_repeat(&self) -> bool {
        self.attempts > 0 && self.on != RetryOn::NONE
    }
}

/// Whether repeating a request could do something twice: its method is not idempotent, and no key makes it so.
pub(super) fn is_delicate(method: &Method, headers: &HeaderMap) -> bool {
    !method.is_idempotent() && !headers.contains_key(IDEMPOTENCY_KEY)
}

/// How a try ended, as far as retries care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an answer.
    Answered(Answer),
    /// Without one.
    Failed(Failure),
    /// In a way in which the next try would end too, or that is not the mesh's to judge.
    Final,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// gRPC's status, if it is in the headers.
    pub(super) grpc: Option<u8>,
    /// Whether a rate limit gave it.
    pub(super) is_rate_limited: bool,
    /// Whether it has a header that the request has listed.
    pub(super) has_listed_header: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There was no connection.
    Unconnected,
    /// There was one, but nothing of the request was sent.
    Unsent,
    /// The endpoint refused to look at it, as HTTP/2 can say.
    Refused,
    /// The connection or the stream ended, or the time for the try was over.
    Reset,
}

impl Ending {
    /// How a try ended, of a request that has listed these headers.
    pub(super) fn of<R>(outcome: &Result<Response<R>, BoxError>, listed: &[HeaderName]) -> Self {
        match outcome {
            Ok(response) => Self::Answered(Answer::of(response, listed)),
            Err(error) => error.downcast_ref().map_or(Self::Final, Self::of_error),
        }
    }

    fn of_error(error: &Error) -> Self {
        match error.kind() {
            Kind::ConnectFailure | Kind::ConnectTimeout => Self::Failed(Failure::Unconnected),
            Kind::ConnectionTermination | Kind::RemoteReset => Self::Failed(Failure::because(error)),
            Kind::ProtocolError | Kind::PerTryTimeout => Self::Failed(Failure::Reset),
            // Injected below this layer, it stands for the endpoint's answer.
            Kind::Aborted(AbortStatus::Http(status)) => {
                Self::Answered(Answer { status: status.as_u16(), ..Answer::default() })
            }
            Kind::Aborted(AbortStatus::Grpc(code)) => {
                Self::Answered(Answer { status: 200, grpc: Some(code), ..Answer::default() })
            }
            Kind::InvalidPath
            | Kind::InvalidHost
            | Kind::AccessDenied
            | Kind::NoRoute
            | Kind::UnknownHost
            | Kind::Misdirected
            | Kind::NoCluster(_)
            | Kind::NoEndpoint
            | Kind::Overflow
            | Kind::RouteTimeout
            | Kind::Unresolved
            // Only what comes in ends so.
            | Kind::RateLimited(_)
            | Kind::RateLimitedByService(_)
            | Kind::NoLimiter
            | Kind::CheckDenied(_)
            | Kind::CheckFailed(_)
            | Kind::CheckInvalid
            | Kind::NoAuthorizer
            | Kind::BodyTooLarge
            | Kind::BadToken(_)
            | Kind::NoOrigin => Self::Final,
        }
    }

    /// Whether the endpoint has certainly not looked at the request.
    fn is_untouched(self) -> bool {
        matches!(self, Self::Failed(Failure::Unconnected | Failure::Unsent | Failure::Refused))
    }
}

impl Answer {
    fn of<R>(response: &Response<R>, listed: &[HeaderName]) -> Self {
        let headers = response.headers();
        let has_listed_header = listed.iter().any(|name| headers.contains_key(name));
        let status = response.status().as_u16();
        let mut answer = Self { status, grpc: None, is_rate_limited: false, has_listed_header };
        // Few answers have one of the two: that is seen sooner by a look at all names than by one for each.
        for name in headers.keys() {
            if *name == GRPC_STATUS {
                answer.grpc = headers[name].to_str().ok().and_then(|code| code.parse().ok());
            } else if *name == RATE_LIMITED {
                answer.is_rate_limited = true;
            }
        }
        answer
    }
}

impl Failure {
    /// What lies beneath a stream or a connection that ended.
    fn because(error: &Error) -> Self {
        let first = std::error::Error::source(error);
        for cause in std::iter::successors(first, |&cause| cause.source()) {
            // So hyper calls a request that waited for its connection and was never begun.
            if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
                return Self::Unsent;
            }
        }
        if error.is_refused_stream() { Self::Refused } else { Self::Reset }
    }
}

/// What follows a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its outcome is the request's.
    Keep,
    /// The same, though another try would follow if one were left.
    Exhausted,
    /// Another try.
    Retry,
}

/// Judges the ending of a try, the `tries`-th; `listed` are the statuses of the policy.
pub(super) fn judge(plan: &Plan, listed: &[u16], ending: Ending, tries: u32) -> Verdict {
    let is_retriable = match ending {
        Ending::Answered(answer) => is_retriable_answer(plan, listed, answer),
        Ending::Failed(failure) => is_retriable_failure(plan.on, failure),
        Ending::Final => false,
    };
    let may_repeat = !plan.is_delicate || ending.is_untouched();
    match is_retriable && may_repeat {
        false => Verdict::Keep,
        true if tries > plan.attempts => Verdict::Exhausted,
        true => Verdict::Retry,
    }
}

fn is_retriable_answer(plan: &Plan, listed: &[u16], answer: Answer) -> bool {
    let has = |kind| plan.on.has(kind);
    let Answer { status, grpc, is_rate_limited, has_listed_header } = answer;
    if is_rate_limited {
        return has(Retriable::RateLimited);
    }
    has(Retriable::ServerError) && (500..600).contains(&status)
        || has(Retriable::GatewayError) && matches!(status, 502..=504)
        || has(Retriable::Conflict) && status == 409
        || has(Retriable::StatusCodes) && (listed.contains(&status) || plan.statuses.contains(&status))
        || has(Retriable::Headers) && has_listed_header
        || grpc.and_then(of_grpc).is_some_and(has)
}

fn is_retriable_failure(on: RetryOn, failure: Failure) -> bool {
    let unanswered = [Retriable::ServerError, Retriable::GatewayError, Retriable::Reset];
    unanswered.into_iter().any(|kind| on.has(kind))
        || match failure {
            Failure::Unconnected => {
                on.has(Retriable::ConnectFailure) || on.has(Retriable::ResetBeforeRequest)
            }
            Failure::Unsent => on.has(Retriable::ResetBeforeRequest),
            Failure::Refused => on.has(Retriable::RefusedStream),
            Failure::Reset => false,
        }
}

fn of_grpc(code: u8) -> Option<Retriable> {
    match code {
        1 => Some(Retriable::Cancelled),
        4 => Some(Retriable::DeadlineExceeded),
        8 => Some(Retriable::ResourceExhausted),
        13 => Some(Retriable::Internal),
        14 => Some(Retriable::Unavailable),
        _ => None,
    }
}

/// How many retries to a backend there may be at once, while so many requests to it are under way.
pub(super) fn most_retries(policy: &TrafficPolicy, active: u32) -> u32 {
    let Some(budget) = policy.retry_budget else { return policy.connection_pool.max_retries };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
    let share = (budget.share.percent() / 100.0 * f64::from(active)) as u32;
    share.max(budget.min_concurrency)
}

/// Whether the tries of a request are spread over endpoints. Not where a hash says which endpoint it is for, unless the
/// policy asks for it.
pub(super) fn avoids_previous(policy: &RetryPolicy, traffic: &TrafficPolicy) -> bool {
    let is_hashed = matches!(traffic.balancing.algorithm, Algorithm::ConsistentHash { .. });
    policy.avoids_previous.unwrap_or(!is_hashed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::{RetryBudget, Share};

    #[test]
    fn a_budget_takes_the_place_of_a_number_and_has_a_floor() {
        let mut policy = TrafficPolicy::default();
        policy.connection_pool.max_retries = 2;
        assert_eq!(most_retries(&policy, 100), 2);
        let share = Share::from_percent(20.0).unwrap();
        policy.retry_budget = Some(RetryBudget { share, min_concurrency: 3, interval: None });
        for (active, most) in [(0, 3), (19, 3), (20, 4), (24, 4), (100, 20)] {
            assert_eq!(most_retries(&policy, active), most, "{active}");
        }
    }

    #[test]
    fn a_hash_keeps_its_endpoint_unless_the_policy_asks_for_others() {
        let mut traffic = TrafficPolicy::default();
        let mut policy = RetryPolicy::default();
        assert!(avoids_previous(&policy, &traffic));
        traffic.balancing.algorithm =
            Algorithm::ConsistentHash { key: None, table: mesh_core::model::HashTable::default() };
        assert!(!avoids_previous(&policy, &traffic));
        policy.avoids_previous = Some(true);
        assert!(avoids_previous(&policy, &traffic));
    }
}
