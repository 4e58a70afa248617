//! Sidecars for the same workloads, and for none.

use super::{
    documents::Documents,
    overlaps::{self, Selecting},
    subject::{SPEC, Subject},
    workloads::written,
};
use crate::{
    dialect::codes::{CONFLICTING_SIDECARS, NO_WORKLOAD, SEVERAL_DEFAULT_SIDECARS},
    document::{Fault, Sidecar, WorkloadSelector},
    model::Labels,
};

/// Checks that each workload has one Sidecar at most, and each Sidecar one workload at least.
pub(super) fn check(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    let all = documents.sidecars.iter().map(|(subject, sidecar)| (subject, selector(sidecar)));
    let all: Vec<Selecting<'_, '_>> = all.collect();
    for overlap in overlaps::defaults(&all) {
        let (subject, _) = all[overlap.index];
        let reason = format!(
            "the Sidecars {} in namespace {} have no workload selector",
            overlap.names,
            subject.namespace()
        );
        let finding = SEVERAL_DEFAULT_SIDECARS.because(reason, "keep one of them, or let the others select");
        faults.push(subject.fault(&SPEC, finding));
    }
    for selecting @ (subject, labels) in &all {
        if let Some(labels) = labels.filter(|_| overlaps::is_for_nobody(selecting, &documents.workloads)) {
            faults.push(nobody(subject, labels));
        }
    }
    for overlap in overlaps::selecting_one(&all, &documents.workloads) {
        let reason =
            format!("the Sidecars {} select the same workload, at {}", overlap.names, overlap.workload);
        let finding = CONFLICTING_SIDECARS.because(reason, "let their selectors exclude one another");
        faults.push(all[overlap.index].0.fault(&SPEC.field("workloadSelector"), finding));
    }
}

fn selector(sidecar: &Sidecar) -> Option<&Labels> {
    let WorkloadSelector { labels } = sidecar.workload_selector.as_ref()?;
    Some(labels).filter(|labels| !labels.is_empty())
}

/// A document whose selector matches nothing.
pub(super) fn nobody(subject: &Subject<'_>, selector: &Labels) -> Fault {
    let reason =
        format!("no matching workloads for this resource with the following labels: {}", written(selector));
    subject.fault(&SPEC.field("workloadSelector"), NO_WORKLOAD.because(reason, "correct the labels"))
}
