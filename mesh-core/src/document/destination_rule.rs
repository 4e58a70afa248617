//! `DestinationRule`: what applies to a service once a request is on its way there.

use super::{
    read::{At, Read},
    values::Later,
};
use std::collections::BTreeMap;

/// The `spec` of a DestinationRule, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationRule {
    /// The service, or a wildcard. Required.
    pub host: String,
    /// Balancing, pools, ejection and TLS. Default: the mesh's.
    pub traffic_policy: Option<TrafficPolicy>,
    /// Named parts of the service. Default: none.
    pub subsets: Vec<Subset>,
    /// The namespaces that may see it. Default: all.
    pub export_to: Vec<String>,
    /// The client workloads it is for. Default: all.
    pub workload_selector: Option<Selector>,
}

/// A part of a service: the endpoints that carry certain labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subset {
    /// The name that routes use. Required.
    pub name: String,
    /// The labels an endpoint must have. Default: none, which selects all endpoints.
    pub labels: BTreeMap<String, String>,
    /// What differs from the service's policy. Default: nothing.
    pub traffic_policy: Option<TrafficPolicy>,
}

/// Balancing, pools, ejection and TLS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficPolicy {
    /// The TLS of the connection. Default: the mesh decides.
    pub tls: Option<ClientTls>,
}

/// TLS as the client starts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientTls {
    /// How. Default: DISABLE.
    pub mode: ClientTlsMode,
}

/// How a client secures a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientTlsMode {
    /// Not at all.
    #[default]
    Disable,
    /// TLS that checks the server.
    Simple,
    /// TLS with a client certificate of one's own.
    Mutual,
    /// Mutual TLS with the mesh's certificates.
    IstioMutual,
}

/// `{matchLabels: {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The labels a workload must have. Default: none, which selects all.
    pub match_labels: BTreeMap<String, String>,
}

impl Read for DestinationRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            host: f.take("host"),
            traffic_policy: f.maybe("trafficPolicy"),
            subsets: f.take("subsets"),
            export_to: f.take("exportTo"),
            workload_selector: f.maybe("workloadSelector"),
        })
    }
}

impl Read for Subset {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            name: f.take("name"),
            labels: f.take("labels"),
            traffic_policy: f.maybe("trafficPolicy"),
        })
    }
}

impl Read for TrafficPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in [
                "loadBalancer",
                "connectionPool",
                "outlierDetection",
                "portLevelSettings",
                "tunnel",
                "proxyProtocol",
                "retryBudget",
            ] {
                f.maybe::<Later>(field);
            }
            Self { tls: f.maybe("tls") }
        })
    }
}

impl Read for ClientTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in [
                "clientCertificate",
                "privateKey",
                "caCertificates",
                "credentialName",
                "subjectAltNames",
                "sni",
                "insecureSkipVerify",
                "caCrl",
            ] {
                f.ignore(field);
            }
            let mode = f.take("mode");
            if mode != ClientTlsMode::Disable {
                Later::read(f.here());
            }
            Self { mode }
        })
    }
}

impl Read for ClientTlsMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("DISABLE", 0, Self::Disable),
            ("SIMPLE", 1, Self::Simple),
            ("MUTUAL", 2, Self::Mutual),
            ("ISTIO_MUTUAL", 3, Self::IstioMutual),
        ])
    }
}

impl Read for Selector {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { match_labels: f.take("matchLabels") })
    }
}
