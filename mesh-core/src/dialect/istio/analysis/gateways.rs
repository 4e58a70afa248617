//! Gateways that serve the same.

use super::{
    documents::All,
    hosts::HostIndex,
    subject::{MOST_NAMED, SPEC, Subject},
    workloads::{has_all, written},
};
use crate::{
    dialect::codes::{CONFLICTING_GATEWAYS, Finding},
    document::{Fault, Gateway, Server},
    model::{HostPattern, Labels},
};
use std::collections::BTreeMap;

/// One port of one Gateway, for some hosts.
struct Door<'s, 'a> {
    subject: &'s Subject<'a>,
    /// Which document it belongs to.
    document: usize,
    index: usize,
    selector: &'s Labels,
    bind: &'s str,
    /// Each with the namespace whose rules may serve it; any when `None`.
    hosts: Vec<(Option<&'a str>, HostPattern)>,
}

/// Checks that no two Gateways serve one host on one port of the same workloads.
pub(super) fn check(gateways: &All<'_, Gateway>, faults: &mut Vec<Fault>) {
    let mut doors: BTreeMap<u32, Vec<Door<'_, '_>>> = BTreeMap::new();
    for (document, (subject, written)) in gateways.iter().enumerate() {
        for (index, server) in written.servers.iter().enumerate() {
            // A Unix socket has no number.
            let Some(port) = server.port.as_ref().filter(|port| port.number > 0) else { continue };
            let (selector, hosts) = (&written.selector, server_hosts(subject, server).collect());
            let door = Door { subject, document, index, selector, bind: &server.bind, hosts };
            doors.entry(port.number).or_default().push(door);
        }
    }
    for (port, doors) in &doors {
        for (door, rivals) in doors.iter().zip(rivals(doors)).filter(|(_, rivals)| !rivals.is_empty()) {
            let rivals: Vec<_> = rivals.iter().map(|rival| doors[*rival].subject.introduction()).collect();
            let at = SPEC.field("servers");
            let at = at.index(door.index);
            faults.push(door.subject.fault(&at.field("hosts"), conflict(*port, door, &rivals)));
        }
    }
}

/// The hosts of a server, each with the namespace whose rules may serve it; any when `None`.
pub(super) fn server_hosts<'a>(
    subject: &Subject<'a>,
    server: &'a Server,
) -> impl Iterator<Item = (Option<&'a str>, HostPattern)> {
    let own = subject.namespace();
    server.hosts.iter().filter_map(move |written| {
        let (namespace, name) = match written.split_once('/') {
            Some((".", name)) => (Some(own), name),
            Some(("*", name)) => (None, name),
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, written.as_str()),
        };
        HostPattern::parse(name).ok().map(|host| (namespace, host))
    })
}

/// Some of the doors that are in conflict with each door of one port.
fn rivals(doors: &[Door<'_, '_>]) -> Vec<Vec<usize>> {
    let mut index = HostIndex::default();
    for (number, door) in doors.iter().enumerate() {
        for (namespace, host) in &door.hosts {
            index.add(host, (number, *namespace));
        }
    }
    let mut rivals = vec![Vec::new(); doors.len()];
    let note = |of: &mut Vec<usize>, rival: usize| {
        if of.len() < MOST_NAMED && !of.contains(&rival) {
            of.push(rival);
        }
    };
    // Of two patterns that overlap, one covers the other: looking up from each of them finds every pair.
    for (number, door) in doors.iter().enumerate() {
        for (namespace, host) in &door.hosts {
            for (other, its_namespace) in index.covering(host) {
                let is_one_namespace =
                    namespace.is_none() || its_namespace.is_none() || namespace == its_namespace;
                let is_full = rivals[number].len() == MOST_NAMED && rivals[*other].len() == MOST_NAMED;
                if is_one_namespace && !is_full && door.shares_workloads_with(&doors[*other]) {
                    note(&mut rivals[number], *other);
                    note(&mut rivals[*other], number);
                }
            }
        }
    }
    rivals.iter_mut().for_each(|rivals| rivals.sort_unstable());
    rivals
}

impl Door<'_, '_> {
    fn shares_workloads_with(&self, other: &Self) -> bool {
        let is_one_place = self.bind.is_empty() || other.bind.is_empty() || self.bind == other.bind;
        self.document != other.document
            && is_one_place
            && (has_all(other.selector, self.selector) || has_all(self.selector, other.selector))
    }
}

fn conflict(port: u32, door: &Door<'_, '_>, rivals: &[String]) -> Finding {
    let hosts: Vec<_> = door.hosts.iter().map(|(_, host)| host.to_string()).collect();
    let (rivals, selector, hosts) = (rivals.join(", "), written(door.selector), hosts.join(", "));
    CONFLICTING_GATEWAYS.because(
        format!(
            "conflict with gateways {rivals} (workload selector {selector}, port {port}, hosts [{hosts}])"
        ),
        "let one Gateway serve the host on this port",
    )
}
