//! What holds for traffic where neither a DestinationRule nor a VirtualService says anything.

use super::{ConnectionPool, Nearness, OutlierDetection, TcpKeepalive};
use crate::model::RetryPolicy;
use std::time::Duration;

/// What a mesh says of traffic for those who say nothing themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshTraffic {
    /// Where endpoints are preferred to be. Default: as near as can be, once endpoints that fail are left alone.
    pub nearness: Nearness,
    /// The time to establish a connection. Default: [`ConnectionPool::CONNECT_TIMEOUT`].
    pub connect_timeout: Option<Duration>,
    /// How the operating system finds out that the other end is gone. Default: it does not.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// Whether requests of HTTP/1 become HTTP/2 where a port is said to speak HTTP. Default: no.
    pub upgrades_http2: bool,
    /// Bounds on connections and requests. Default: none to speak of.
    pub connection_pool: Option<ConnectionPool>,
    /// When an endpoint that fails is left alone. Default: never.
    pub outlier_detection: Option<OutlierDetection>,
    /// When a failed request is tried again. Default: [`RetryPolicy::default`].
    pub retries: Option<RetryPolicy>,
}

impl MeshTraffic {
    /// The bounds that hold where a policy writes these, or none.
    #[must_use]
    pub fn pool(&self, written: Option<&ConnectionPool>) -> ConnectionPool {
        let mut pool = written.or(self.connection_pool.as_ref()).cloned().unwrap_or_default();
        pool.connect_timeout = pool.connect_timeout.or(self.connect_timeout);
        pool.tcp_keepalive = match (pool.tcp_keepalive, self.tcp_keepalive) {
            (Some(written), Some(mesh)) => Some(written.or(mesh)),
            (written, mesh) => written.or(mesh),
        };
        pool
    }
}
