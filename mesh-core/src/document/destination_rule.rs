//! `DestinationRule`: what applies to a service once a request is on its way there.

use super::{
    read::{At, Read},
    traffic_policy::TrafficPolicy,
};
use std::collections::BTreeMap;

/// The `spec` of a DestinationRule, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationRule {
    /// The service, or a wildcard. Required.
    pub host: String,
    /// Balancing, pools, ejection and TLS. Default: the mesh's.
    pub traffic_policy: Option<TrafficPolicy>,
    /// Named parts of the service. Default: none.
    pub subsets: Vec<Subset>,
    /// The namespaces that may see it. Default: all.
    pub export_to: Vec<String>,
    /// The client workloads it is for. Default: all.
    pub workload_selector: Option<Selector>,
}

/// A part of a service: the endpoints that carry certain labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subset {
    /// The name that routes use. Required.
    pub name: String,
    /// The labels an endpoint must have. Default: none, which selects all endpoints.
    pub labels: BTreeMap<String, String>,
    /// What differs from the service's policy. Default: nothing.
    pub traffic_policy: Option<TrafficPolicy>,
}

/// `{matchLabels: {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The labels a workload must have. Default: none, which selects all.
    pub match_labels: BTreeMap<String, String>,
}

impl Read for DestinationRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            host: f.take("host"),
            traffic_policy: f.maybe("trafficPolicy"),
            subsets: f.take("subsets"),
            export_to: f.take("exportTo"),
            workload_selector: f.maybe("workloadSelector"),
        })
    }
}

impl Read for Subset {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            name: f.take("name"),
            labels: f.take("labels"),
            traffic_policy: f.maybe("trafficPolicy"),
        })
    }
}

impl Read for Selector {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { match_labels: f.take("matchLabels") })
    }
}
