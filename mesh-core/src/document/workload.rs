//! What makes Pods. Only the analysis looks at it, for its labels and ports.

use super::read::{At, Read};
use std::collections::BTreeMap;

/// What the mesh looks at in the `spec` of a Deployment, a StatefulSet or a DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// What its Pods begin with.
    pub template: PodTemplate,
}

/// What Pods begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodTemplate {
    /// Their labels. Default: none.
    pub labels: BTreeMap<String, String>,
    /// Their annotations. Default: none.
    pub annotations: BTreeMap<String, String>,
    /// The ports of their containers. Default: none.
    pub ports: Vec<ContainerPort>,
}

/// A port that a container says it listens to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerPort {
    /// A name, by which a Service may mean it. Default: none.
    pub name: String,
    /// The number. Required.
    pub number: u32,
}

impl Read for Workload {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { template: f.take("template") }
        })
    }
}

impl Read for PodTemplate {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            let Labelled { labels, annotations } = f.take("metadata");
            let Containers(ports) = f.take("spec");
            Self { labels, annotations, ports }
        })
    }
}

/// The `metadata` of a template.
#[derive(Default)]
struct Labelled {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Read for Labelled {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { labels: f.take("labels"), annotations: f.take("annotations") }
        })
    }
}

/// The `spec` of a Pod.
#[derive(Default)]
struct Containers(Vec<ContainerPort>);

impl Read for Containers {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self(ports(f.take("containers")))
        })
    }
}

/// A container, as far as the mesh looks at it.
pub(super) struct Container(Vec<ContainerPort>);

impl Read for Container {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self(f.take("ports"))
        })
    }
}

impl Read for ContainerPort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { name: f.take("name"), number: f.take("containerPort") }
        })
    }
}

/// The ports of all containers of a Pod.
pub(super) fn ports(containers: Vec<Container>) -> Vec<ContainerPort> {
    containers.into_iter().flat_map(|Container(ports)| ports).collect()
}
