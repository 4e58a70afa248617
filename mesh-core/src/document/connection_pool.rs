//! Bounds on the connections to a service, and on the requests in them.

use super::read::{At, Read};
use std::time::Duration;

/// Bounds on the connections to a service, and on the requests in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionPool {
    /// Those of connections. Default: none.
    pub tcp: Option<TcpPool>,
    /// Those of requests. Default: none.
    pub http: Option<HttpPool>,
}

/// Bounds on connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpPool {
    /// How many there may be. Default: 0, which is any number.
    pub max_connections: i32,
    /// The time to establish one. Default: the mesh's, 10s.
    pub connect_timeout: Option<Duration>,
    /// How the operating system finds out that the other end is gone. Default: it does not.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// How long one may live. Default: any time.
    pub max_connection_duration: Option<Duration>,
    /// How long one may rest; zero is any time. Default: 1h.
    pub idle_timeout: Option<Duration>,
}

/// How the operating system finds out that the other end of a connection is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpKeepalive {
    /// How often it asks before it gives up. Default: 0, the system's own.
    pub probes: u32,
    /// How long a connection rests before it asks. Default: the system's own.
    pub time: Option<Duration>,
    /// The time between two questions. Default: the system's own.
    pub interval: Option<Duration>,
}

/// Bounds on requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpPool {
    /// How many may wait for a connection. Default: 0, which is any number.
    pub http1_max_pending_requests: i32,
    /// How many there may be. Default: 0, which is any number.
    pub http2_max_requests: i32,
    /// How many one connection serves. Default: 0, which is any number.
    pub max_requests_per_connection: i32,
    /// How many retries there may be at once. Default: 0, which is any number.
    pub max_retries: i32,
    /// How long a connection may rest; zero is any time. Default: 1h.
    pub idle_timeout: Option<Duration>,
    /// Whether HTTP/1 becomes HTTP/2 on the way. Default: the mesh's, which is no.
    pub h2_upgrade_policy: H2UpgradePolicy,
    /// Whether the version of HTTP stays that of the client. Default: false.
    pub use_client_protocol: bool,
    /// How many requests one HTTP/2 connection carries at once. Default: 0, which is any number.
    pub max_concurrent_streams: i32,
    /// How a silent HTTP/2 connection is found to be dead. Default: it is not.
    pub http2_keep_alive: Option<Http2KeepAlive>,
}

/// Whether HTTP/1 becomes HTTP/2 on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum H2UpgradePolicy {
    /// As the mesh has it.
    #[default]
    Default,
    /// It does not.
    DoNotUpgrade,
    /// It does.
    Upgrade,
}

/// How a silent HTTP/2 connection is found to be dead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http2KeepAlive {
    /// The time between two pings. Required.
    pub interval: Option<Duration>,
    /// The time that an answer may take. Required.
    pub timeout: Option<Duration>,
}

impl Read for ConnectionPool {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { tcp: f.maybe("tcp"), http: f.maybe("http") })
    }
}

impl Read for TcpPool {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            max_connections: f.take("maxConnections"),
            connect_timeout: f.maybe("connectTimeout"),
            tcp_keepalive: f.maybe("tcpKeepalive"),
            max_connection_duration: f.maybe("maxConnectionDuration"),
            idle_timeout: f.maybe("idleTimeout"),
        })
    }
}

impl Read for TcpKeepalive {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { probes: f.take("probes"), time: f.maybe("time"), interval: f.maybe("interval") })
    }
}

impl Read for HttpPool {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            http1_max_pending_requests: f.take("http1MaxPendingRequests"),
            http2_max_requests: f.take("http2MaxRequests"),
            max_requests_per_connection: f.take("maxRequestsPerConnection"),
            max_retries: f.take("maxRetries"),
            idle_timeout: f.maybe("idleTimeout"),
            h2_upgrade_policy: f.take("h2UpgradePolicy"),
            use_client_protocol: f.take("useClientProtocol"),
            max_concurrent_streams: f.take("maxConcurrentStreams"),
            http2_keep_alive: f.maybe("http2KeepAlive"),
        })
    }
}

impl Read for H2UpgradePolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("DEFAULT", 0, Self::Default),
            ("DO_NOT_UPGRADE", 1, Self::DoNotUpgrade),
            ("UPGRADE", 2, Self::Upgrade),
        ])
    }
}

impl Read for Http2KeepAlive {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { interval: f.maybe("interval"), timeout: f.maybe("timeout") })
    }
}
