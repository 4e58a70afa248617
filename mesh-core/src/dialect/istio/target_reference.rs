//! What of the Gateway API's a policy is for.

use super::Site;
use crate::document::{Path, Selector, TargetReference};

/// What can be referred to, by API group and kind.
const KINDS: [(&str, &str); 4] = [
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("", "Service"),
    ("networking.istio.io", "ServiceEntry"),
];

impl Site<'_> {
    /// Checks what a policy is for, and gives whether it is for workloads: one that is for something of the Gateway API's
    /// is for waypoints and gateways that are not the mesh's own.
    pub(super) fn is_for_workloads(
        &self,
        selector: Option<&Selector>,
        one: Option<&TargetReference>,
        several: &[TargetReference],
    ) -> bool {
        let ways = [selector.is_some(), one.is_some(), !several.is_empty()];
        if ways.into_iter().filter(|is_written| *is_written).count() > 1 {
            let reason = "only one of targetRefs or selector can be set";
            self.check.refuse_with(self.spec, reason, "keep the selector");
        }
        if let Some(selector) = selector {
            self.selector(&self.spec.field("selector"), &selector.match_labels, "");
        }
        let at = self.spec.field("targetRefs");
        for (index, target) in several.iter().enumerate() {
            self.check_target(&at.index(index), target);
        }
        if let Some(target) = one {
            self.check_target(&self.spec.field("targetRef"), target);
        }
        one.is_none() && several.is_empty()
    }

    fn check_target(&self, at: &Path<'_>, target: &TargetReference) {
        let TargetReference { group, kind, name, namespace } = target;
        let group = if group == "core" { "" } else { group.as_str() };
        if name.is_empty() {
            self.check.refuse_with(at, "targetRef name must be set", "write name: …");
        }
        if !KINDS.contains(&(group, kind.as_str())) {
            let reason = format!(
                "targetRef must be a Gateway, a GatewayClass, a Service or a ServiceEntry, found {group}/{kind}"
            );
            self.check.refuse(at, reason);
        }
        if !namespace.is_empty() && *namespace != self.metadata.namespace {
            let reason = "cross namespace referencing is not currently supported";
            self.check.refuse_with(&at.field("namespace"), reason, "remove it");
        }
        let reason = "is for waypoints and gateways of the Gateway API, so the document has no effect here";
        self.check.warn(at, reason, "write selector: {matchLabels: …} for workloads");
    }
}
