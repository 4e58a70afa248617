//! `WorkloadGroup`: what instances outside Kubernetes have in common, so that they can register themselves.

use super::{
    read::{At, Read},
    workload_entry::WorkloadEntry,
};
use std::collections::BTreeMap;

/// The `spec` of a WorkloadGroup, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkloadGroup {
    /// The labels and annotations of its WorkloadEntries. Default: none.
    pub metadata: GroupMetadata,
    /// What its WorkloadEntries begin with. Required.
    pub template: Option<WorkloadEntry>,
    /// How an instance is found to be ready. Default: it always is.
    pub probe: Option<ReadinessProbe>,
}

/// The labels and annotations of a group's WorkloadEntries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMetadata {
    /// The labels. Default: none.
    pub labels: BTreeMap<String, String>,
    /// The annotations. Default: none.
    pub annotations: BTreeMap<String, String>,
}

/// How an instance is found to be ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadinessProbe {
    /// Seconds before the first look. Default: 0.
    pub initial_delay_seconds: i32,
    /// Seconds that an answer may take. Default: 0, which is 1.
    pub timeout_seconds: i32,
    /// Seconds between two looks. Default: 0, which is 10.
    pub period_seconds: i32,
    /// Good answers in a row that make it ready. Default: 0, which is 1.
    pub success_threshold: i32,
    /// Bad answers in a row that make it not ready. Default: 0, which is 3.
    pub failure_threshold: i32,
    /// What is asked. Required.
    pub check: Option<HealthCheck>,
}

/// What an instance is asked, to know whether it is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// An HTTP request.
    HttpGet(HttpCheck),
    /// A connection to a port of a host.
    TcpSocket(PortCheck),
    /// A command, run there.
    Exec(Vec<String>),
    /// A call of gRPC's health service.
    Grpc(PortCheck),
}

/// An HTTP request that tells whether an instance is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpCheck {
    /// The path. Default: `/`.
    pub path: String,
    /// The port. Required.
    pub port: u32,
    /// The host. Default: the instance's own.
    pub host: String,
    /// HTTP or HTTPS. Default: HTTP.
    pub scheme: String,
    /// Headers to send. Default: none.
    pub http_headers: Vec<CheckHeader>,
}

/// A header of an [`HttpCheck`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckHeader {
    /// Its name. Required.
    pub name: String,
    /// Its value. Default: empty.
    pub value: String,
}

/// A port that tells whether an instance is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortCheck {
    /// The host of a connection. Default: the instance's own.
    pub host: String,
    /// The port. Required.
    pub port: u32,
    /// The service of a gRPC call. Default: none.
    pub service: String,
}

impl Read for WorkloadGroup {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            metadata: f.take("metadata"),
            template: f.maybe("template"),
            probe: f.maybe("probe"),
        })
    }
}

impl Read for GroupMetadata {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { labels: f.take("labels"), annotations: f.take("annotations") })
    }
}

impl Read for ReadinessProbe {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["httpGet", "tcpSocket", "exec", "grpc"]);
            let checks = [
                f.maybe("httpGet").map(HealthCheck::HttpGet),
                f.maybe("tcpSocket").map(HealthCheck::TcpSocket),
                f.maybe::<Exec>("exec").map(|exec| HealthCheck::Exec(exec.0)),
                f.maybe("grpc").map(HealthCheck::Grpc),
            ];
            Self {
                initial_delay_seconds: f.take("initialDelaySeconds"),
                timeout_seconds: f.take("timeoutSeconds"),
                period_seconds: f.take("periodSeconds"),
                success_threshold: f.take("successThreshold"),
                failure_threshold: f.take("failureThreshold"),
                check: checks.into_iter().flatten().next(),
            }
        })
    }
}

impl Read for HttpCheck {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            path: f.take("path"),
            port: f.take("port"),
            host: f.take("host"),
            scheme: f.take("scheme"),
            http_headers: f.take("httpHeaders"),
        })
    }
}

impl Read for CheckHeader {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), value: f.take("value") })
    }
}

impl Read for PortCheck {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { host: f.take("host"), port: f.take("port"), service: f.take("service") })
    }
}

/// `{command: […]}`.
struct Exec(Vec<String>);

impl Read for Exec {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self(f.take("command")))
    }
}
