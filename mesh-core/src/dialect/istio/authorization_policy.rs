//! `AuthorizationPolicy` → who may ask what of some workloads.

use super::{
    Meaning, Site,
    authorization_clauses::{condition, operation, source},
    dry_run, policy_target,
};
use crate::{
    document::{
        self, AuthorizationAction as Written, AuthorizationOperation, AuthorizationSource, Path, RuleFrom,
        RuleTo,
    },
    model::{AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Clause},
};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::AuthorizationPolicy) -> Option<Meaning> {
    let workloads = policy_target::workloads(
        site,
        written.selector.as_ref(),
        written.target_ref.as_ref(),
        &written.target_refs,
    );
    let action = action(site, written);
    let is_dry_run = dry_run::is_asked(site, written.action, action.name());
    let rules_at = site.spec.field("rules");
    let rules = written.rules.iter().flatten().enumerate();
    let rules = rules.map(|(index, written)| {
        Rule { site, action: &action, at: &rules_at.index(index), index }.translate(written)
    });
    let rules = rules.collect();
    let Some(workloads) = workloads else { return Some(Meaning::Nothing) };
    Some(Meaning::Authorization(Arc::new(AuthorizationPolicy {
        namespace: site.namespace(),
        name: site.name(),
        workloads,
        action,
        is_dry_run,
        rules,
    })))
}

/// The action, which may need rules, and a provider or none.
fn action(site: Site<'_>, written: &document::AuthorizationPolicy) -> AuthorizationAction {
    let provider = written.provider.as_ref().map(|provider| provider.name.as_str());
    let action = match written.action {
        Written::Allow => AuthorizationAction::Allow,
        Written::Deny => AuthorizationAction::Deny,
        Written::Audit => AuthorizationAction::Audit,
        Written::Custom => AuthorizationAction::Custom(provider.unwrap_or_default().into()),
    };
    let name = action.name();
    let has_rules = written.rules.as_ref().is_some_and(|rules| !rules.is_empty());
    if matches!(written.action, Written::Deny | Written::Custom) && !has_rules {
        let reason = format!(
            "{name} action without `rules` is meaningless as it will never be triggered, add an empty rule `{{}}` if \
             you want it be triggered for every request"
        );
        site.check.refuse(site.spec, reason);
    }
    let provider_at = site.spec.field("provider");
    match (written.action, provider) {
        (Written::Custom, None | Some("")) => {
            site.check.refuse(&provider_at.field("name"), "`provider.name` must not be empty");
        }
        (Written::Custom, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            let reason = format!("`provider` must not be with non CUSTOM action, found {name}");
            site.check.refuse_with(&provider_at, reason, "remove it, or write action: CUSTOM");
        }
    }
    action
}

/// One rule that is read.
struct Rule<'a> {
    site: Site<'a>,
    action: &'a AuthorizationAction,
    at: &'a Path<'a>,
    index: usize,
}

