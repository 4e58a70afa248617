//! VirtualServices that route the same host in the mesh.

use super::{
    documents::All,
    hosts::HostIndex,
    subject::{MOST_NAMED, SPEC, Subject, meet},
};
use crate::{
    dialect::codes::{Finding, SEVERAL_OWNERS},
    document::{Fault, Severity, VirtualService},
    model::{Export, HostPattern},
};
use std::collections::BTreeMap;

/// One host of one VirtualService in the mesh.
struct Claim<'s, 'a> {
    subject: &'s Subject<'a>,
    /// Which document it is of, and which of its hosts.
    document: usize,
    index: usize,
    host: HostPattern,
    export: Export,
}

/// The hosts that one VirtualService shares with others, and some of those others.
struct Conflict<'c, 's, 'a> {
    hosts: Vec<&'c Claim<'s, 'a>>,
    rivals: Vec<usize>,
}

/// Checks that no two VirtualServices route one host in the mesh.
pub(super) fn check(rules: &All<'_, VirtualService>, faults: &mut Vec<Fault>) {
    let mut claims = HostIndex::default();
    for (document, (subject, written)) in rules.iter().enumerate() {
        let is_in_mesh = written.gateways.is_empty() || written.gateways.iter().any(|name| name == "mesh");
        for (index, name) in written.hosts.iter().enumerate().filter(|_| is_in_mesh) {
            let Some(host) = subject.host(name) else { continue };
            let export = subject.export(&written.export_to);
            claims.add(&host.clone(), Claim { subject, document, index, host, export });
        }
    }
    let conflicts = conflicts(&claims);
    for Conflict { hosts, rivals } in conflicts.values() {
        let rivals: Vec<_> = rivals.iter().map(|rival| rules[*rival].0.introduction()).collect();
        if let Some(first) = hosts.first() {
            faults.push(first.fault(several_owners(hosts, &rivals)));
        }
    }
    for (document, (claim, rival)) in overlaps(&claims) {
        if !conflicts.contains_key(&document) {
            faults.push(claim.fault(overlap(claim, rival)));
        }
    }
}

impl Claim<'_, '_> {
    fn fault(&self, finding: Finding) -> Fault {
        self.subject.fault(&SPEC.field("hosts").index(self.index), finding)
    }
}

/// The conflicts of each document that has any; it is itself among its rivals.
fn conflicts<'c, 's, 'a>(claims: &'c HostIndex<Claim<'s, 'a>>) -> BTreeMap<usize, Conflict<'c, 's, 'a>> {
    let mut conflicts: BTreeMap<usize, Conflict<'_, '_, '_>> = BTreeMap::new();
    for claim in claims.iter() {
        let is_rival =
            |rival: &&Claim<'_, '_>| rival.document != claim.document && meet(&claim.export, &rival.export);
        let rivals = claims.same(&claim.host).iter().filter(is_rival).map(|rival| rival.document);
        let rivals: Vec<_> = rivals.take(MOST_NAMED - 1).collect();
        if !rivals.is_empty() {
            let conflict = conflicts
                .entry(claim.document)
                .or_insert_with(|| Conflict { hosts: Vec::new(), rivals: vec![claim.document] });
            conflict.hosts.push(claim);
            conflict.rivals.extend(rivals);
        }
    }
    for conflict in conflicts.values_mut() {
        conflict.hosts.sort_by_key(|claim| claim.index);
        conflict.rivals.sort_unstable();
        conflict.rivals.dedup();
    }
    conflicts
}

fn several_owners(hosts: &[&Claim<'_, '_>], rivals: &[String]) -> Finding {
    let names: Vec<_> = hosts.iter().map(|claim| claim.host.to_string()).collect();
    let what = if names.len() > 1 { "hosts" } else { "host" };
    let (rivals, names) = (rivals.join(", "), names.join(", "));
    SEVERAL_OWNERS.because(
        format!(
            "the VirtualServices {rivals} associated with mesh gateway define the same {what} {names}, \
             and a workload uses only the first of those it sees"
        ),
        "merge them into one",
    )
}

/// Two wildcards of which one covers the other, by the document of each of them.
fn overlaps<'c, 's, 'a>(
    claims: &'c HostIndex<Claim<'s, 'a>>,
) -> BTreeMap<usize, (&'c Claim<'s, 'a>, &'c Claim<'s, 'a>)> {
    let mut overlaps = BTreeMap::new();
    for narrow in claims.iter().filter(|claim| matches!(claim.host, HostPattern::Suffix(_))) {
        let is_wider = |rival: &&Claim<'_, '_>| {
            rival.document != narrow.document
                && rival.host != narrow.host
                && meet(&narrow.export, &rival.export)
        };
        if let Some(wide) = claims.covering(&narrow.host).find(is_wider) {
            overlaps.entry(narrow.document).or_insert((narrow, wide));
            overlaps.entry(wide.document).or_insert((wide, narrow));
        }
    }
    overlaps
}

fn overlap(claim: &Claim<'_, '_>, rival: &Claim<'_, '_>) -> Finding {
    let reason = format!(
        "{} overlaps with {} of {}: for hosts of both, the rules of the narrower wildcard alone are used",
        claim.host,
        rival.host,
        rival.subject.introduction()
    );
    // Istio takes it for a conflict. Here it is none, since the narrower wins whatever the order.
    Finding { severity: Severity::Info, ..SEVERAL_OWNERS.because(reason, "leave it, if that is meant") }
}
