//! What stands for a document that guards workloads, is wrong, and never was right: nobody passes.
//!
//! Istio's webhook refuses such a document before anybody can rely on it. Files have no webhook: whoever wrote one may
//! believe that it guards something, so until it is corrected it guards as much as it could mean.

use super::{Meaning, Site, policy, request_authentication};
use crate::{
    dialect::{Setting, check::Check},
    document::{self, Body, Document, Fault, Path, Selector, Severity},
    model::{
        AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Labels, PeerAuthentication,
        RequestAuthentication, TlsDemand,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// What holds in place of a document, of which `faults` are wrong, and a fault that says so. `None` for one that guards
/// nothing: one of another kind, or one that would change nothing if it were right.
#[must_use]
pub fn close(document: &Document, faults: &[Fault], setting: &Setting) -> Option<(Meaning, Fault)> {
    // What else is wrong was told when it was translated.
    let check = Check::new(document);
    let spec = Path::Root.field("spec");
    let site = Site { check: &check, metadata: &document.metadata, setting, spec: &spec };
    let closing = Closing { site, faults };
    let (meaning, outcome) = match &document.body {
        Body::AuthorizationPolicy(written) => closing.authorization(written)?,
        Body::PeerAuthentication(written) => closing.peers(written),
        Body::RequestAuthentication(written) => closing.tokens(written)?,
        Body::Policy(written) => closing.policy(written),
        _ => return None,
    };
    let reason = format!("is wrong, and never was right: until it is, {outcome}");
    let fault = Fault::error(document.place.clone(), reason).with_remedy("correct it, or remove it");
    let object = faults.first().map(|fault| fault.object.clone());
    // Why it is wrong are errors of their own.
    let severity = Severity::Warning;
    Some((meaning, Fault { severity, object: object.unwrap_or_default(), ..fault }))
}

/// A document that is closed.
struct Closing<'a> {
    site: Site<'a>,
    faults: &'a [Fault],
}

impl Closing<'_> {
    fn authorization(&self, written: &document::AuthorizationPolicy) -> Option<(Meaning, String)> {
        let is_dry_run = self.site.metadata.annotations.contains_key("istio.io/dry-run");
        if is_dry_run || written.action == document::AuthorizationAction::Audit {
            return None;
        }
        let targets = written.target_ref.iter().chain(&written.target_refs).count();
        let workloads = self.workloads(written.selector.as_ref(), targets)?;
        let outcome = format!("every request to {} is refused", self.whom(&workloads));
        let everything = AuthorizationRule {
            line: self.site.check.line(self.site.spec),
            sources: Vec::new(),
            operations: Vec::new(),
            conditions: Vec::new(),
        };
        let closed = AuthorizationPolicy {
            namespace: self.site.namespace(),
            name: self.site.name(),
            workloads,
            action: AuthorizationAction::Deny,
            is_dry_run: false,
            rules: vec![everything],
        };
        Some((Meaning::Authorization(Arc::new(closed)), outcome))
    }

    fn peers(&self, written: &document::PeerAuthentication) -> (Meaning, String) {
        let workloads = self.workloads(written.selector.as_ref(), 0).unwrap_or_default();
        let outcome = format!("mutual TLS alone is taken by {}", self.whom(&workloads));
        let closed = PeerAuthentication {
            namespace: self.site.namespace(),
            name: self.site.name(),
            workloads: Some(workloads).filter(|labels| !labels.is_empty()),
            demand: Some(TlsDemand::Strict),
            ports: BTreeMap::new(),
        };
        (Meaning::Peers(Arc::new(closed)), outcome)
    }

    fn tokens(&self, written: &document::RequestAuthentication) -> Option<(Meaning, String)> {
        let targets = written.target_ref.iter().chain(&written.target_refs).count();
        let workloads = self.workloads(written.selector.as_ref(), targets)?;
        let outcome = format!("no token is good by it for {}", self.whom(&workloads));
        let closed = RequestAuthentication {
            namespace: self.site.namespace(),
            name: self.site.name(),
            workloads,
            rules: request_authentication::closed(self.site, written),
        };
        Some((Meaning::Tokens(Arc::new(closed)), outcome))
    }

    fn policy(&self, written: &document::Policy) -> (Meaning, String) {
        let knows_targets = !self.is_wrong("targets");
        let closed = policy::closed(self.site, written, knows_targets);
        let outcome = "mutual TLS alone is taken and no token is good where it holds".to_owned();
        (Meaning::Policy(Arc::new(closed)), outcome)
    }

    /// The labels of the workloads that it is for, all of its namespace where that cannot be told; `None` when it is for
    /// objects that nobody here keeps.
    fn workloads(&self, selector: Option<&Selector>, targets: usize) -> Option<Labels> {
        match selector {
            _ if self.is_wrong("selector") => Some(Labels::new()),
            Some(selector) => Some(selector.match_labels.clone()),
            None if targets > 0 => None,
            None => Some(Labels::new()),
        }
    }

    /// Whether a field of the spec is wrong, or something in it is.
    fn is_wrong(&self, field: &str) -> bool {
        let at = self.site.spec.field(field).to_string();
        self.faults.iter().any(|fault| fault.is_error() && fault.path.starts_with(&at))
    }

    fn whom(&self, workloads: &Labels) -> String {
        let namespace = &self.site.metadata.namespace;
        if workloads.is_empty() {
            return format!("all workloads that policies of the namespace {namespace} are for");
        }
        let labels: Vec<_> = workloads.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("workloads with {} that policies of the namespace {namespace} are for", labels.join(","))
    }
}
