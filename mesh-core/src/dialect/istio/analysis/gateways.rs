//! Gateways that serve the same.

use super::subject::{Finding, MOST_NAMED, SPEC, Subject};
use crate::{
    document::{Fault, Gateway, Server, Severity},
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
    hosts: Vec<(Option<&'s str>, HostPattern)>,
}

/// Checks that no two Gateways serve one host on one port of the same workloads.
pub(super) fn check(gateways: &[(Subject<'_>, &Gateway)], faults: &mut Vec<Fault>) {
    let mut doors: BTreeMap<u32, Vec<Door<'_, '_>>> = BTreeMap::new();
    for (document, (subject, written)) in gateways.iter().enumerate() {
        for (index, server) in written.servers.iter().enumerate() {
            // A Unix socket has no number.
            let Some(port) = server.port.as_ref().filter(|port| port.number > 0) else { continue };
            let (selector, hosts) = (&written.selector, hosts(subject, server));
            let door = Door { subject, document, index, selector, bind: &server.bind, hosts };
            doors.entry(port.number).or_default().push(door);
        }
    }
    for (port, doors) in &doors {
        for door in doors {
            let rivals = doors.iter().filter(|other| door.conflicts(other));
            let rivals: Vec<_> = rivals.map(|rival| rival.subject.introduction()).take(MOST_NAMED).collect();
            if !rivals.is_empty() {
                let at = SPEC.field("servers");
                let at = at.index(door.index);
                faults.push(door.subject.fault(&at.field("hosts"), conflict(*port, door, &rivals)));
            }
        }
    }
}

fn hosts<'s>(subject: &Subject<'s>, server: &'s Server) -> Vec<(Option<&'s str>, HostPattern)> {
    let host = |written: &'s String| {
        let (namespace, name) = match written.split_once('/') {
            Some((".", name)) => (Some(subject.namespace()), name),
            Some(("*", name)) => (None, name),
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, written.as_str()),
        };
        HostPattern::parse(name).ok().map(|host| (namespace, host))
    };
    server.hosts.iter().filter_map(host).collect()
}

impl Door<'_, '_> {
    fn conflicts(&self, other: &Self) -> bool {
        let is_one_place = self.bind.is_empty() || other.bind.is_empty() || self.bind == other.bind;
        self.document != other.document
            && is_one_place
            && (selects_all_of(self.selector, other.selector)
                || selects_all_of(other.selector, self.selector))
            && self.hosts.iter().any(|host| other.hosts.iter().any(|other| overlap(host, other)))
    }
}

/// Whether the workloads that `narrow` selects are all selected by `wide`.
fn selects_all_of(wide: &Labels, narrow: &Labels) -> bool {
    wide.iter().all(|(key, value)| narrow.get(key) == Some(value))
}

fn overlap(one: &(Option<&str>, HostPattern), other: &(Option<&str>, HostPattern)) -> bool {
    let is_one_namespace = one.0.is_none() || other.0.is_none() || one.0 == other.0;
    is_one_namespace && one.1.narrower(&other.1).is_some()
}

fn conflict(port: u32, door: &Door<'_, '_>, rivals: &[String]) -> Finding {
    let selector: Vec<_> = door.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let hosts: Vec<_> = door.hosts.iter().map(|(_, host)| host.to_string()).collect();
    let (rivals, selector, hosts) = (rivals.join(", "), selector.join(","), hosts.join(", "));
    Finding {
        code: "IST0145",
        severity: Severity::Error,
        reason: format!(
            "conflict with gateways {rivals} (workload selector {selector}, port {port}, hosts [{hosts}])"
        ),
        remedy: "let one Gateway serve the host on this port".to_owned(),
    }
}
