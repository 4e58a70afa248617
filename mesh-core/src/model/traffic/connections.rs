//! Bounds on connections, and on the requests in them.

use std::time::Duration;

/// Bounds on the connections to a backend, and on the requests in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionPool {
    /// How many connections there may be. Default: 2³²-1.
    pub max_connections: u32,
    /// The time to establish one. Default: as the mesh says, which is [`Self::CONNECT_TIMEOUT`] unless it says otherwise.
    pub connect_timeout: Option<Duration>,
    /// How the operating system finds out that the other end is gone. Default: as the mesh says, which is not at all unless
    /// it says otherwise.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// How long a connection may live. Default: any time.
    pub max_connection_duration: Option<Duration>,
    /// How long a connection may rest. Default: 1 h.
    pub idle_timeout: Option<Duration>,
    /// How many requests may wait for a connection. Default: 2³²-1.
    pub max_pending_requests: u32,
    /// How many requests there may be. Default: 2³²-1.
    pub max_requests: u32,
    /// How many requests one connection serves. Default: any number.
    pub max_requests_per_connection: Option<u32>,
    /// How many retries there may be at once. Default: 2³²-1.
    pub max_retries: u32,
    /// Whether requests of HTTP/1 become HTTP/2 on the way. Default: as the mesh says.
    pub http2_upgrade: Http2Upgrade,
    /// Whether a request leaves in the version of HTTP that it came in. Default: no.
    pub uses_client_protocol: bool,
    /// How many requests one HTTP/2 connection carries at once. Default: 2³¹-1.
    pub max_concurrent_streams: u32,
    /// How a dead HTTP/2 connection is found out. Default: it is not.
    pub http2_keepalive: Option<Http2KeepAlive>,
}

impl ConnectionPool {
    /// The time to establish a connection where nobody says anything.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The time to establish a connection.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(Self::CONNECT_TIMEOUT)
    }
}

impl Default for ConnectionPool {
    fn default() -> Self {
        Self {
            max_connections: u32::MAX,
            connect_timeout: None,
            tcp_keepalive: None,
            max_connection_duration: None,
            idle_timeout: Some(Duration::from_secs(3600)),
            max_pending_requests: u32::MAX,
            max_requests: u32::MAX,
            max_requests_per_connection: None,
            max_retries: u32::MAX,
            http2_upgrade: Http2Upgrade::OfMesh,
            uses_client_protocol: false,
            max_concurrent_streams: i32::MAX as u32,
            http2_keepalive: None,
        }
    }
}

/// Whether requests of HTTP/1 become HTTP/2 on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Http2Upgrade {
    /// As the mesh says, which is no unless it says otherwise.
    #[default]
    OfMesh,
    /// No.
    Never,
    /// Yes, whatever the port's protocol.
    Always,
}

/// How the operating system finds out that the other end of a connection is gone. What is `None` is its own affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpKeepalive {
    /// How often it asks before it gives up.
    pub probes: Option<u32>,
    /// How long a connection rests before it asks.
    pub time: Option<Duration>,
    /// The time between two questions.
    pub interval: Option<Duration>,
}

impl TcpKeepalive {
    /// The same, with what another says where this says nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            probes: self.probes.or(other.probes),
            time: self.time.or(other.time),
            interval: self.interval.or(other.interval),
        }
    }
}

/// How a dead HTTP/2 connection is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Http2KeepAlive {
    /// The time between two pings.
    pub interval: Duration,
    /// The time that an answer may take.
    pub timeout: Duration,
}
