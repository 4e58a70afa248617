//! `Gateway`: the ports where traffic enters or leaves the mesh.

use super::{
    read::{At, Read},
    server_tls::ServerTls,
};
use std::collections::BTreeMap;

/// The `spec` of a Gateway, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// The labels of the workloads that act as this gateway. Default: all workloads.
    pub selector: BTreeMap<String, String>,
    /// The ports it opens. Required.
    pub servers: Vec<Server>,
}

/// One port of a gateway, for some hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// The port. Required.
    pub port: Option<ServerPort>,
    /// The address it listens at: an IP address, or `unix://` and a path. Default: all addresses.
    pub bind: String,
    /// The hosts it is for: `[namespace/]name`, with a wildcard in the first label. Required.
    pub hosts: Vec<String>,
    /// Where connections go that no rule is for; Istio ignores it. Default: nowhere.
    pub default_endpoint: String,
    /// A name, unique in the Gateway. Default: none.
    pub name: String,
    /// TLS as the server speaks it. Default: none.
    pub tls: Option<ServerTls>,
}

/// The port of a [`Server`], or of a Sidecar's listener.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerPort {
    /// The number. Required.
    pub number: u32,
    /// HTTP, HTTPS, GRPC, HTTP2, TCP, TLS, … in any case. Required.
    pub protocol: String,
    /// A name, unique in the Gateway. Required there.
    pub name: String,
    /// Refused, as it would mean nothing. Default: 0.
    pub target_port: u32,
}

impl Read for Gateway {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { selector: f.take("selector"), servers: f.take("servers") })
    }
}

impl Read for Server {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            port: f.maybe("port"),
            bind: f.take("bind"),
            hosts: f.take("hosts"),
            default_endpoint: f.take("defaultEndpoint"),
            name: f.take("name"),
            tls: f.maybe("tls"),
        })
    }
}

impl Read for ServerPort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            number: f.take("number"),
            protocol: f.take("protocol"),
            name: f.take("name"),
            target_port: f.take("targetPort"),
        })
    }
}
