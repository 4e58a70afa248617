//! Rules for whole connections: TLS that is passed through, and plain TCP.

use super::{
    read::{At, Read},
    virtual_service::Destination,
};
use std::collections::BTreeMap;

/// One rule for TLS that is passed through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsRoute {
    /// Conditions of which one block must hold. Required.
    pub matches: Vec<TlsMatch>,
    /// Where such connections go, by weight. Required.
    pub route: Vec<WeightedDestination>,
}

/// One rule for plain TCP.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TcpRoute {
    /// Conditions of which one block must hold. Default: always.
    pub matches: Vec<ConnectionMatch>,
    /// Where such connections go, by weight. Required.
    pub route: Vec<WeightedDestination>,
}

/// One block of conditions on TLS, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsMatch {
    /// The names that the client asks for. Required.
    pub sni_hosts: Vec<String>,
    /// What every connection can be asked for.
    pub connection: ConnectionMatch,
}

/// One block of conditions on a connection, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConnectionMatch {
    /// The networks that the connection goes to. Default: any.
    pub destination_subnets: Vec<String>,
    /// The network that it comes from; Istio ignores it. Default: any.
    pub source_subnet: String,
    /// The port that it goes to. Default: any.
    pub port: Option<u32>,
    /// Labels that the client's workload must have. Default: none.
    pub source_labels: BTreeMap<String, String>,
    /// The namespace the client must be in. Default: any.
    pub source_namespace: String,
    /// The gateways where this block applies. Default: those of the VirtualService.
    pub gateways: Vec<String>,
}

/// One weighted destination of a rule for connections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightedDestination {
    /// Where to. Required.
    pub destination: Option<Destination>,
    /// Its share. Default: 0, unless it is the only one.
    pub weight: i32,
}

impl Read for TlsRoute {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { matches: f.take("match"), route: f.take("route") })
    }
}

impl Read for TcpRoute {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { matches: f.take("match"), route: f.take("route") })
    }
}

impl Read for TlsMatch {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            sni_hosts: f.take("sniHosts"),
            connection: ConnectionMatch {
                destination_subnets: f.take("destinationSubnets"),
                source_subnet: String::new(),
                port: f.maybe("port"),
                source_labels: f.take("sourceLabels"),
                source_namespace: f.take("sourceNamespace"),
                gateways: f.take("gateways"),
            },
        })
    }
}

impl Read for ConnectionMatch {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            destination_subnets: f.take("destinationSubnets"),
            source_subnet: f.take("sourceSubnet"),
            port: f.maybe("port"),
            source_labels: f.take("sourceLabels"),
            source_namespace: f.take("sourceNamespace"),
            gateways: f.take("gateways"),
        })
    }
}

impl Read for WeightedDestination {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { destination: f.maybe("destination"), weight: f.take("weight") })
    }
}
