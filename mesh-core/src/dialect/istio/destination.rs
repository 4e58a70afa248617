//! Destinations: a service, a subset of it, a port of it.

use super::{Site, names::is_label};
use crate::{
    document::{self, Path},
    model::{Destination, HeaderEdits, Host, HostPattern},
};
use std::sync::Arc;

/// Reads a destination; `None` when no host can have its name.
pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::Destination,
) -> Option<(Host, Option<Arc<str>>, Option<u16>)> {
    check(site, at, written).and_then(|host| named(host, written))
}

fn named(
    host: HostPattern,
    written: &document::Destination,
) -> Option<(Host, Option<Arc<str>>, Option<u16>)> {
    // A wildcard is the name of a service that a ServiceEntry has for it; everything is no name.
    let host = Some(host).filter(|host| *host != HostPattern::Any)?.to_name();
    let subset = Some(written.subset.as_str()).filter(|subset| !subset.is_empty()).map(Arc::from);
    let port = written.port.and_then(|number| u16::try_from(number).ok());
    Some((host, subset, port))
}

/// Checks a destination; gives its host, if there can be one.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &document::Destination) -> Option<HostPattern> {
    let host_at = at.field("host");
    let host = if written.host.is_empty() {
        site.check.refuse_with(at, "host is missing", "name a service");
        None
    } else if written.host == "*" {
        site.check.refuse_with(&host_at, "invalid destination host *", "name one service");
        None
    } else {
        let parsed = HostPattern::parse(&site.full_name(&written.host));
        if is_partial_wildcard(&written.host) { parsed.ok() } else { site.check.accept(&host_at, parsed) }
    };
    check_subset(site, &at.field("subset"), &written.subset);
    if let Some(number) = written.port {
        site.port(&at.field("port").field("number"), number);
    }
    host
}

/// Whether a host is a wildcard for part of a label, such as `*-shop.example.com`, which Istio takes in some places.
pub(super) fn is_partial_wildcard(host: &str) -> bool {
    let rest = host.strip_prefix('*').map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    rest.is_some_and(|rest| !rest.starts_with('.') && Host::parse(rest).is_ok())
}

/// Checks the name of a subset, which may be empty.
fn check_subset(site: Site<'_>, at: &Path<'_>, subset: &str) {
    if !subset.is_empty() && !is_label(subset) {
        site.check.refuse(at, format!("subset name is invalid: {subset}"));
    }
}

/// Reads weighted destinations of connections, as far as hosts can have their names.
pub(super) fn weighted(
    site: Site<'_>,
    at: &Path<'_>,
    written: &[document::WeightedDestination],
) -> Vec<Destination> {
    let hosts = check_all(site, at, written);
    let each = |(host, weighted): (Option<HostPattern>, &document::WeightedDestination)| {
        let (host, subset, port) = named(host?, weighted.destination.as_ref()?)?;
        Some(Destination {
            host,
            subset,
            port,
            weight: weighted.weight.unsigned_abs(),
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
        })
    };
    hosts.into_iter().zip(written).filter_map(each).collect()
}

/// Checks weighted destinations; gives the host of each, if there can be one.
pub(super) fn check_all(
    site: Site<'_>,
    at: &Path<'_>,
    written: &[document::WeightedDestination],
) -> Vec<Option<HostPattern>> {
    let mut hosts = Vec::with_capacity(written.len());
    for (index, weighted) in written.iter().enumerate() {
        let at = at.index(index);
        hosts.push(match &weighted.destination {
            Some(to) => check(site, &at.field("destination"), to),
            None => {
                let remedy = "write destination: {host: …}";
                site.check.refuse_with(&at, "destination is required", remedy);
                None
            }
        });
        if weighted.weight < 0 {
            site.check.refuse(&at.field("weight"), format!("weight {} < 0", weighted.weight));
        }
    }
    if written.len() > 1 && written.iter().all(|weighted| weighted.weight == 0) {
        let remedy = "give at least one destination a weight";
        site.check.refuse_with(at, "total destination weight = 0", remedy);
    }
    hosts
}
