//! Faults that are injected on purpose.

use super::share::Share;
use http::StatusCode;
use std::time::Duration;

/// Faults to inject into requests: the delay first, then the abort, on dice of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injection {
    /// A wait.
    pub delay: Option<Delay>,
    /// An answer with an error.
    pub abort: Option<Abort>,
}

/// An injected wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// How long.
    pub lasting: Duration,
    /// For which share of requests.
    pub share: Share,
}

/// An injected error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// What to answer.
    pub status: AbortStatus,
    /// To which share of requests.
    pub share: Share,
}

/// What an injected error answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortStatus {
    /// An HTTP status.
    Http(StatusCode),
    /// HTTP 200 with this gRPC status, 1 to 16.
    Grpc(u8),
}

impl AbortStatus {
    /// The canonical names of gRPC's statuses, in the order of their numbers.
    pub const GRPC: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
}
