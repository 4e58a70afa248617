//! How requests travel to a service: balancing, pools, ejection and TLS.

use super::{
    client_tls::ClientTls,
    connection_pool::ConnectionPool,
    load_balancer::LoadBalancer,
    read::{At, Read},
    values::PortSelector,
};
use std::time::Duration;

/// Balancing, pools, ejection and TLS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficPolicy {
    /// How an endpoint is chosen. Default: by least requests.
    pub load_balancer: Option<LoadBalancer>,
    /// Bounds on connections and requests. Default: none.
    pub connection_pool: Option<ConnectionPool>,
    /// When an endpoint that fails is left alone. Default: never.
    pub outlier_detection: Option<OutlierDetection>,
    /// The TLS of the connection. Default: the mesh decides.
    pub tls: Option<ClientTls>,
    /// What differs on some ports. Default: nothing.
    pub port_level_settings: Vec<PortTrafficPolicy>,
    /// A proxy that connections are tunnelled through. Default: none.
    pub tunnel: Option<Tunnel>,
    /// The PROXY protocol in front of each connection. Default: none.
    pub proxy_protocol: Option<ProxyProtocol>,
    /// A bound on retries in proportion to requests. Default: none.
    pub retry_budget: Option<RetryBudget>,
}

/// What differs on one port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortTrafficPolicy {
    /// The port. Required.
    pub port: Option<u32>,
    /// How an endpoint is chosen. Default: by least requests.
    pub load_balancer: Option<LoadBalancer>,
    /// Bounds on connections and requests. Default: none.
    pub connection_pool: Option<ConnectionPool>,
    /// When an endpoint that fails is left alone. Default: never.
    pub outlier_detection: Option<OutlierDetection>,
    /// The TLS of the connection. Default: the mesh decides.
    pub tls: Option<ClientTls>,
}

/// When an endpoint that fails is left alone for a while.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutlierDetection {
    /// Errors in a row: the older spelling. Default: 0.
    pub consecutive_errors: i32,
    /// Whether errors of the client's own side are counted apart. Default: false.
    pub split_external_local_origin_errors: bool,
    /// Errors of the client's own side in a row. Default: 5.
    pub consecutive_local_origin_failures: Option<u32>,
    /// Answers of 502, 503 and 504 in a row. Default: not counted.
    pub consecutive_gateway_errors: Option<u32>,
    /// Answers of 5xx in a row. Default: 5.
    pub consecutive_5xx_errors: Option<u32>,
    /// The time between two looks. Default: 10s.
    pub interval: Option<Duration>,
    /// How long the first ejection lasts. Default: 30s.
    pub base_ejection_time: Option<Duration>,
    /// The largest share of endpoints that may be ejected, in hundredths. Default: 10.
    pub max_ejection_percent: i32,
    /// The share of healthy endpoints below which ejections do not count, in hundredths. Default: 0.
    pub min_health_percent: i32,
    /// The statuses that count as errors. Default: 5xx.
    pub http_error_codes: Vec<u32>,
}

/// A proxy that connections are tunnelled through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// CONNECT or POST. Default: CONNECT.
    pub protocol: String,
    /// The host at the other end. Required.
    pub target_host: String,
    /// Its port. Required.
    pub target_port: u32,
}

/// The PROXY protocol in front of each connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyProtocol {
    /// Its version. Default: V1.
    pub version: ProxyProtocolVersion,
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyProtocolVersion {
    /// The one of text.
    #[default]
    V1,
    /// The binary one.
    V2,
}

/// A bound on retries in proportion to requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetryBudget {
    /// The largest share of retries among requests, in hundredths. Default: 20.
    pub percent: Option<f64>,
    /// The retries that are always possible. Default: 3.
    pub min_retry_concurrency: u32,
    /// The time over which requests are counted. Default: only those at that moment.
    pub budget_interval: Option<Duration>,
}

impl Read for TrafficPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            load_balancer: f.maybe("loadBalancer"),
            connection_pool: f.maybe("connectionPool"),
            outlier_detection: f.maybe("outlierDetection"),
            tls: f.maybe("tls"),
            port_level_settings: f.take("portLevelSettings"),
            tunnel: f.maybe("tunnel"),
            proxy_protocol: f.maybe("proxyProtocol"),
            retry_budget: f.maybe("retryBudget"),
        })
    }
}

impl Read for PortTrafficPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            port: f.maybe::<PortSelector>("port").map(|port| port.number),
            load_balancer: f.maybe("loadBalancer"),
            connection_pool: f.maybe("connectionPool"),
            outlier_detection: f.maybe("outlierDetection"),
            tls: f.maybe("tls"),
        })
    }
}

impl Read for OutlierDetection {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            consecutive_errors: f.take("consecutiveErrors"),
            split_external_local_origin_errors: f.take("splitExternalLocalOriginErrors"),
            consecutive_local_origin_failures: f.maybe("consecutiveLocalOriginFailures"),
            consecutive_gateway_errors: f.maybe("consecutiveGatewayErrors"),
            consecutive_5xx_errors: f.maybe("consecutive5xxErrors"),
            interval: f.maybe("interval"),
            base_ejection_time: f.maybe("baseEjectionTime"),
            max_ejection_percent: f.take("maxEjectionPercent"),
            min_health_percent: f.take("minHealthPercent"),
            http_error_codes: f.take("outlierDetectionHttpErrorCodes"),
        })
    }
}

impl Read for Tunnel {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            protocol: f.take("protocol"),
            target_host: f.take("targetHost"),
            target_port: f.take("targetPort"),
        })
    }
}

impl Read for ProxyProtocol {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { version: f.take("version") })
    }
}

impl Read for ProxyProtocolVersion {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("V1", 0, Self::V1), ("V2", 1, Self::V2)])
    }
}

impl Read for RetryBudget {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            percent: f.maybe("percent"),
            min_retry_concurrency: f.take("minRetryConcurrency"),
            budget_interval: f.maybe("budgetInterval"),
        })
    }
}
