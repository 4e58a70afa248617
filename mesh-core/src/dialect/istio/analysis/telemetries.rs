//! Telemetries for the same workloads, for none, and for providers that are not there.

use super::{
    documents::Documents,
    overlaps::{self, Selecting},
    subject::{SPEC, Subject},
    workloads::written,
};
use crate::{
    dialect::codes::{CONFLICTING_TELEMETRIES, NO_PROVIDER, SEVERAL_DEFAULT_TELEMETRIES, UNKNOWN_REFERENCE},
    document::{AccessLogging, Fault, ProviderRef, Telemetry},
    model::{Labels, MeshTelemetry, Model},
};

/// Checks that of the Telemetries for a workload one counts, that each is for one, and that somebody gets what they ask
/// for.
pub(super) fn check(documents: &Documents<'_>, model: &Model, faults: &mut Vec<Fault>) {
    // One for objects of the Gateway API is for no workload here.
    let is_for_workloads = |(_, telemetry): &&(Subject<'_>, &Telemetry)| {
        telemetry.target_ref.is_none() && telemetry.target_refs.is_empty()
    };
    let all = documents.telemetries.iter().filter(is_for_workloads);
    let all: Vec<Selecting<'_, '_>> =
        all.map(|(subject, telemetry)| (subject, selector(telemetry))).collect();
    for overlap in overlaps::defaults(&all) {
        let (subject, _) = all[overlap.index];
        let reason = format!(
            "the Telemetries {} in namespace {:?} have no workload selector, and only the oldest counts",
            overlap.names,
            subject.namespace()
        );
        let remedy = "keep one of them, or let the others select";
        faults.push(subject.fault(&SPEC, SEVERAL_DEFAULT_TELEMETRIES.because(reason, remedy)));
    }
    for selecting @ (subject, labels) in &all {
        if let Some(labels) = labels.filter(|_| overlaps::is_for_nobody(selecting, &documents.workloads)) {
            let reason = format!("referenced selector not found: {:?}", written(labels));
            let finding = UNKNOWN_REFERENCE.because(reason, "correct the labels: no workload has them");
            faults.push(subject.fault(&SPEC.field("selector"), finding));
        }
    }
    for overlap in overlaps::selecting_one(&all, &documents.workloads) {
        let (subject, _) = all[overlap.index];
        let reason = format!(
            "the Telemetries {} in namespace {:?} select the same workload, at {}, and only the oldest counts",
            overlap.names,
            subject.namespace(),
            overlap.workload
        );
        let finding = CONFLICTING_TELEMETRIES.because(reason, "let their selectors exclude one another");
        faults.push(subject.fault(&SPEC.field("selector"), finding));
    }
    let names_providers = !documents.mesh_configs.is_empty();
    for (subject, telemetry) in &documents.telemetries {
        check_logs(subject, telemetry, &model.telemetry.mesh, faults);
        if names_providers {
            check_providers(subject, telemetry, &model.telemetry.mesh, faults);
        }
    }
}

fn selector(telemetry: &Telemetry) -> Option<&Labels> {
    let selector = telemetry.selector.as_ref()?;
    Some(&selector.match_labels).filter(|labels| !labels.is_empty())
}

/// A log for nobody in particular is for the mesh's defaults, and for nobody at all where there are none.
fn check_logs(subject: &Subject<'_>, telemetry: &Telemetry, mesh: &MeshTelemetry, faults: &mut Vec<Fault>) {
    let at = SPEC.field("accessLogging");
    let is_for_nobody = |log: &AccessLogging| !log.disabled && log.providers.is_empty();
    // Once for a document, as Istio has it.
    let first = telemetry.access_logging.iter().position(is_for_nobody);
    if let Some(index) = first.filter(|_| mesh.access_logs.is_empty()) {
        let metadata = subject.metadata();
        let reason = format!(
            "the Telemetry {} in namespace {:?} with empty providers will be ignored",
            metadata.name, metadata.namespace
        );
        let remedy = "name providers, or defaultProviders.accessLogging in the MeshConfig";
        faults.push(subject.fault(&at.index(index), NO_PROVIDER.because(reason, remedy)));
    }
}

fn check_providers(
    subject: &Subject<'_>,
    telemetry: &Telemetry,
    mesh: &MeshTelemetry,
    faults: &mut Vec<Fault>,
) {
    let mut check = |field: &str, index: usize, providers: &[ProviderRef]| {
        let list_at = SPEC.field(field);
        let at = list_at.index(index);
        for (index, provider) in providers.iter().enumerate() {
            if mesh.provider(&provider.name).is_none() {
                faults.push(subject.fault(&at.field("providers").index(index), unknown(&provider.name)));
            }
        }
    };
    for (index, tracing) in telemetry.tracing.iter().enumerate() {
        check("tracing", index, &tracing.providers);
    }
    for (index, metrics) in telemetry.metrics.iter().enumerate() {
        check("metrics", index, &metrics.providers);
    }
    for (index, log) in telemetry.access_logging.iter().enumerate() {
        check("accessLogging", index, &log.providers);
    }
}

fn unknown(name: &str) -> crate::dialect::codes::Finding {
    let reason = format!("referenced extension provider not found: {name:?}");
    UNKNOWN_REFERENCE
        .because(reason, "name it in extensionProviders of the MeshConfig; it gets nothing until then")
}
