//! Sidecars for the same workloads, and for none.

use super::{
    documents::Documents,
    subject::{MOST_NAMED, SPEC, Subject},
    workloads::written,
};
use crate::{
    dialect::codes::{CONFLICTING_SIDECARS, NO_WORKLOAD, SEVERAL_DEFAULT_SIDECARS},
    document::{Fault, Sidecar, WorkloadSelector},
    model::Labels,
};
use std::collections::{BTreeMap, HashMap};

/// Checks that each workload has one Sidecar at most, and each Sidecar one workload at least.
pub(super) fn check(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    check_defaults(documents, faults);
    let mut chosen: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, (subject, sidecar)) in documents.sidecars.iter().enumerate() {
        let Some(selector) = selector(sidecar) else { continue };
        let mut workloads = documents.workloads.selected(subject.namespace(), selector).peekable();
        if workloads.peek().is_none() && documents.workloads.has_namespace(subject.namespace()) {
            faults.push(nobody(subject, selector));
        }
        for workload in workloads {
            let place = workload.subject.place();
            chosen.entry((&**place.file(), place.line())).or_default().push(index);
        }
    }
    let mut conflicts = BTreeMap::new();
    for (workload, sidecars) in chosen.iter().filter(|(_, sidecars)| sidecars.len() > 1) {
        for index in sidecars {
            let first = conflicts.entry(*index).or_insert((*workload, sidecars));
            // The first in the order of files, whatever the order of the map.
            *first = (*first).min((*workload, sidecars));
        }
    }
    for (index, ((file, line), sidecars)) in conflicts {
        let (subject, _) = &documents.sidecars[index];
        let names: Vec<_> = sidecars
            .iter()
            .take(MOST_NAMED)
            .map(|index| documents.sidecars[*index].0.introduction())
            .collect();
        let reason = format!("the Sidecars {} select the same workload, at {file}:{line}", names.join(", "));
        let finding = CONFLICTING_SIDECARS.because(reason, "let their selectors exclude one another");
        faults.push(subject.fault(&SPEC.field("workloadSelector"), finding));
    }
}

fn selector(sidecar: &Sidecar) -> Option<&Labels> {
    let WorkloadSelector { labels } = sidecar.workload_selector.as_ref()?;
    Some(labels).filter(|labels| !labels.is_empty())
}

fn check_defaults(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    let mut defaults: BTreeMap<&str, Vec<&Subject<'_>>> = BTreeMap::new();
    for (subject, _) in documents.sidecars.iter().filter(|(_, sidecar)| selector(sidecar).is_none()) {
        defaults.entry(subject.namespace()).or_default().push(subject);
    }
    for (namespace, defaults) in defaults.iter().filter(|(_, defaults)| defaults.len() > 1) {
        let names: Vec<_> = defaults.iter().take(MOST_NAMED).map(|subject| subject.introduction()).collect();
        for subject in defaults {
            let reason = format!(
                "the Sidecars {} in namespace {namespace} have no workload selector",
                names.join(", ")
            );
            let finding =
                SEVERAL_DEFAULT_SIDECARS.because(reason, "keep one of them, or let the others select");
            faults.push(subject.fault(&SPEC, finding));
        }
    }
}

/// A document whose selector matches nothing.
pub(super) fn nobody(subject: &Subject<'_>, selector: &Labels) -> Fault {
    let reason =
        format!("no matching workloads for this resource with the following labels: {}", written(selector));
    subject.fault(&SPEC.field("workloadSelector"), NO_WORKLOAD.because(reason, "correct the labels"))
}
