//! `ServiceEntry`: a service that no Kubernetes Service describes.

use super::{
    read::{At, Read},
    workload_entry::WorkloadEntry,
};
use std::collections::BTreeMap;

/// The `spec` of a ServiceEntry, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceEntry {
    /// Its names. Required.
    pub hosts: Vec<String>,
    /// Its virtual addresses. Default: none.
    pub addresses: Vec<String>,
    /// Its ports. Default: none.
    pub ports: Vec<EntryPort>,
    /// Whether it belongs to the mesh. Default: MESH_EXTERNAL.
    pub location: Location,
    /// How its addresses are found. Default: NONE.
    pub resolution: Resolution,
    /// Its addresses. Default: none.
    pub endpoints: Vec<WorkloadEntry>,
    /// Selects WorkloadEntries of its namespace instead. Default: none.
    pub workload_selector: Option<WorkloadSelector>,
    /// The namespaces that may see it. Default: all.
    pub export_to: Vec<String>,
    /// The names its certificate may carry. Default: any.
    pub subject_alt_names: Vec<String>,
}

/// One port of a ServiceEntry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryPort {
    /// The number. Required.
    pub number: u32,
    /// HTTP, HTTPS, GRPC, HTTP2, TCP, TLS, … in any case. Default: TCP.
    pub protocol: String,
    /// A name, unique in the entry. Required.
    pub name: String,
    /// The port of the endpoints. Default: `number`.
    pub target_port: Option<u32>,
}

/// Whether a service belongs to the mesh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Location {
    /// It does not.
    #[default]
    MeshExternal,
    /// It does.
    MeshInternal,
}

/// How a service's addresses are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// The address that the client was going to.
    #[default]
    None,
    /// Written as endpoints.
    Static,
    /// All addresses that DNS gives.
    Dns,
    /// One address that DNS gives.
    DnsRoundRobin,
    /// DNS, asked with the request's own host.
    DynamicDns,
}

/// `{labels: {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkloadSelector {
    /// The labels a workload must have. Default: none.
    pub labels: BTreeMap<String, String>,
}

impl Read for ServiceEntry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            hosts: f.take("hosts"),
            addresses: f.take("addresses"),
            ports: f.take("ports"),
            location: f.take("location"),
            resolution: f.take("resolution"),
            endpoints: f.take("endpoints"),
            workload_selector: f.maybe("workloadSelector"),
            export_to: f.take("exportTo"),
            subject_alt_names: f.take("subjectAltNames"),
        })
    }
}

impl Read for EntryPort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            number: f.take("number"),
            protocol: f.take("protocol"),
            name: f.take("name"),
            target_port: f.maybe("targetPort"),
        })
    }
}

impl Read for Location {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("MESH_EXTERNAL", 0, Self::MeshExternal), ("MESH_INTERNAL", 1, Self::MeshInternal)])
    }
}

impl Read for Resolution {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("NONE", 0, Self::None),
            ("STATIC", 1, Self::Static),
            ("DNS", 2, Self::Dns),
            ("DNS_ROUND_ROBIN", 3, Self::DnsRoundRobin),
            ("DYNAMIC_DNS", 4, Self::DynamicDns),
        ])
    }
}

impl Read for WorkloadSelector {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { labels: f.take("labels") })
    }
}
