//! ServiceEntries that disagree, and that select nothing.

use super::{
    documents::Documents,
    sidecars::nobody,
    subject::{MOST_NAMED, SPEC, Subject, meet},
};
use crate::{
    dialect::codes::CONFLICTING_ENTRIES,
    document::{Fault, ServiceEntry},
    model::Export,
};
use std::collections::{BTreeMap, BTreeSet};

/// One port of one host of a ServiceEntry.
struct Claim<'s, 'a> {
    subject: &'s Subject<'a>,
    document: usize,
    index: usize,
    protocol: String,
    export: Export,
}

/// Checks that entries for one host agree on the protocol of its ports, and that selectors select something.
pub(super) fn check(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    check_protocols(documents, faults);
    for (subject, written) in &documents.service_entries {
        let Some(selector) = &written.workload_selector else { continue };
        let mut workloads = documents.workloads.selected(subject.namespace(), &selector.labels);
        let is_known = documents.workloads.has_namespace(subject.namespace()) && !selector.labels.is_empty();
        if is_known && workloads.next().is_none() {
            faults.push(nobody(subject, &selector.labels));
        }
    }
}

fn check_protocols(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    let mut claims: BTreeMap<(&str, u32), Vec<Claim<'_, '_>>> = BTreeMap::new();
    for (document, (subject, written)) in documents.service_entries.iter().enumerate() {
        for (index, port) in written.ports.iter().enumerate() {
            for host in &written.hosts {
                let claim = claim(subject, document, written, index);
                claims.entry((host, port.number)).or_default().push(claim);
            }
        }
    }
    let mut told = BTreeSet::new();
    let differ = |claims: &[Claim<'_, '_>]| claims.iter().any(|claim| claim.protocol != claims[0].protocol);
    for ((host, port), claims) in claims.iter().filter(|(_, claims)| differ(claims)) {
        for claim in claims {
            let rivals = claims.iter().filter(|rival| claim.conflicts_with(rival)).take(MOST_NAMED);
            let rivals: Vec<_> = rivals.collect();
            if rivals.is_empty() || !told.insert(claim.document) {
                continue;
            }
            let rivals =
                rivals.iter().map(|it| format!("{} says {}", it.subject.introduction(), it.protocol));
            let rivals = rivals.collect::<Vec<_>>().join(", ");
            let reason = format!(
                "multiple ServiceEntries define the same host {host:?} and port {port} with conflicting protocols: \
                 {} here, and {rivals}",
                claim.protocol
            );
            let finding = CONFLICTING_ENTRIES.because(reason, "write the same protocol in all of them");
            let at = SPEC.field("ports");
            faults.push(claim.subject.fault(&at.index(claim.index).field("protocol"), finding));
        }
    }
}

fn claim<'s, 'a>(
    subject: &'s Subject<'a>,
    document: usize,
    written: &ServiceEntry,
    index: usize,
) -> Claim<'s, 'a> {
    let protocol = match written.ports[index].protocol.as_str() {
        "" => "TCP".to_owned(),
        protocol => protocol.to_ascii_uppercase(),
    };
    Claim { subject, document, index, protocol, export: subject.export(&written.export_to) }
}

impl Claim<'_, '_> {
    fn conflicts_with(&self, other: &Self) -> bool {
        self.document != other.document
            && self.protocol != other.protocol
            && meet(&self.export, &other.export)
    }
}
