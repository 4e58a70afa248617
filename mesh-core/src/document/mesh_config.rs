//! `MeshConfig`: what holds for the whole mesh, written in the ConfigMap `istio` under the key `mesh`.

use super::{
    extension_provider::ExtensionProvider,
    locality::LocalityBalancing,
    node::Node,
    read::{At, Fields, Read},
    sidecar::OutboundTrafficPolicy,
};

/// The parts of a MeshConfig that have no effect yet.
const UNUSED: &[&str] = &[
    "accessLogEncoding",
    "accessLogFile",
    "accessLogFormat",
    "caCertificates",
    "connectTimeout",
    "defaultConfig",
    "defaultHttpRetryPolicy",
    "defaultProviders",
    "defaultTrafficPolicy",
    "discoverySelectors",
    "dnsRefreshRate",
    "enableAutoMtls",
    "enableTracing",
    "h2UpgradePolicy",
    "inboundTrafficPolicy",
    "meshMTLS",
    "pathNormalization",
    "protocolDetectionTimeout",
    "serviceScopeConfigs",
    "serviceSettings",
    "tcpKeepalive",
    "tlsDefaults",
    "trustDomain",
    "trustDomainAliases",
    "zoneAwareLbSetting",
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
    /// Services that do something for the whole mesh. Default: none.
    pub extension_providers: Vec<ExtensionProvider>,
    /// The fields that are written and have no effect yet.
    pub unused: Vec<&'static str>,
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
                extension_providers: f.take("extensionProviders"),
                unused: UNUSED.iter().copied().filter(|name| f.has(name)).collect(),
            }
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
