//! AuthorizationPolicies that no workload keeps, or that nobody can meet.

use super::{
    documents::Documents,
    subject::{SPEC, Subject},
    workloads::written,
};
use crate::{
    dialect::codes::{NEEDS_MUTUAL_TLS, NO_WORKLOAD, UNKNOWN_TRUST_DOMAIN},
    document::{AuthorizationPolicy, AuthorizationSource, Fault, Path},
    model::{Labels, Model, TlsDemand},
};

/// What stands for the mesh's own trust domain, whatever that is called.
const OWN: &str = "cluster.local";

/// Checks whom policies are for, and who can be meant by them.
pub(super) fn check(documents: &Documents<'_>, model: &Model, faults: &mut Vec<Fault>) {
    for (subject, policy) in &documents.authorization {
        check_selector(subject, policy, documents, model, faults);
        let rules_at = SPEC.field("rules");
        for (index, rule) in policy.rules.iter().flatten().enumerate() {
            let rule_at = rules_at.index(index);
            let from_at = rule_at.field("from");
            for (index, from) in rule.from.iter().flatten().enumerate() {
                let Some(source) = &from.source else { continue };
                let at = from_at.index(index);
                check_source(subject, policy, source, &at.field("source"), model, faults);
            }
        }
    }
}

fn check_selector(
    subject: &Subject<'_>,
    policy: &AuthorizationPolicy,
    documents: &Documents<'_>,
    model: &Model,
    faults: &mut Vec<Fault>,
) {
    let Some(labels) = selector(policy) else { return };
    let workloads = &documents.workloads;
    let namespace = subject.namespace();
    let is_everywhere = namespace == &*model.root_namespace;
    let is_known =
        if is_everywhere { workloads.iter().next().is_some() } else { workloads.has_namespace(namespace) };
    let is_met = match is_everywhere {
        true => workloads.selected_anywhere(labels).next().is_some(),
        false => workloads.selected(namespace, labels).next().is_some(),
    };
    if is_known && !is_met {
        let labels = written(labels);
        let reason = format!("no matching workloads for this resource with the following labels: {labels}");
        faults
            .push(subject.fault(&SPEC.field("selector"), NO_WORKLOAD.because(reason, "correct the labels")));
    }
}

fn selector(policy: &AuthorizationPolicy) -> Option<&Labels> {
    let selector = policy.selector.as_ref()?;
    Some(&selector.match_labels).filter(|labels| !labels.is_empty())
}

fn check_source(
    subject: &Subject<'_>,
    policy: &AuthorizationPolicy,
    source: &AuthorizationSource,
    at: &Path<'_>,
    model: &Model,
    faults: &mut Vec<Fault>,
) {
    let is_disabled = is_disabled(subject.namespace(), selector(policy), model);
    for (field, values) in [
        ("principals", &source.principals),
        ("notPrincipals", &source.not_principals),
        ("namespaces", &source.namespaces),
        ("notNamespaces", &source.not_namespaces),
        ("serviceAccounts", &source.service_accounts),
        ("notServiceAccounts", &source.not_service_accounts),
    ] {
        let at = at.field(field);
        if is_disabled && !values.is_empty() {
            let reason = "nobody proves who they are to these workloads, which do not speak mutual TLS";
            let remedy = "let their PeerAuthentication be PERMISSIVE or STRICT";
            faults.push(subject.fault(&at, NEEDS_MUTUAL_TLS.because(reason, remedy)));
        }
        if !field.to_ascii_lowercase().ends_with("principals") {
            continue;
        }
        for (index, principal) in values.iter().enumerate() {
            if let Some(domain) = unknown_domain(principal, model) {
                let reason = format!("no workload is of the trust domain {domain}");
                let remedy = "correct it, or name it in trustDomainAliases of the MeshConfig";
                faults.push(subject.fault(&at.index(index), UNKNOWN_TRUST_DOMAIN.because(reason, remedy)));
            }
        }
    }
}

/// The trust domain of a principal, if it names one that nobody is of.
fn unknown_domain<'p>(principal: &'p str, model: &Model) -> Option<&'p str> {
    let (domain, _) = principal.split_once('/')?;
    let own = std::iter::once(&model.trust.domain).chain(&model.trust.aliases);
    let others = model.trust.authorities.iter().flat_map(|authority| &authority.domains);
    let is_known = domain == OWN || own.chain(others).any(|known| known.as_str() == domain);
    (!is_known && !domain.contains('*')).then_some(domain)
}

/// Whether workloads of these labels speak no mutual TLS at all: what is said narrowest of them counts.
fn is_disabled(namespace: &str, labels: Option<&Labels>, model: &Model) -> bool {
    let oldest = |of: &str, is_own: bool| {
        let mut all = model.security.peers.iter();
        let peers = all.find(|peers| {
            *peers.namespace == *of
                && match &peers.workloads {
                    None => !is_own,
                    Some(workloads) => {
                        let has = |labels: &Labels| {
                            workloads.iter().all(|(key, value)| labels.get(key) == Some(value))
                        };
                        is_own && labels.is_some_and(has)
                    }
                }
        });
        peers.and_then(|peers| peers.demand)
    };
    let narrowest = oldest(namespace, true).or_else(|| oldest(namespace, false));
    narrowest.or_else(|| oldest(&model.root_namespace, false)) == Some(TlsDemand::Disabled)
}
