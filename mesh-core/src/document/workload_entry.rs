//! `WorkloadEntry`: one instance of a service, wherever it runs.

use super::read::{At, Read};
use std::collections::BTreeMap;

/// The `spec` of a WorkloadEntry, and one endpoint of a ServiceEntry, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkloadEntry {
    /// An IP address, or a name where the service's resolution is DNS. Required.
    pub address: String,
    /// The instance's port for each of the service's ports, by the port's name. Default: the service's own.
    pub ports: BTreeMap<String, u32>,
    /// Labels, by which subsets and services select it. Default: none.
    pub labels: BTreeMap<String, String>,
    /// The network it is in. Default: none.
    pub network: String,
    /// `region/zone/subzone`. Default: unknown.
    pub locality: String,
    /// Its share among the endpoints; 0 counts as 1. Default: 0.
    pub weight: u32,
    /// The service account it runs as. Default: none.
    pub service_account: String,
}

impl Read for WorkloadEntry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            address: f.take("address"),
            ports: f.take("ports"),
            labels: f.take("labels"),
            network: f.take("network"),
            locality: f.take("locality"),
            weight: f.take("weight"),
            service_account: f.take("serviceAccount"),
        })
    }
}
