//! Spans for collectors that speak OTLP, over gRPC or HTTP.

mod collector;
mod data;
mod environment;

pub(super) use collector::of_provider;
pub(crate) use environment::from_environment;

use std::time::Duration;

/// How long a call to a collector may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);
