//! Where endpoints are preferred to be.

use super::Site;
use crate::{
    document::{Distribute, Failover, LoadBalancer, LocalityBalancing, Path, ZoneAwareBalancing},
    model::{self, Distribution, Locality, Nearness, RegionFailover, ZoneBalancing},
};

/// What has been checked, in the mesh's own words.
pub(super) fn translate(written: &LoadBalancer) -> Nearness {
    nearness(written.zone_aware_lb_setting.as_ref(), written.locality_lb_setting.as_ref())
}

/// Settings that have been checked, of a DestinationRule or of the mesh. That of zones comes first.
pub(super) fn nearness(zones: Option<&ZoneAwareBalancing>, locality: Option<&LocalityBalancing>) -> Nearness {
    match (zones, locality) {
        (Some(written), _) => Nearness::Zones(by_zones(written)),
        (None, Some(written)) => Nearness::Locality(setting(written)),
        (None, None) => Nearness::OfMesh,
    }
}

fn by_zones(written: &ZoneAwareBalancing) -> ZoneBalancing {
    let default = ZoneBalancing::default();
    ZoneBalancing {
        is_enabled: written.enabled.unwrap_or(default.is_enabled),
        least_endpoints: written.min_cluster_size.unwrap_or(default.least_endpoints),
        failover: regions(&written.failover),
        failover_priority: labels(&written.failover_priority),
    }
}

fn setting(setting: &LocalityBalancing) -> model::LocalityBalancing {
    let shares = |distribute: &Distribute| {
        let to = distribute.to.iter().map(|(locality, weight)| (locality.as_str().into(), *weight));
        Distribution { from: distribute.from.as_str().into(), to: to.collect() }
    };
    model::LocalityBalancing {
        is_enabled: setting.enabled.unwrap_or(true),
        distribute: setting.distribute.iter().map(shares).collect(),
        failover: regions(&setting.failover),
        failover_priority: labels(&setting.failover_priority),
    }
}

fn regions(written: &[Failover]) -> Vec<RegionFailover> {
    let region = |failover: &Failover| RegionFailover {
        from: failover.from.as_str().into(),
        to: failover.to.as_str().into(),
    };
    written.iter().map(region).collect()
}

fn labels(written: &[String]) -> Vec<Box<str>> {
    written.iter().map(|label| label.as_str().into()).collect()
}

/// Checks where endpoints are preferred to be; `ejects`: endpoints that fail are left alone.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &LocalityBalancing, ejects: bool) {
    let fails_over = !written.failover.is_empty() || !written.failover_priority.is_empty();
    if !written.distribute.is_empty() && fails_over {
        let reason = "can not simultaneously specify 'distribute' and 'failover'";
        site.check.refuse_with(at, reason, "keep one");
    }
    let distribute_at = at.field("distribute");
    for (index, distribute) in written.distribute.iter().enumerate() {
        check_shares(site, &distribute_at.index(index), distribute);
    }
    let froms: Vec<_> = written.distribute.iter().map(|distribute| distribute.from.as_str()).collect();
    check_localities(site, &distribute_at, &froms);
    warn_unless_ejecting(site, at, fails_over, ejects);
    check_failover(
        site,
        &at.field("failover"),
        &written.failover,
        "locality",
        "failover only specify region",
    );
}

/// Checks balance between zones.
pub(super) fn check_zones(site: Site<'_>, at: &Path<'_>, written: &ZoneAwareBalancing, ejects: bool) {
    let by_label = !written.failover_priority.is_empty();
    warn_unless_ejecting(site, at, !written.failover.is_empty() || by_label, ejects);
    let only_region = "failover only specifies region; zone and subzone failover are handled automatically";
    check_failover(site, &at.field("failover"), &written.failover, "zone aware", only_region);
    let priority_at = at.field("failoverPriority");
    let of_places = [Locality::REGION_LABEL, Locality::ZONE_LABEL, Locality::SUBZONE_LABEL];
    for (index, label) in written.failover_priority.iter().enumerate() {
        if of_places.contains(&label.as_str()) {
            let reason = format!(
                "'failover_priority' for zone aware lb must not use topology label '{label}'; \
                 region- and zone-level routing are handled automatically"
            );
            site.check.refuse_with(&priority_at.index(index), reason, "remove it");
        }
    }
}

fn warn_unless_ejecting(site: Site<'_>, at: &Path<'_>, fails_over: bool, ejects: bool) {
    if fails_over && !ejects {
        let reason = "outlier detection policy must be provided for failover";
        site.check.warn(at, reason, "write outlierDetection beside loadBalancer");
    }
}

fn check_shares(site: Site<'_>, at: &Path<'_>, written: &Distribute) {
    let to_at = at.field("to");
    for (locality, weight) in &written.to {
        if !(1..=100).contains(weight) {
            site.check.refuse(&to_at.key(locality), "locality weight must be in range [1, 100]");
        }
    }
    let total: u64 = written.to.values().map(|weight| u64::from(*weight)).sum();
    if total != 100 {
        let remedy = "the weights are hundredths";
        site.check.refuse_with(&to_at, format!("total locality weight {total} != 100"), remedy);
    }
    let localities: Vec<_> = written.to.keys().map(String::as_str).collect();
    check_localities(site, &to_at, &localities);
}

/// Checks that localities are well-formed, and that none is part of one before it.
fn check_localities(site: Site<'_>, at: &Path<'_>, localities: &[&str]) {
    for (index, locality) in localities.iter().enumerate() {
        let stars = locality.matches('*').count();
        if stars > 1 || (stars == 1 && !locality.ends_with('*')) {
            let reason =
                format!("locality {locality} wildcard '*' number can not exceed 1 and must be in the end");
            site.check.refuse(at, reason);
        } else if *locality != "*" && locality.splitn(3, '/').any(str::is_empty) {
            let reason = format!("locality {locality} must not contain empty region/zone/subzone info");
            site.check.refuse(at, reason);
        } else if localities[..index].iter().any(|other| overlaps(other, locality)) {
            site.check.refuse(at, format!("locality {locality} overlap with previous specified ones"));
        }
    }
}

/// Whether one of two localities is the other, or within it.
fn overlaps(a: &str, b: &str) -> bool {
    let parts = |locality: &str| -> Vec<String> {
        let parts = locality.splitn(3, '/').filter(|part| *part != "*");
        parts.map(str::to_owned).collect()
    };
    let (a, b) = (parts(a), parts(b));
    a.iter().zip(&b).all(|(a, b)| a == b)
}

/// Checks which region stands in for which, for the balance of this name.
fn check_failover(site: Site<'_>, at: &Path<'_>, written: &[Failover], name: &str, only_region: &str) {
    for (index, failover) in written.iter().enumerate() {
        let at = at.index(index);
        let either = |c: char| failover.from.contains(c) || failover.to.contains(c);
        if failover.from == failover.to {
            site.check.refuse(&at, format!("{name} lb failover settings must specify different regions"));
        }
        if either('*') {
            site.check.refuse(&at, format!("{name} lb failover region should not contain '*' wildcard"));
        }
        if either('/') {
            site.check.refuse(&at, format!("{name} lb {only_region}"));
        }
    }
}
