//! What a DestinationRule writes about traffic, and what comes of it for one backend.

use super::{Balancing, ClientTls, ConnectionPool, MeshTraffic, OutlierDetection, ProxyProtocol, Tunnel};
use crate::model::Share;
use std::{collections::BTreeMap, time::Duration};

/// What holds for the traffic to one backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrafficPolicy {
    /// Who of the endpoints gets a request.
    pub balancing: Balancing,
    /// Bounds on connections and requests.
    pub connection_pool: ConnectionPool,
    /// When an endpoint that fails is left alone. Default: never.
    pub outlier_detection: Option<OutlierDetection>,
    /// How connections are secured. Default: the mesh decides, endpoint by endpoint.
    pub tls: Option<ClientTls>,
    /// A proxy that connections are tunnelled through. Default: none.
    pub tunnel: Option<Tunnel>,
    /// The PROXY protocol in front of each connection. Default: none.
    pub proxy_protocol: Option<ProxyProtocol>,
    /// A bound on retries in proportion to requests, in the place of their number. Default: none.
    pub retry_budget: Option<RetryBudget>,
}

/// A bound on retries in proportion to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryBudget {
    /// The largest share of retries among requests. Default: 20 %.
    pub share: Share,
    /// The retries that are always possible. Default: 3.
    pub min_concurrency: u32,
    /// The time over which requests are counted. Default: those of the moment alone.
    pub interval: Option<Duration>,
}

/// What is written of a policy: for a service, or for a subset of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WrittenPolicy {
    /// For every port.
    pub blocks: PolicyBlocks,
    /// For some ports, in the place of all four blocks above.
    pub ports: BTreeMap<u16, PolicyBlocks>,
    /// A proxy that connections are tunnelled through.
    pub tunnel: Option<Tunnel>,
    /// The PROXY protocol in front of each connection.
    pub proxy_protocol: Option<ProxyProtocol>,
    /// A bound on retries in proportion to requests.
    pub retry_budget: Option<RetryBudget>,
}

/// The four blocks of a policy that a port can have for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyBlocks {
    /// Who of the endpoints gets a request.
    pub balancing: Option<Balancing>,
    /// Bounds on connections and requests.
    pub connection_pool: Option<ConnectionPool>,
    /// When an endpoint that fails is left alone.
    pub outlier_detection: Option<OutlierDetection>,
    /// How connections are secured.
    pub tls: Option<ClientTls>,
}

impl WrittenPolicy {
    /// What holds at a port of a service, by its own policy and that of a subset, and what the mesh says for who says
    /// nothing. Who is near is for the service to say before the mesh does, and not decided here.
    ///
    /// A port's blocks take the place of all four of its level, written or not; a subset's take the place of the
    /// service's one by one.
    #[must_use]
    pub fn at_port(
        service: Option<&Self>,
        subset: Option<&Self>,
        port: u16,
        mesh: &MeshTraffic,
    ) -> TrafficPolicy {
        let blocks = service.map(|policy| policy.ports.get(&port).unwrap_or(&policy.blocks));
        let of_subset = subset.map(|policy| &policy.blocks);
        // Read from the left: the first that is written holds. A subset's port leaves nothing of the levels above it.
        let levels: [Option<&PolicyBlocks>; 2] = match subset.and_then(|policy| policy.ports.get(&port)) {
            Some(of_port) => [Some(of_port), None],
            None => [of_subset, blocks],
        };
        let blocks = || levels.into_iter().flatten();
        let whole = || [subset, service].into_iter().flatten();
        TrafficPolicy {
            balancing: blocks().find_map(|level| level.balancing.clone()).unwrap_or_default(),
            connection_pool: mesh.pool(blocks().find_map(|level| level.connection_pool.as_ref())),
            outlier_detection: blocks()
                .find_map(|level| level.outlier_detection.clone())
                .or_else(|| mesh.outlier_detection.clone()),
            tls: blocks().find_map(|level| level.tls.clone()),
            tunnel: whole().find_map(|policy| policy.tunnel.clone()),
            proxy_protocol: whole().find_map(|policy| policy.proxy_protocol),
            retry_budget: whole().find_map(|policy| policy.retry_budget),
        }
    }
}
