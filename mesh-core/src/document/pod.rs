//! `Pod`: a workload of Kubernetes.

use super::{
    read::{At, Fields, Read},
    workload::{ContainerPort, ports},
};

/// What the mesh uses of a Pod; everything else in it is Kubernetes' own business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// The service account it runs as. Default: unknown.
    pub service_account_name: String,
    /// The node it runs on, once it is bound to one. Default: none.
    pub node_name: String,
    /// Its address, once it runs. Default: none.
    pub ip: String,
    /// The ports of its containers. Default: none.
    pub ports: Vec<ContainerPort>,
}

impl Pod {
    /// A Pod's address is in its `status`.
    pub(super) fn read_fields(f: &mut Fields<'_>) -> Self {
        let spec: Spec = f.take("spec");
        let status: Status = f.take("status");
        let Spec { service_account_name, node_name, ports } = spec;
        Self { service_account_name, node_name, ip: status.ip, ports }
    }
}

#[derive(Default)]
struct Spec {
    service_account_name: String,
    node_name: String,
    ports: Vec<ContainerPort>,
}

#[derive(Default)]
struct Status {
    ip: String,
}

impl Read for Spec {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                service_account_name: f.take("serviceAccountName"),
                node_name: f.take("nodeName"),
                ports: ports(f.take("containers")),
            }
        })
    }
}

impl Read for Status {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { ip: f.take("podIP") }
        })
    }
}
