//! `Sidecar`: what some workloads see of the mesh, and how they are reached.

use super::{
    connection_pool::ConnectionPool,
    gateway::ServerPort,
    read::{At, Read},
    server_tls::ServerTls,
    service_entry::WorkloadSelector,
    virtual_service::Destination,
};

/// The `spec` of a Sidecar, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sidecar {
    /// The workloads it is for. Default: all of its namespace.
    pub workload_selector: Option<WorkloadSelector>,
    /// The ports where they are reached. Default: those of their services.
    pub ingress: Vec<IngressListener>,
    /// The hosts that they see. Default: all.
    pub egress: Vec<EgressListener>,
    /// Bounds on the connections to them. Default: none.
    pub inbound_connection_pool: Option<ConnectionPool>,
    /// What becomes of requests to hosts that they do not see. Default: the mesh's.
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
}

/// One port where a workload is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngressListener {
    /// The port. Required.
    pub port: Option<ServerPort>,
    /// The address. Default: the workload's own.
    pub bind: String,
    /// How connections get here. Default: DEFAULT.
    pub capture_mode: CaptureMode,
    /// Where the application listens. Default: the same port.
    pub default_endpoint: String,
    /// TLS as this port speaks it. Default: the mesh's.
    pub tls: Option<ServerTls>,
    /// Bounds on connections. Default: those of the Sidecar.
    pub connection_pool: Option<ConnectionPool>,
}

/// Hosts that a workload sees, perhaps on one port only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EgressListener {
    /// The port. Default: any other.
    pub port: Option<ServerPort>,
    /// The address. Default: any.
    pub bind: String,
    /// How connections get here. Default: DEFAULT.
    pub capture_mode: CaptureMode,
    /// The hosts: `namespace/name`, with wildcards. Required.
    pub hosts: Vec<String>,
}

/// How connections get to a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// As the environment has it.
    #[default]
    Default,
    /// The operating system redirects them.
    Iptables,
    /// The application opens them here.
    None,
}

/// What becomes of requests to hosts that a workload does not see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboundTrafficPolicy {
    /// Whether they pass. Default: REGISTRY_ONLY.
    pub mode: OutboundMode,
    /// Where they go instead. Default: where their address says.
    pub egress_proxy: Option<Destination>,
}

/// Whether requests to hosts that a workload does not see pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboundMode {
    /// They do not.
    #[default]
    RegistryOnly,
    /// They do.
    AllowAny,
}

impl Read for Sidecar {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            workload_selector: f.maybe("workloadSelector"),
            ingress: f.take("ingress"),
            egress: f.take("egress"),
            inbound_connection_pool: f.maybe("inboundConnectionPool"),
            outbound_traffic_policy: f.maybe("outboundTrafficPolicy"),
        })
    }
}

impl Read for IngressListener {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            port: f.maybe("port"),
            bind: f.take("bind"),
            capture_mode: f.take("captureMode"),
            default_endpoint: f.take("defaultEndpoint"),
            tls: f.maybe("tls"),
            connection_pool: f.maybe("connectionPool"),
        })
    }
}

impl Read for EgressListener {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            port: f.maybe("port"),
            bind: f.take("bind"),
            capture_mode: f.take("captureMode"),
            hosts: f.take("hosts"),
        })
    }
}

impl Read for CaptureMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("DEFAULT", 0, Self::Default), ("IPTABLES", 1, Self::Iptables), ("NONE", 2, Self::None)])
    }
}

impl Read for OutboundTrafficPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { mode: f.take("mode"), egress_proxy: f.maybe("egressProxy") })
    }
}

impl Read for OutboundMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("REGISTRY_ONLY", 0, Self::RegistryOnly), ("ALLOW_ANY", 1, Self::AllowAny)])
    }
}
