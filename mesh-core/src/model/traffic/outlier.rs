//! When an endpoint that fails is left alone.

use std::time::Duration;

/// When an endpoint that fails is ejected, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutlierDetection {
    /// Answers of 5xx in a row; 0 for not by these. Default: 5.
    pub consecutive_5xx: u32,
    /// Answers of 502, 503 and 504 in a row; 0 for not by these. Default: 0.
    pub consecutive_gateway_errors: u32,
    /// Whether failures of the client's own side, such as a refused connection, are counted apart. Default: false.
    pub splits_local_origin: bool,
    /// Such failures in a row, where they are counted apart; 0 for not by these. Default: 5.
    pub consecutive_local_origin_failures: u32,
    /// The statuses that count as errors; all of 5xx when empty.
    pub error_statuses: Vec<u16>,
    /// The time between two looks at who may come back. Default: 10 s.
    pub interval: Duration,
    /// How long the first ejection lasts; each further one lasts as much longer. Default: 30 s.
    pub base_ejection_time: Duration,
    /// The largest share of endpoints that may be ejected at once, in hundredths. Default: 10.
    pub max_ejection_percent: u8,
    /// The share of healthy endpoints below which ejections do not count, in hundredths. Default: 0, which is never.
    pub min_health_percent: u8,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            consecutive_5xx: 5,
            consecutive_gateway_errors: 0,
            splits_local_origin: false,
            consecutive_local_origin_failures: 5,
            error_statuses: Vec::new(),
            interval: Duration::from_secs(10),
            base_ejection_time: Duration::from_secs(30),
            max_ejection_percent: 10,
            min_health_percent: 0,
        }
    }
}
