//! How requests travel to a service: who of its endpoints is chosen, within which bounds, and how connections are secured.
//!
//! A DestinationRule writes some of it, for a service, for one of its ports, for a subset: [`WrittenPolicy`]. What holds
//! for one backend is a [`TrafficPolicy`], in which everything that nobody wrote has Istio's default.

mod balancing;
mod connections;
mod mesh;
mod outlier;
mod tls;
mod written;

pub use balancing::{
    Algorithm, Balancing, CookieAttribute, Distribution, HashCookie, HashKey, HashTable, LocalityBalancing,
    Nearness, RegionFailover, TrafficDistribution, Warmup, ZoneBalancing,
};
pub use connections::{ConnectionPool, Http2KeepAlive, Http2Upgrade, TcpKeepalive};
pub use mesh::MeshTraffic;
pub use outlier::OutlierDetection;
pub use tls::{ClientTls, ClientTlsMode, ProxyProtocol, Tunnel, TunnelProtocol};
pub use written::{PolicyBlocks, RetryBudget, TrafficPolicy, WrittenPolicy};
