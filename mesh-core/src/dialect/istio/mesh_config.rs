//! `MeshConfig` → what holds for the whole mesh.

use super::{Meaning, Site, connection_pool, locality, outlier_detection, retry};
use crate::{
    document::{self, MeshUpgradePolicy, OutboundMode, Path},
    model::{Export, MeshTraffic, UnknownHosts},
};
use std::{sync::Arc, time::Duration};

/// The longest time to establish a connection that Istio allows for the mesh.
const LONGEST: Duration = Duration::from_secs(3600);

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
    /// Who may see services that do not say.
    pub services: DefaultExport,
    /// Who may see VirtualServices that do not say.
    pub virtual_services: DefaultExport,
    /// Who may see DestinationRules that do not say.
    pub subset_rules: DefaultExport,
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
        traffic: Arc::new(traffic(site, at, written)),
        services: default("defaultServiceExportTo", &written.default_service_export_to),
        virtual_services: default(
            "defaultVirtualServiceExportTo",
            &written.default_virtual_service_export_to,
        ),
        subset_rules: default("defaultDestinationRuleExportTo", &written.default_destination_rule_export_to),
    })))
}

/// What a MeshConfig says of traffic.
fn traffic(site: Site<'_>, at: &Path<'_>, written: &document::MeshConfig) -> MeshTraffic {
    check_traffic(site, at, written);
    let default = &written.default_traffic_policy;
    let default_at = at.field("defaultTrafficPolicy");
    let pool_at = default_at.field("connectionPool");
    let outlier_at = default_at.field("outlierDetection");
    let retries_at = at.field("defaultHttpRetryPolicy");
    let retries = written.default_http_retry_policy.as_ref();
    let (pool, outlier) = (default.connection_pool.as_ref(), default.outlier_detection.as_ref());
    MeshTraffic {
        nearness: locality::nearness(
            written.zone_aware_lb_setting.as_ref(),
            written.locality_lb_setting.as_ref(),
        ),
        connect_timeout: written.connect_timeout,
        tcp_keepalive: written.tcp_keepalive.as_ref().map(connection_pool::keepalive),
        upgrades_http2: written.h2_upgrade_policy == MeshUpgradePolicy::Upgrade,
        connection_pool: pool.map(|pool| connection_pool::translate(site, &pool_at, pool)),
        outlier_detection: outlier.map(|outlier| outlier_detection::translate(site, &outlier_at, outlier)),
        retries: retries.map(|retries| retry::translate(site, &retries_at, retries)),
    }
}

fn check_traffic(site: Site<'_>, at: &Path<'_>, written: &document::MeshConfig) {
    // Which services leave endpoints alone is not known here.
    let ejects = true;
    if let Some(setting) = &written.locality_lb_setting {
        locality::check(site, &at.field("localityLbSetting"), setting, ejects);
    }
    if let Some(setting) = &written.zone_aware_lb_setting {
        locality::check_zones(site, &at.field("zoneAwareLbSetting"), setting, ejects);
    }
    if let Some(keepalive) = &written.tcp_keepalive {
        connection_pool::check_tcp_keepalive(site, &at.field("tcpKeepalive"), keepalive);
    }
    if let Some(timeout) = written.connect_timeout {
        let at = at.field("connectTimeout");
        site.duration(&at, timeout);
        if timeout > LONGEST {
            site.check.refuse(&at, "invalid connect timeout: time must be >1ms and <1h0m0s");
        }
    }
}
