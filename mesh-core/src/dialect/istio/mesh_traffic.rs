//! What a MeshConfig says of traffic.

use super::{Site, connection_pool, locality, outlier_detection, retry};
use crate::{
    document::{MeshConfig, MeshUpgradePolicy, Path},
    model::MeshTraffic,
};
use std::time::Duration;

/// The longest time to establish a connection that Istio allows for the mesh.
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &MeshConfig) -> MeshTraffic {
    check(site, at, written);
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

fn check(site: Site<'_>, at: &Path<'_>, written: &MeshConfig) {
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
