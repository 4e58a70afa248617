//! `MeshConfig`: what holds for the whole mesh, written in the ConfigMap `istio` under the key `mesh`.

use super::{
    connection_pool::{ConnectionPool, TcpKeepalive},
    extension_provider::ExtensionProvider,
    http_policy::Retry,
    locality::{LocalityBalancing, ZoneAwareBalancing},
    mesh_telemetry::{MeshTelemetry, ProxyTracing},
    mesh_tls::{CaCertificate, MeshTls},
    node::Node,
    read::{At, Fields, Read},
    sidecar::OutboundTrafficPolicy,
    traffic_policy::OutlierDetection,
};
use std::time::Duration;

/// The parts of a MeshConfig that have no effect yet.
const UNUSED: &[&str] = &[
    "discoverySelectors",
    "inboundTrafficPolicy",
    "protocolDetectionTimeout",
    "serviceScopeConfigs",
    "serviceSettings",
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
    /// Services that do something for the whole mesh. Default: none.
    pub extension_providers: Vec<ExtensionProvider>,
    /// What is made of paths before any rule sees them. Default: BASE.
    pub path_normalization: Option<ProxyPathNormalization>,
    /// What proxies do by default. Default: Istio's.
    pub default_config: Option<DefaultConfig>,
    /// The trust domain of the mesh. Default: `cluster.local`.
    pub trust_domain: String,
    /// Further names of it. Default: none.
    pub trust_domain_aliases: Vec<String>,
    /// Whether calls are secured where both ends can and nobody says otherwise. Default: true.
    pub enable_auto_mtls: Option<bool>,
    /// How TLS is spoken between workloads. Default: TLS 1.2 and 1.3.
    pub mesh_mtls: Option<MeshTls>,
    /// How it is spoken elsewhere. Default: TLS 1.2 and 1.3.
    pub tls_defaults: Option<MeshTls>,
    /// Authorities besides the mesh's own. Default: none.
    pub ca_certificates: Vec<CaCertificate>,
    /// When DNS is asked again for a name, where its last answer does not say. Default: after 60 s.
    pub dns_refresh_rate: Option<Duration>,
    /// How requests are measured, traced and written to logs.
    pub telemetry: MeshTelemetry,
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

/// What is made of paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyPathNormalization {
    /// How much. Default: BASE.
    pub normalization: Normalization,
}

/// How much is made of paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalization {
    /// As BASE.
    #[default]
    Default,
    /// Nothing.
    None,
    /// Dot segments and needless escapes go.
    Base,
    /// Several slashes become one, too.
    MergeSlashes,
    /// Escaped slashes become slashes, too.
    DecodeAndMergeSlashes,
}

/// What proxies do by default, as far as the mesh does it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultConfig {
    /// What is before gateways. Default: clients.
    pub gateway_topology: Topology,
    /// How they trace. Default: as usual.
    pub tracing: Option<ProxyTracing>,
    /// Whether anything else is written.
    pub has_more: bool,
}

/// What is before gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// How many proxies are before them, and are believed when they say who their client is. Default: none.
    pub num_trusted_proxies: u32,
    /// Whether anything else is written.
    pub has_more: bool,
}

impl Read for ProxyPathNormalization {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { normalization: f.take("normalization") })
    }
}

impl Read for Normalization {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("DEFAULT", 0, Self::Default),
            ("NONE", 1, Self::None),
            ("BASE", 2, Self::Base),
            ("MERGE_SLASHES", 3, Self::MergeSlashes),
            ("DECODE_AND_MERGE_SLASHES", 4, Self::DecodeAndMergeSlashes),
        ])
    }
}

impl Read for DefaultConfig {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            let used = ["gatewayTopology", "tracing"].into_iter().filter(|name| f.is_written(name)).count();
            Self {
                gateway_topology: f.take("gatewayTopology"),
                tracing: f.maybe("tracing"),
                has_more: at.node.entries().len() > used,
            }
        })
    }
}

impl Read for Topology {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            let num_trusted_proxies = f.take("numTrustedProxies");
            let written = usize::from(f.is_written("numTrustedProxies"));
            Self { num_trusted_proxies, has_more: at.node.entries().len() > written }
        })
    }
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
                extension_providers: f.take("extensionProviders"),
                path_normalization: f.maybe("pathNormalization"),
                default_config: f.maybe("defaultConfig"),
                trust_domain: f.take("trustDomain"),
                trust_domain_aliases: f.take("trustDomainAliases"),
                enable_auto_mtls: f.maybe("enableAutoMtls"),
                mesh_mtls: f.maybe("meshMTLS"),
                tls_defaults: f.maybe("tlsDefaults"),
                ca_certificates: f.take("caCertificates"),
                dns_refresh_rate: f.maybe("dnsRefreshRate"),
                telemetry: MeshTelemetry::read_fields(f),
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
