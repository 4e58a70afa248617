//! How much time a request has, and which responses it is for.

use super::headers;
use crate::{
    AnswerBy, Body, Routed,
    context::{Sent, grpc_time},
};
use http::Request;
use std::time::Duration;
use tokio::time::Instant;

/// Where the limit is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// Here.
    Fixed(Duration),
    /// In the rule that matched.
    Routed,
}

/// What holds for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The time that it has once its body is sent; `None` when it is not limited.
    pub(super) limit: Option<Duration>,
    /// Whether the answer to it is nothing when it is late.
    pub(super) is_silent: bool,
}

impl Origin {
    /// What holds for a request; its own headers about that are taken off.
    pub(super) fn terms(self, request: &mut Request<Body>) -> Terms {
        let routed = request.extensions().get::<Routed>();
        let configured = match self {
            Self::Fixed(limit) => Some(limit),
            Self::Routed => routed.and_then(Routed::rule).and_then(|rule| rule.route.timeout),
        };
        let is_trusted = !routed.is_some_and(Routed::is_at_gateway);
        let headers = request.headers_mut();
        let asked = headers::take(headers, is_trusted);
        let limit = asked.limit.or_else(|| shorter(configured, grpc_time(headers)));
        Terms { limit: limit.filter(|limit| !limit.is_zero()), is_silent: asked.is_silent }
    }
}

/// The shorter of two limits; zero limits nothing.
fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().filter(|limit| !limit.is_zero()).min()
}

/// By when a request of now has to be answered: `limit` after its body is sent, and by the deadline of what causes it.
pub(super) fn answer_by(
    limit: Option<Duration>,
    deadline: Option<Instant>,
    unsent: Option<&Sent>,
    now: Instant,
) -> Option<AnswerBy> {
    match (limit, unsent) {
        (Some(limit), Some(sent)) => Some(AnswerBy::after_body(limit, sent.clone(), deadline)),
        _ => {
            let end = limit.and_then(|limit| now.checked_add(limit));
            [end, deadline].into_iter().flatten().min().map(AnswerBy::at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_limit_counts_and_zero_is_none() {
        let [one, two] = [1, 2].map(|n| Some(Duration::from_secs(n)));
        assert_eq!(shorter(one, two), one);
        assert_eq!(shorter(None, two), two);
        assert_eq!(shorter(Some(Duration::ZERO), two), two);
        assert_eq!(shorter(Some(Duration::ZERO), None), None);
    }
}
