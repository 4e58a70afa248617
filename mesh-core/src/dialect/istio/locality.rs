//! Where endpoints are preferred to be.

use super::Site;
use crate::{
    document::{Distribute, Failover, LoadBalancer, LocalityBalancing, Path, ZoneAwareBalancing},
    model::{self, Distribution, Nearness, RegionFailover, ZoneBalancing},
};

/// What has been checked, in the mesh's own words.
pub(super) fn translate(written: &LoadBalancer) -> Nearness {
    if let Some(zones) = &written.zone_aware_lb_setting {
        return Nearness::Zones(ZoneBalancing {
            is_enabled: zones.enabled.unwrap_or_default(),
            failover: regions(&zones.failover),
            failover_priority: labels(&zones.failover_priority),
        });
    }
    written
        .locality_lb_setting
        .as_ref()
        .map_or(Nearness::OfMesh, |written| Nearness::Locality(setting(written)))
}

/// A setting that has been checked, of a DestinationRule or of the mesh.
pub(super) fn setting(setting: &LocalityBalancing) -> model::LocalityBalancing {
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
    check_failover(site, &at.field("failover"), &written.failover);
}

/// Checks balance between zones.
pub(super) fn check_zones(site: Site<'_>, at: &Path<'_>, written: &ZoneAwareBalancing, ejects: bool) {
    let by_label = !written.failover_priority.is_empty();
    warn_unless_ejecting(site, at, !written.failover.is_empty() || by_label, ejects);
    check_failover(site, &at.field("failover"), &written.failover);
    let priority_at = at.field("failoverPriority");
    for (index, label) in written.failover_priority.iter().enumerate() {
        let key = label.split('=').next().unwrap_or(label);
        if matches!(key, "topology.kubernetes.io/region" | "topology.kubernetes.io/zone") {
            let reason = format!("{key} is decided by the balance between zones itself");
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

fn check_failover(site: Site<'_>, at: &Path<'_>, written: &[Failover]) {
    for (index, failover) in written.iter().enumerate() {
        let at = at.index(index);
        let either = |c: char| failover.from.contains(c) || failover.to.contains(c);
        if failover.from == failover.to {
            site.check.refuse(&at, "locality lb failover settings must specify different regions");
        }
        if either('*') {
            site.check.refuse(&at, "locality lb failover region should not contain '*' wildcard");
        }
        if either('/') {
            site.check.refuse(&at, "locality lb failover only specify region");
        }
    }
}
