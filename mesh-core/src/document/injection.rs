//! Faults to inject.

use super::{
    read::{At, Fields, Read},
    values::Percent,
};
use std::time::Duration;

/// Faults to inject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultInjection {
    /// Waits first. Default: none.
    pub delay: Option<Delay>,
    /// Answers with an error. Default: none.
    pub abort: Option<Abort>,
}

/// An injected wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delay {
    /// How long. Required.
    pub fixed_delay: Option<Duration>,
    /// The share of requests, in hundredths. Default: 0.
    pub percentage: Option<Percent>,
}

/// An injected error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Abort {
    /// The HTTP status to answer with. Default: none.
    pub http_status: Option<i32>,
    /// The gRPC status to answer with, by name. Default: none.
    pub grpc_status: Option<String>,
    /// The share of requests, in hundredths. Default: 0.
    pub percentage: Option<Percent>,
}

impl Read for FaultInjection {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { delay: f.maybe("delay"), abort: f.maybe("abort") })
    }
}

impl Read for Delay {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            if f.maybe::<Duration>("exponentialDelay").is_some() {
                f.here().refuse_with("exponentialDelay not supported yet", "use fixedDelay");
            }
            Self { fixed_delay: f.maybe("fixedDelay"), percentage: percentage(f) }
        })
    }
}

impl Read for Abort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            if f.maybe::<String>("http2Error").is_some() {
                f.here().refuse("HTTP/2 abort fault injection not supported yet");
            }
            Self {
                http_status: f.maybe("httpStatus"),
                grpc_status: f.maybe("grpcStatus"),
                percentage: percentage(f),
            }
        })
    }
}

/// The share of requests: `percentage: {value: 0.1}` of today, or `percent: 20` of 2019.
fn percentage(f: &mut Fields<'_>) -> Option<Percent> {
    let old = f.maybe::<i32>("percent").map(|percent| Percent(f64::from(percent)));
    f.maybe::<Percent>("percentage").or(old)
}
