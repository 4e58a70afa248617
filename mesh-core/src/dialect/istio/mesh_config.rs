//! `MeshConfig` → what holds for the whole mesh.

use super::{Meaning, Site, extension_provider, locality};
use crate::{
    document::{self, OutboundMode, Path},
    model::{Export, ExtAuthz, LocalityBalancing, UnknownHosts},
};
use std::sync::Arc;

/// What a MeshConfig says, as far as it has an effect. It is looked at when all documents are put together, so that no
/// other document need be understood again when it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshSetting {
    /// The namespace whose rules are everybody's last resort.
    pub root_namespace: Option<Arc<str>>,
    /// What becomes of requests to hosts that nobody described.
    pub unknown_hosts: Option<UnknownHosts>,
    /// Where endpoints are preferred to be, where no DestinationRule says.
    pub locality: Option<LocalityBalancing>,
    /// Who may see services that do not say.
    pub services: DefaultExport,
    /// Who may see VirtualServices that do not say.
    pub virtual_services: DefaultExport,
    /// Who may see DestinationRules that do not say.
    pub subset_rules: DefaultExport,
    /// The services that may be asked whether requests may pass.
    pub ext_authz: Vec<Arc<ExtAuthz>>,
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
    if let Some(setting) = &written.locality_lb_setting {
        // Which services leave endpoints alone is not known here.
        locality::check(site, &at.field("localityLbSetting"), setting, true);
    }
    let default = |field: &str, written: &[String]| {
        site.export(&at.field(field), written, true);
        DefaultExport(written.iter().map(|to| to.as_str().into()).collect())
    };
    let root = Some(written.root_namespace.as_str()).filter(|name| !name.is_empty());
    let outbound = written.outbound_traffic_policy.as_ref();
    Some(Meaning::Mesh(Arc::new(MeshSetting {
        root_namespace: root.map(Into::into),
        unknown_hosts: outbound.map(|policy| match policy.mode {
            OutboundMode::RegistryOnly => UnknownHosts::Refuse,
            OutboundMode::AllowAny => UnknownHosts::Pass,
        }),
        locality: written.locality_lb_setting.as_ref().map(locality::setting),
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
    })))
}
