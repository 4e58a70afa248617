//! What one document says about the telemetry of some workloads.

use super::{AccessLogRule, MetricsRule, TracingRule};
use crate::model::Labels;
use std::sync::Arc;

/// What is said of the telemetry of some workloads; the narrower of several says the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryRule {
    /// Its namespace; that of the root is for all workloads of the mesh.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The labels of the workloads it is for; all of its namespace when `None`.
    pub workloads: Option<Labels>,
    /// What is measured, in order: what is said later changes what was said before.
    pub metrics: Vec<MetricsRule>,
    /// What is traced, likewise.
    pub tracing: Vec<TracingRule>,
    /// What is written to logs, likewise.
    pub access_logs: Vec<AccessLogRule>,
}

/// At which end of a call a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// It calls. A gateway is always on this side.
    Client,
    /// It is called.
    Server,
}

/// At which ends of calls something holds: Istio's workload mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sides {
    /// At both.
    #[default]
    Both,
    /// Where the workload calls.
    Client,
    /// Where it is called.
    Server,
}

impl Sides {
    /// Whether one of them is `side`.
    #[must_use]
    pub fn has(self, side: Side) -> bool {
        matches!((self, side), (Self::Both, _) | (Self::Client, Side::Client) | (Self::Server, Side::Server))
    }
}
