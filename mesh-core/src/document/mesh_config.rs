//! `MeshConfig`: what holds for the whole mesh, written in the ConfigMap `istio` under the key `mesh`.

use super::{
    connection_pool::{ConnectionPool, TcpKeepalive},
    http_policy::Retry,
    locality::{LocalityBalancing, ZoneAwareBalancing},
    node::Node,
    read::{At, Fields, Read},
    sidecar::OutboundTrafficPolicy,
    traffic_policy::OutlierDetection,
};
use std::time::Duration;

/// The parts of a MeshConfig that have no effect yet.
const UNUSED: &[&str] = &[
    "accessLogEncoding",
    "accessLogFile",
    "accessLogFormat",
    "caCertificates",
    "defaultConfig",
    "defaultProviders",
    "discoverySelectors",
    "dnsRefreshRate",
    "enableAutoMtls",
    "enableTracing",
    "extensionProviders",
    "inboundTrafficPolicy",
    "meshMTLS",
    "pathNormalization",
    "protocolDetectionTimeout",
    "serviceScopeConfigs",
    "serviceSettings",
    "tlsDefaults",
    "trustDomain",
    "trustDomainAliases",
];

/// What the mesh uses of a MeshConfig; the rest of it is Istio's own business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshConfig {
    /// The namespace whose rules are everybody's last resort. Default: `istio-system`.
    pub root_namespace: String,
    /// What becomes of requests to hosts that nobody described. Default: they pass.
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    /// The namespaces that may see a service that does not say. Default: all.
    pub default_service_export_to: Vec<String>,
    /// The same for a VirtualService. Default: all.
    pub default_virtual_service_export_to: Vec<String>,
    /// The same for a DestinationRule. Default: all.
    pub default_destination_rule_export_to: Vec<String>,
    /// Where endpoints are preferred to be, where no DestinationRule says. Default: as near as can be.
    pub locality_lb_setting: Option<LocalityBalancing>,
    /// The same by the sizes of zones, which comes first where both are written. Default: not so.
    pub zone_aware_lb_setting: Option<ZoneAwareBalancing>,
    /// The time to establish a connection, where no DestinationRule says. Default: 10s.
    pub connect_timeout: Option<Duration>,
    /// How the operating system finds out that the other end is gone, where no DestinationRule says. Default: it does not.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// Whether HTTP/1 becomes HTTP/2 on the way, where no DestinationRule says. Default: it does not.
    pub h2_upgrade_policy: MeshUpgradePolicy,
    /// When a failed request is tried again, where its rule does not say. Default: twice, where nothing was sent.
    pub default_http_retry_policy: Option<Retry>,
    /// What DestinationRules have that do not say otherwise. Default: nothing.
    pub default_traffic_policy: DefaultTrafficPolicy,
    /// The fields that are written and have no effect yet.
    pub unused: Vec<&'static str>,
}

/// Whether HTTP/1 becomes HTTP/2 on the way to ports that speak HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshUpgradePolicy {
    /// It does not.
    #[default]
    DoNotUpgrade,
    /// It does.
    Upgrade,
}

/// The blocks that a traffic policy has where it does not write them itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultTrafficPolicy {
    /// Bounds on connections and requests. Default: none.
    pub connection_pool: Option<ConnectionPool>,
    /// When an endpoint that fails is left alone. Default: never.
    pub outlier_detection: Option<OutlierDetection>,
}

impl MeshConfig {
    /// It is in the `data` of the object, where everything else is somebody else's.
    pub(super) fn read_fields(f: &mut Fields<'_>) -> Self {
        f.ignore_unknown();
        f.take::<Data>("data").mesh
    }
}

#[derive(Default)]
struct Data {
    mesh: MeshConfig,
}

impl Read for Data {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { mesh: f.take("mesh") }
        })
    }
}

impl Read for MeshConfig {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                root_namespace: f.take("rootNamespace"),
                outbound_traffic_policy: f.maybe("outboundTrafficPolicy"),
                default_service_export_to: f.take("defaultServiceExportTo"),
                default_virtual_service_export_to: f.take("defaultVirtualServiceExportTo"),
                default_destination_rule_export_to: f.take("defaultDestinationRuleExportTo"),
                locality_lb_setting: f.maybe("localityLbSetting"),
                zone_aware_lb_setting: f.maybe("zoneAwareLbSetting"),
                connect_timeout: f.maybe("connectTimeout"),
                tcp_keepalive: f.maybe("tcpKeepalive"),
                h2_upgrade_policy: f.take("h2UpgradePolicy"),
                default_http_retry_policy: f.maybe("defaultHttpRetryPolicy"),
                default_traffic_policy: f.take("defaultTrafficPolicy"),
                unused: UNUSED.iter().copied().filter(|name| f.has(name)).collect(),
            }
        })
    }
}

impl Read for MeshUpgradePolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("DO_NOT_UPGRADE", 0, Self::DoNotUpgrade), ("UPGRADE", 1, Self::Upgrade)])
    }
}

impl Read for DefaultTrafficPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            connection_pool: f.maybe("connectionPool"),
            outlier_detection: f.maybe("outlierDetection"),
        })
    }
}

/// Whether this is the ConfigMap of Istio's own namespace that holds the MeshConfig.
pub(super) fn is_mesh_config(root: &Node) -> bool {
    let metadata = |field: &str| root.get("metadata")?.get(field)?.as_text();
    root.get("kind").and_then(Node::as_text) == Some("ConfigMap")
        && root.get("apiVersion").and_then(Node::as_text) == Some("v1")
        && metadata("name") == Some("istio")
        && matches!(metadata("namespace"), None | Some("istio-system"))
        && root.get("data").is_some_and(|data| data.has("mesh"))
}
