//! Bounds on connections and requests.

use super::Site;
use crate::{
    document::{ConnectionPool, H2UpgradePolicy, Http2KeepAlive, HttpPool, Path, TcpKeepalive, TcpPool},
    model::{self, Http2Upgrade},
};
use std::time::Duration;

/// Reads the bounds on connections and requests. A bound of zero is none, as in Istio.
pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &ConnectionPool) -> model::ConnectionPool {
    check(site, at, written);
    let default = model::ConnectionPool::default();
    let (tcp, http) = (written.tcp.clone().unwrap_or_default(), written.http.clone().unwrap_or_default());
    let bound =
        |written: i32, default: u32| u32::try_from(written).ok().filter(|n| *n > 0).unwrap_or(default);
    let idle_timeout = match http.idle_timeout.or(tcp.idle_timeout) {
        Some(Duration::ZERO) => None,
        written => written.or(default.idle_timeout),
    };
    model::ConnectionPool {
        max_connections: bound(tcp.max_connections, default.max_connections),
        connect_timeout: tcp.connect_timeout,
        tcp_keepalive: tcp.tcp_keepalive.as_ref().map(keepalive),
        max_connection_duration: tcp.max_connection_duration,
        idle_timeout,
        max_pending_requests: bound(http.http1_max_pending_requests, default.max_pending_requests),
        max_requests: bound(http.http2_max_requests, default.max_requests),
        max_requests_per_connection: Some(bound(http.max_requests_per_connection, 0)).filter(|n| *n > 0),
        max_retries: bound(http.max_retries, default.max_retries),
        http2_upgrade: match http.h2_upgrade_policy {
            H2UpgradePolicy::Default => Http2Upgrade::OfMesh,
            H2UpgradePolicy::DoNotUpgrade => Http2Upgrade::Never,
            H2UpgradePolicy::Upgrade => Http2Upgrade::Always,
        },
        uses_client_protocol: http.use_client_protocol,
        max_concurrent_streams: bound(http.max_concurrent_streams, default.max_concurrent_streams),
        http2_keepalive: http.http2_keep_alive.as_ref().and_then(http2_keepalive),
    }
}

/// How the other end is found to be gone.
pub(super) fn keepalive(written: &TcpKeepalive) -> model::TcpKeepalive {
    model::TcpKeepalive {
        probes: Some(written.probes).filter(|probes| *probes > 0),
        time: written.time,
        interval: written.interval,
    }
}

fn http2_keepalive(written: &Http2KeepAlive) -> Option<model::Http2KeepAlive> {
    Some(model::Http2KeepAlive { interval: written.interval?, timeout: written.timeout? })
}

/// Checks them.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &ConnectionPool) {
    if written.tcp.is_none() && written.http.is_none() {
        let remedy = "write tcp or http below it";
        site.check.refuse_with(at, "connection pool must have at least one field", remedy);
    }
    if let Some(http) = &written.http {
        check_http(site, &at.field("http"), http);
    }
    if let Some(tcp) = &written.tcp {
        check_tcp(site, &at.field("tcp"), tcp);
    }
}

fn check_http(site: Site<'_>, at: &Path<'_>, written: &HttpPool) {
    for (field, name, number) in [
        ("http1MaxPendingRequests", "http1 max pending requests", written.http1_max_pending_requests),
        ("http2MaxRequests", "http2 max requests", written.http2_max_requests),
        ("maxRequestsPerConnection", "max requests per connection", written.max_requests_per_connection),
        ("maxRetries", "max retries", written.max_retries),
        ("maxConcurrentStreams", "max concurrent streams", written.max_concurrent_streams),
    ] {
        refuse_negative(site, &at.field(field), name, number);
    }
    if let Some(timeout) = written.idle_timeout {
        site.duration_or_zero(&at.field("idleTimeout"), timeout);
    }
    if written.h2_upgrade_policy == H2UpgradePolicy::Upgrade && written.use_client_protocol {
        let reason = "use client protocol must not be true when H2UpgradePolicy is UPGRADE";
        site.check.refuse_with(&at.field("useClientProtocol"), reason, "keep one of the two");
    }
    if let Some(keepalive) = &written.http2_keep_alive {
        check_keepalive(site, &at.field("http2KeepAlive"), keepalive);
    }
}

fn check_keepalive(site: Site<'_>, at: &Path<'_>, written: &Http2KeepAlive) {
    for (field, duration) in [("interval", written.interval), ("timeout", written.timeout)] {
        match duration {
            Some(duration) => site.duration(&at.field(field), duration),
            None => site.check.refuse_with(
                at,
                format!("http2 keepalive {field} is required"),
                format!("write {field}: 15s, say"),
            ),
        }
    }
}

fn check_tcp(site: Site<'_>, at: &Path<'_>, written: &TcpPool) {
    refuse_negative(site, &at.field("maxConnections"), "max connections", written.max_connections);
    site.maybe_duration(at, "connectTimeout", written.connect_timeout);
    site.maybe_duration(at, "maxConnectionDuration", written.max_connection_duration);
    if let Some(timeout) = written.idle_timeout {
        site.duration_or_zero(&at.field("idleTimeout"), timeout);
    }
    if let Some(keepalive) = &written.tcp_keepalive {
        check_tcp_keepalive(site, &at.field("tcpKeepalive"), keepalive);
    }
}

/// Checks it.
pub(super) fn check_tcp_keepalive(site: Site<'_>, at: &Path<'_>, written: &TcpKeepalive) {
    site.maybe_duration(at, "time", written.time);
    site.maybe_duration(at, "interval", written.interval);
}

fn refuse_negative(site: Site<'_>, at: &Path<'_>, name: &str, number: i32) {
    if number < 0 {
        site.check.refuse_with(at, format!("{name} must be non-negative"), "leave it out for no bound");
    }
}
