//! Where and when a run was made.

use crate::usage;
use serde::Serialize;
use std::fs;
use time::OffsetDateTime;

/// A machine, as far as figures depend on it.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) kernel: String,
}

impl Machine {
    /// This one.
    pub(super) fn here() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            processor: model.map_or("an unknown processor", |(_, name)| name).to_owned(),
            cores: usage::cores(),
            kernel: format!("Linux {}", kernel.trim()),
        }
    }
}

/// The day, as everybody's clock has it.
pub(super) fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}