impl Rule<'_> {
    fn translate(&self, written: &document::AuthorizationRule) -> AuthorizationRule {
        let (from_at, to_at, when_at) = (self.at.field("from"), self.at.field("to"), self.at.field("when"));
        let from: &[RuleFrom] = self.list(&from_at, "from", written.from.as_deref());
        let to: &[RuleTo] = self.list(&to_at, "to", written.to.as_deref());
        let rule = AuthorizationRule {
            line: self.site.check.line(self.at),
            sources: self.sources(&from_at, from),
            operations: self.operations(&to_at, to),
            conditions: (written.when.iter().enumerate())
                .filter_map(|(index, written)| self.condition(&when_at.index(index), written))
                .collect(),
        };
        self.warn_of_tcp(&rule);
        rule
    }

    /// A list that is either not written or not empty.
    fn list<'w, T>(&self, at: &Path<'_>, name: &str, written: Option<&'w [T]>) -> &'w [T] {
        if written.is_some_and(<[T]>::is_empty) {
            self.refuse(at, &format!("`{name}` must not be empty"));
        }
        written.unwrap_or_default()
    }

    fn sources(&self, at: &Path<'_>, from: &[RuleFrom]) -> Vec<Vec<Clause>> {
        let mut sources = Vec::with_capacity(from.len());
        for (index, from) in from.iter().enumerate() {
            let at = at.index(index);
            let at = at.field("source");
            let Some(written) = &from.source else {
                self.refuse(&at, "`from.source` must not be nil");
                continue;
            };
            if *written == AuthorizationSource::default() {
                self.refuse(&at, "`from.source` must not be empty");
            }
            let accounts = [&written.service_accounts, &written.not_service_accounts];
            let others =
                [&written.principals, &written.not_principals, &written.namespaces, &written.not_namespaces];
            if accounts.iter().any(|list| !list.is_empty()) && others.iter().any(|list| !list.is_empty()) {
                self.refuse(&at, "cannot set serviceAccounts with namespaces or principals");
            }
            let clauses = source(self.site, &at, written);
            for clause in &clauses {
                self.check_custom(&at, clause);
            }
            sources.push(clauses);
        }
        sources
    }

    fn operations(&self, at: &Path<'_>, to: &[RuleTo]) -> Vec<Vec<Clause>> {
        let mut operations = Vec::with_capacity(to.len());
        for (index, to) in to.iter().enumerate() {
            let at = at.index(index);
            let at = at.field("operation");
            let Some(written) = &to.operation else {
                self.refuse(&at, "`to.operation` must not be nil");
                continue;
            };
            if *written == AuthorizationOperation::default() {
                self.refuse(&at, "`to.operation` must not be empty");
            }
            operations.push(operation(self.site, &at, written));
        }
        operations
    }

    fn condition(&self, at: &Path<'_>, written: &document::RuleCondition) -> Option<Clause> {
        let clause = condition(self.site, at, written)?;
        if is_of_identity(&clause).is_some() && matches!(self.action, AuthorizationAction::Custom(_)) {
            let reason = format!("{} is currently not supported with CUSTOM action", written.key);
            self.site.check.refuse(&at.field("key"), reason);
        }
        Some(clause)
    }

    /// Whoever is asked under CUSTOM is asked before identities are looked at.
    fn check_custom(&self, at: &Path<'_>, clause: &Clause) {
        let AuthorizationAction::Custom(_) = self.action else { return };
        let Some((name, has_values, has_not_values)) = is_of_identity(clause) else { return };
        for (prefix, is_written) in [("", has_values), ("Not", has_not_values)] {
            if is_written {
                let reason = format!("From.{prefix}{name} is currently not supported with CUSTOM action");
                self.site.check.refuse(at, reason);
            }
        }
    }

    /// Where a connection is not HTTP, what only HTTP has is passed over, and a rule that denies denies more.
    fn warn_of_tcp(&self, rule: &AuthorizationRule) {
        let is_only_http =
            |parts: &[Vec<Clause>]| !parts.is_empty() && parts.iter().flatten().all(Clause::is_http);
        let says_nothing_of_to = rule.operations.is_empty();
        let is_only_http =
            is_only_http(&rule.operations) || says_nothing_of_to && is_only_http(&rule.sources);
        if *self.action == AuthorizationAction::Deny && is_only_http {
            let reason = "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the \
                          use of only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port";
            self.site.check.note(self.at, reason);
        }
    }

    fn refuse(&self, at: &Path<'_>, reason: &str) {
        self.site.check.refuse(at, format!("{reason}, found at rule {}", self.index));
    }
}

/// What a source calls a clause that is about an identity, and which of its lists are written.
fn is_of_identity(clause: &Clause) -> Option<(&'static str, bool, bool)> {
    fn written<T>(name: &'static str, among: &crate::model::Among<T>) -> Option<(&'static str, bool, bool)> {
        Some((name, !among.values.is_empty(), !among.not_values.is_empty()))
    }
    match clause {
        Clause::Principal(among) => written("Principals", among),
        Clause::RequestPrincipal(among) => written("RequestPrincipals", among),
        Clause::Namespace(among) => written("Namespaces", among),
        Clause::ServiceAccount(among) => written("ServiceAccounts", among),
        Clause::TrustDomain(among) => written("TrustDomains", among),
        Clause::Audience(among) | Clause::Presenter(among) | Clause::Claim(_, among) => {
            written("Claims", among)
        }
        _ => None,
    }
}
