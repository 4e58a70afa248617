//! Whether a document is only to be looked at: the annotation `istio.io/dry-run`.

use super::Site;
use crate::document::{AuthorizationAction, Body, Path};

const DRY_RUN: &str = "istio.io/dry-run";

/// Refuses the annotation on what cannot be tried.
pub(super) fn check(site: Site<'_>, body: &Body) {
    let is_of_istio = match body {
        Body::VirtualService(_)
        | Body::DestinationRule(_)
        | Body::Gateway(_)
        | Body::ServiceEntry(_)
        | Body::WorkloadEntry(_)
        | Body::WorkloadGroup(_)
        | Body::Sidecar(_)
        | Body::ProxyConfig(_)
        | Body::Telemetry(_) => true,
        // Those that may have it look at it themselves; the rest is not Istio's.
        _ => false,
    };
    if is_of_istio && site.metadata.annotations.contains_key(DRY_RUN) {
        let of = format!("{}/{}", site.metadata.namespace, site.metadata.name);
        refuse(site, format!("{of} has unsupported annotation {DRY_RUN}, please remove the annotation"));
    }
}

/// Whether an AuthorizationPolicy with this action is only to be looked at.
pub(super) fn is_asked(site: Site<'_>, action: AuthorizationAction, name: &str) -> bool {
    let Some(value) = site.metadata.annotations.get(DRY_RUN) else { return false };
    let of = format!("{}/{}", site.metadata.namespace, site.metadata.name);
    if !matches!(action, AuthorizationAction::Allow | AuthorizationAction::Deny) {
        let reason = format!(
            "the annotation {DRY_RUN} currently only supports action ALLOW/DENY, found action {name} in {of}"
        );
        refuse(site, reason);
    }
    match value.as_str() {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
        "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
        value => {
            refuse(
                site,
                format!("{of} has annotation {DRY_RUN} with invalid value ({value}): write \"true\""),
            );
            false
        }
    }
}

fn refuse(site: Site<'_>, reason: String) {
    let metadata_at = Path::Root.field("metadata");
    site.check.refuse(&metadata_at.field("annotations").key(DRY_RUN), reason);
}
