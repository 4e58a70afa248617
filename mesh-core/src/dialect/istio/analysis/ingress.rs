//! Rules of the mesh that requests from a gateway pass by.

use super::{
    documents::All,
    subject::{SPEC, Subject},
};
use crate::{
    dialect::codes::SUBSET_NOT_AT_GATEWAY,
    document::{Destination, Fault, VirtualService},
    model::HostPattern,
};
use std::collections::HashMap;

/// Checks that what a gateway sends to a host does not count on the host's own VirtualService to choose a subset.
pub(super) fn check(rules: &All<'_, VirtualService>, faults: &mut Vec<Fault>) {
    let owners = owners(rules);
    if owners.is_empty() {
        return;
    }
    for (subject, written) in rules {
        if !written.gateways.iter().any(|name| name != "mesh") {
            continue;
        }
        let at = SPEC.field("http");
        for (index, rule) in written.http.iter().enumerate() {
            let at = at.index(index);
            let at = at.field("route");
            for (index, weighted) in rule.route.iter().enumerate() {
                let to = weighted.destination.iter().find(|to| to.subset.is_empty());
                let owner = to.and_then(|to| owners.get(&subject.host(&to.host)?));
                let Some((owner, _)) = owner.filter(|(_, rules)| !shares_a_gateway(rules, written)) else {
                    continue;
                };
                let reason = format!(
                    "the subsets that {} chooses in the mesh have no effect on requests from the gateway",
                    owner.introduction()
                );
                let remedy = "choose the subset here too";
                let finding = SUBSET_NOT_AT_GATEWAY.because(reason, remedy);
                faults.push(subject.fault(&at.index(index).field("destination"), finding));
            }
        }
    }
}

/// The VirtualServices of the mesh that choose subsets of a host of their own, by that host.
fn owners<'r, 'a>(
    rules: &'r All<'a, VirtualService>,
) -> HashMap<HostPattern, (&'r Subject<'a>, &'r VirtualService)> {
    let mut owners = HashMap::new();
    for (subject, written) in rules {
        let is_in_mesh = written.gateways.is_empty() || written.gateways.iter().any(|name| name == "mesh");
        let chosen = written.http.iter().flat_map(|rule| &rule.route);
        let chosen = chosen.filter_map(|weighted| weighted.destination.as_ref());
        let chosen: Vec<&Destination> = chosen.filter(|to| is_in_mesh && !to.subset.is_empty()).collect();
        for host in chosen.iter().filter_map(|to| subject.host(&to.host)) {
            if written.hosts.iter().any(|own| subject.host(own).as_ref() == Some(&host)) {
                owners.entry(host).or_insert((subject, *written));
            }
        }
    }
    owners
}

/// Whether both apply at some gateway, so that the one is not unknown where the other is.
fn shares_a_gateway(one: &VirtualService, other: &VirtualService) -> bool {
    std::ptr::eq(one, other)
        || one.gateways.iter().any(|name| name != "mesh" && other.gateways.contains(name))
}
