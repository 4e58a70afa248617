//! Destinations, as far as they are only checked.

use super::{Site, names::is_label};
use crate::{
    document::{self, Path},
    model::HostPattern,
};

/// Checks a destination that nothing is sent to yet.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &document::Destination) {
    let host_at = at.field("host");
    if written.host.is_empty() {
        site.check.refuse_with(at, "host is missing", "name a service");
    } else if written.host == "*" {
        site.check.refuse_with(&host_at, "invalid destination host *", "name one service");
    } else {
        site.check.accept(&host_at, HostPattern::parse(&site.full_name(&written.host)));
    }
    check_subset(site, &at.field("subset"), &written.subset);
    if let Some(number) = written.port {
        site.port(&at.field("port").field("number"), number);
    }
}

/// Checks the name of a subset, which may be empty.
pub(super) fn check_subset(site: Site<'_>, at: &Path<'_>, subset: &str) {
    if !subset.is_empty() && !is_label(subset) {
        site.check.refuse(at, format!("subset name is invalid: {subset}"));
    }
}

/// Checks weighted destinations that nothing is sent to yet.
pub(super) fn check_all(site: Site<'_>, at: &Path<'_>, written: &[document::WeightedDestination]) {
    for (index, weighted) in written.iter().enumerate() {
        let at = at.index(index);
        match &weighted.destination {
            Some(to) => check(site, &at.field("destination"), to),
            None => {
                let remedy = "write destination: {host: …}";
                site.check.refuse_with(&at, "destination is required", remedy);
            }
        }
        if weighted.weight < 0 {
            site.check.refuse(&at.field("weight"), format!("weight {} < 0", weighted.weight));
        }
    }
    if written.len() > 1 && written.iter().all(|weighted| weighted.weight == 0) {
        let remedy = "give at least one destination a weight";
        site.check.refuse_with(at, "total destination weight = 0", remedy);
    }
}
