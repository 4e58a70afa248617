//! When a failed request is tried again.

use std::time::Duration;

/// When a failed request is tried again, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    /// How many tries may follow the first; 0 for none. Default: 2.
    pub attempts: u32,
    /// The time for each try. Default: that of the whole request.
    pub per_try_timeout: Option<Duration>,
    /// The failures that are tried again. Default: [`RetryOn::DEFAULT`].
    pub on: RetryOn,
    /// The statuses that are tried again, if [`RetryOn`] has [`Retriable::StatusCodes`].
    pub statuses: Vec<u16>,
    /// Whether a retry may go to endpoints of another priority. Default: no.
    pub leaves_locality: bool,
    /// Whether a retry avoids the endpoints that were tried. Default: yes, unless endpoints are chosen by a hash.
    pub avoids_previous: Option<bool>,
    /// The base of the wait between tries, which is at most ten times as long. Default: 25 ms.
    pub backoff: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 2,
            per_try_timeout: None,
            on: RetryOn::DEFAULT,
            statuses: Vec::new(),
            leaves_locality: false,
            avoids_previous: None,
            backoff: Duration::from_millis(25),
        }
    }
}

/// A kind of failure that can be tried again, by Envoy's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retriable {
    /// `5xx`: an answer of 5xx, or none at all.
    ServerError,
    /// `gateway-error`: an answer of 502, 503 or 504, or none at all.
    GatewayError,
    /// `reset`: no answer.
    Reset,
    /// `reset-before-request`: no answer, and nothing of the request was sent.
    ResetBeforeRequest,
    /// `connect-failure`: no connection.
    ConnectFailure,
    /// `retriable-4xx`: an answer of 409.
    Conflict,
    /// `refused-stream`: the HTTP/2 server refused to look at the request.
    RefusedStream,
    /// `retriable-status-codes`: an answer with a listed status.
    StatusCodes,
    /// `retriable-headers`: an answer with a listed header.
    Headers,
    /// `envoy-ratelimited`: the answer of a rate limit.
    RateLimited,
    /// `http3-post-connect-failure`: a failure of HTTP/3.
    Http3,
    /// `cancelled`: gRPC status 1.
    Cancelled,
    /// `deadline-exceeded`: gRPC status 4.
    DeadlineExceeded,
    /// `internal`: gRPC status 13.
    Internal,
    /// `resource-exhausted`: gRPC status 8.
    ResourceExhausted,
    /// `unavailable`: gRPC status 14.
    Unavailable,
}

impl Retriable {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::ServerError,
        Self::GatewayError,
        Self::Reset,
        Self::ResetBeforeRequest,
        Self::ConnectFailure,
        Self::Conflict,
        Self::RefusedStream,
        Self::StatusCodes,
        Self::Headers,
        Self::RateLimited,
        Self::Http3,
        Self::Cancelled,
        Self::DeadlineExceeded,
        Self::Internal,
        Self::ResourceExhausted,
        Self::Unavailable,
    ];

    /// The kind that has this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Envoy's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerError => "5xx",
            Self::GatewayError => "gateway-error",
            Self::Reset => "reset",
            Self::ResetBeforeRequest => "reset-before-request",
            Self::ConnectFailure => "connect-failure",
            Self::Conflict => "retriable-4xx",
            Self::RefusedStream => "refused-stream",
            Self::StatusCodes => "retriable-status-codes",
            Self::Headers => "retriable-headers",
            Self::RateLimited => "envoy-ratelimited",
            Self::Http3 => "http3-post-connect-failure",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::Internal => "internal",
            Self::ResourceExhausted => "resource-exhausted",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A set of failures that are tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RetryOn(u16);

impl RetryOn {
    /// What Istio tries again where nobody says: failures before the request was looked at, and gRPC's passing ones.
    pub const DEFAULT: Self = Self::NONE
        .with(Retriable::ConnectFailure)
        .with(Retriable::RefusedStream)
        .with(Retriable::Unavailable)
        .with(Retriable::Cancelled)
        .with(Retriable::StatusCodes);

    /// Nothing.
    pub const NONE: Self = Self(0);

    /// This set, and one kind more.
    #[must_use]
    pub const fn with(self, kind: Retriable) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// Whether a kind is in the set.
    #[must_use]
    pub const fn has(self, kind: Retriable) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// The names of its kinds, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Retriable::ALL.into_iter().filter(move |kind| self.has(*kind)).map(Retriable::name)
    }
}
