//! `EndpointSlice`: where Kubernetes says that a Service's workloads listen.

use super::read::{At, Fields, Read};

/// What the mesh uses of an EndpointSlice; everything else in it is Kubernetes' own business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSlice {
    /// The endpoints. Default: none.
    pub endpoints: Vec<SlicedEndpoint>,
    /// Their ports. Default: none.
    pub ports: Vec<SlicePort>,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlicedEndpoint {
    /// Its addresses. Required.
    pub addresses: Vec<String>,
    /// Whether it takes requests. Default: it does.
    pub conditions: EndpointConditions,
    /// What is behind it. Default: unknown.
    pub target_ref: TargetRef,
    /// The node it runs on. Default: unknown.
    pub node_name: String,
}

/// What state an endpoint is in; what is not said is unknown, and counts as ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointConditions {
    /// Whether it takes requests.
    pub ready: Option<bool>,
    /// Whether it is ending.
    pub terminating: Option<bool>,
}

/// An object of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetRef {
    /// Its kind. Default: unknown.
    pub kind: String,
    /// Its name. Default: unknown.
    pub name: String,
}

/// One port of every endpoint of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlicePort {
    /// The name of the Service's port. Default: none.
    pub name: String,
    /// The number. Default: unknown.
    pub port: Option<u32>,
}

impl EndpointSlice {
    /// A slice has no `spec`: its fields are the object's own.
    pub(super) fn read_fields(f: &mut Fields<'_>) -> Self {
        f.ignore("addressType");
        Self { endpoints: f.take("endpoints"), ports: f.take("ports") }
    }
}

impl Read for SlicedEndpoint {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                addresses: f.take("addresses"),
                conditions: f.take("conditions"),
                target_ref: f.take("targetRef"),
                node_name: f.take("nodeName"),
            }
        })
    }
}

impl Read for EndpointConditions {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { ready: f.maybe("ready"), terminating: f.maybe("terminating") }
        })
    }
}

impl Read for TargetRef {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { kind: f.take("kind"), name: f.take("name") }
        })
    }
}

impl Read for SlicePort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { name: f.take("name"), port: f.maybe("port") }
        })
    }
}
