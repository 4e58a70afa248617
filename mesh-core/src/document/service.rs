//! `Service`: Kubernetes' own description of a service.

use super::{
    node::Value,
    read::{At, Read},
};
use std::collections::BTreeMap;

/// What the mesh uses of a Service's `spec`; everything else in it is Kubernetes' own business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Selects the service's workloads. Default: none.
    pub selector: BTreeMap<String, String>,
    /// Its ports. Default: none.
    pub ports: Vec<ServicePort>,
    /// Its virtual address, or `None` for a headless service. Default: none given.
    pub cluster_ip: String,
    /// All of its virtual addresses, where it has one of each kind. Default: that one.
    pub cluster_ips: Vec<String>,
    /// The name that an alias stands for. Default: none.
    pub external_name: String,
    /// Whether its endpoints count before they are ready. Default: false.
    pub publish_not_ready_addresses: bool,
    /// Which of its endpoints it prefers that clients go to. Default: any.
    pub traffic_distribution: String,
}

/// One port of a Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServicePort {
    /// A name, whose first part may tell the protocol. Default: none.
    pub name: String,
    /// The number. Required.
    pub port: u32,
    /// The workload's port. Default: `port`.
    pub target_port: TargetPort,
    /// TCP, UDP or SCTP. Default: TCP.
    pub protocol: String,
    /// The application protocol, over the one that the name tells. Default: none.
    pub app_protocol: String,
}

/// A workload's port, by number or by the name that the workload gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetPort {
    /// The service port's number.
    #[default]
    Same,
    /// This number.
    Number(u32),
    /// The port of this name.
    Name(String),
}

impl Read for Service {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                selector: f.take("selector"),
                ports: f.take("ports"),
                cluster_ip: f.take("clusterIP"),
                cluster_ips: f.take("clusterIPs"),
                external_name: f.take("externalName"),
                publish_not_ready_addresses: f.take("publishNotReadyAddresses"),
                traffic_distribution: f.take("trafficDistribution"),
            }
        })
    }
}

impl Read for ServicePort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                name: f.take("name"),
                port: f.take("port"),
                target_port: f.take("targetPort"),
                protocol: f.take("protocol"),
                app_protocol: f.take("appProtocol"),
            }
        })
    }
}

impl Read for TargetPort {
    fn read(at: At<'_>) -> Option<Self> {
        match &at.node.value {
            Value::Text(name) if name.parse::<u32>().is_err() => Some(Self::Name(name.to_string())),
            _ => u32::read(at).map(Self::Number),
        }
    }
}
