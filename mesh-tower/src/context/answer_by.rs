//! How long an endpoint has to answer.

use tokio::time::Instant;

/// By when an attempt has to be answered. Left in a request's extensions by whoever drops it then: an attempt that is
/// dropped at that moment, or later, tells that its endpoint was too slow. One that is dropped before tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerBy(pub Instant);
