//! `MeshConfig` → what holds for the whole mesh.

use super::{Meaning, Site, extension_provider, mesh_telemetry, mesh_traffic, mesh_trust};
use crate::{
    document::{self, Normalization, OutboundMode, Path},
    model::{Export, ExtAuthz, MeshTelemetry, MeshTraffic, PathNormalization, Trust, UnknownHosts},
};
use std::{sync::Arc, time::Duration};

/// What a MeshConfig says, as far as it has an effect. It is looked at when all documents are put together, so that no
/// other document need be understood again when it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshSetting {
    /// The namespace whose rules are everybody's last resort.
    pub root_namespace: Option<Arc<str>>,
    /// What becomes of requests to hosts that nobody described.
    pub unknown_hosts: Option<UnknownHosts>,
    /// What holds for traffic where nobody else says anything.
    pub traffic: Arc<MeshTraffic>,
    /// What is made of paths before any rule sees them.
    pub path_normalization: PathNormalization,
    /// How many proxies before the mesh are believed when they say who their client is.
    pub trusted_proxies: u32,
    /// What the mesh believes about identities.
    pub trust: Trust,
    /// When DNS is asked again for a name, where its last answer does not say.
    pub dns_refresh: Option<Duration>,
    /// Who may see services that do not say.
    pub services: DefaultExport,
    /// Who may see VirtualServices that do not say.
    pub virtual_services: DefaultExport,
    /// Who may see DestinationRules that do not say.
    pub subset_rules: DefaultExport,
    /// The services that may be asked whether requests may pass.
    pub ext_authz: Vec<Arc<ExtAuthz>>,
    /// How requests are measured, traced and written to logs where nobody else says anything.
    pub telemetry: Arc<MeshTelemetry>,
}

/// Who may see objects that do not say: the namespaces as `exportTo` has them; all when empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultExport(Box<[Box<str>]>);

impl DefaultExport {
    /// The namespaces that may see an object of `namespace`; `None` when what the object says stands.
    pub(in crate::dialect) fn instead_of(&self, said: &Export, namespace: &Arc<str>) -> Option<Export> {
        let is_all = self.0.is_empty() || self.0.iter().any(|to| &**to == "*");
        if *said != Export::Unsaid || is_all {
            return None;
        }
        let named = self.0.iter().map(|to| &**to).filter(|to| *to != "~");
        let name = |to: &str| if to == "." { Arc::clone(namespace) } else { Arc::from(to) };
        Some(Export::To(named.map(name).collect()))
    }
}

pub(super) fn translate(site: Site<'_>, written: &document::MeshConfig) -> Option<Meaning> {
    let data_at = Path::Root.field("data");
    let at = &data_at.field("mesh");
    for field in &written.unused {
        site.check.later(&at.field(field));
    }
    site.maybe_duration(at, "dnsRefreshRate", written.dns_refresh_rate);
    let default = |field: &str, written: &[String]| {
        site.export(&at.field(field), written, true);
        DefaultExport(written.iter().map(|to| to.as_str().into()).collect())
    };
    let defaults = written.default_config.as_ref();
    let topology = defaults.map(|defaults| &defaults.gateway_topology);
    if defaults.is_some_and(|defaults| defaults.has_more || defaults.gateway_topology.has_more) {
        let reason =
            "is accepted, but of it only gatewayTopology.numTrustedProxies and tracing have an effect yet";
        site.check.note(&at.field("defaultConfig"), reason);
    }
    let root = Some(written.root_namespace.as_str()).filter(|name| !name.is_empty());
    let outbound = written.outbound_traffic_policy.as_ref();
    Some(Meaning::Mesh(Arc::new(MeshSetting {
        root_namespace: root.map(Into::into),
        unknown_hosts: outbound.map(|policy| match policy.mode {
            OutboundMode::RegistryOnly => UnknownHosts::Refuse,
            OutboundMode::AllowAny => UnknownHosts::Pass,
        }),
        traffic: Arc::new(mesh_traffic::translate(site, at, written)),
        path_normalization: written.path_normalization.map(normalization).unwrap_or_default(),
        trusted_proxies: topology.map_or(0, |topology| topology.num_trusted_proxies),
        trust: mesh_trust::translate(site, at, written),
        dns_refresh: written.dns_refresh_rate,
        services: default("defaultServiceExportTo", &written.default_service_export_to),
        virtual_services: default(
            "defaultVirtualServiceExportTo",
            &written.default_virtual_service_export_to,
        ),
        subset_rules: default("defaultDestinationRuleExportTo", &written.default_destination_rule_export_to),
        ext_authz: extension_provider::translate(
            site,
            &at.field("extensionProviders"),
            &written.extension_providers,
        ),
        telemetry: Arc::new(mesh_telemetry::translate(site, at, written)),
    })))
}

fn normalization(written: document::ProxyPathNormalization) -> PathNormalization {
    match written.normalization {
        Normalization::None => PathNormalization::None,
        Normalization::Default | Normalization::Base => PathNormalization::Base,
        Normalization::MergeSlashes => PathNormalization::MergeSlashes,
        Normalization::DecodeAndMergeSlashes => PathNormalization::DecodeAndMergeSlashes,
    }
}
