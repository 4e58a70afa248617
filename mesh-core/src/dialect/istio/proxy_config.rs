//! `ProxyConfig`, which is for sidecars: checked, and of no effect.

use super::{Meaning, Site};
use crate::document;

pub(super) fn translate(site: Site<'_>, written: &document::ProxyConfig) -> Option<Meaning> {
    if let Some(selector) = &written.selector {
        site.selector(&site.spec.field("selector"), &selector.match_labels, "");
    }
    if written.concurrency.is_some_and(|threads| threads < 0) {
        let at = site.spec.field("concurrency");
        site.check.refuse_with(
            &at,
            "concurrency must be greater than or equal to 0",
            "write 0 for all cores",
        );
    }
    for (field, is_written) in [
        ("concurrency", written.concurrency.is_some()),
        ("environmentVariables", !written.environment_variables.is_empty()),
        ("image", written.image.is_some()),
    ] {
        if is_written {
            let reason = "is accepted, but has no effect: there is no sidecar";
            site.check.note(&site.spec.field(field), reason);
        }
    }
    Some(Meaning::Nothing)
}
