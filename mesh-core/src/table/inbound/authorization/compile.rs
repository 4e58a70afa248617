//! The policies that are for a workload, in the order in which they are looked at.

use super::{
    facts::Facts,
    rules::RuleSet,
    test::Stance,
    trust::Domains,
    verdict::{RuleName, Verdict},
};
use crate::{
    model::{AuthorizationAction as Action, AuthorizationPolicy, Labels, Model},
    table::{GatewayRole, InboundView, Viewpoint},
};
use std::{borrow::Cow, sync::Arc};

/// Who may ask what of one workload.
#[derive(Debug, Default)]
pub(in crate::table::inbound) struct Authorization {
    /// What the rest was made of.
    policies: Vec<Arc<AuthorizationPolicy>>,
    domains: Domains,
    /// Those that ask somebody else, by whom they ask.
    custom: Vec<(Arc<str>, RuleSet)>,
    pub(super) enforced: Rules,
    /// Those that are only tried.
    pub(super) tried: Rules,
    audit: Option<RuleSet>,
}

/// Those that deny, and those that allow.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) deny: Option<RuleSet>,
    /// Where there is one policy that allows something, what none allows is denied.
    pub(super) allow: Option<RuleSet>,
}

impl Authorization {
    /// What of the model is for the workload that looks from `viewpoint`; `previous` itself, if that is the same.
    pub(in crate::table::inbound) fn of(
        model: &Model,
        viewpoint: &Viewpoint,
        previous: Option<&Arc<Self>>,
    ) -> Arc<Self> {
        let labels = labels(model, viewpoint);
        let is_near = |policy: &AuthorizationPolicy| {
            [&*model.root_namespace, &*viewpoint.namespace].contains(&&*policy.namespace)
        };
        let is_meant = |policy: &AuthorizationPolicy| {
            policy.workloads.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        let policies =
            model.security.authorization.iter().filter(|policy| is_near(policy) && is_meant(policy));
        let (policies, domains) = (policies.cloned().collect::<Vec<_>>(), Domains::of(&model.trust));
        match previous {
            Some(previous) if previous.policies == policies && previous.domains == domains => {
                Arc::clone(previous)
            }
            _ => Arc::new(Self::compile(policies, domains)),
        }
    }

    fn compile(policies: Vec<Arc<AuthorizationPolicy>>, domains: Domains) -> Self {
        let of = |action: &Action, is_dry_run: bool| {
            let is_of = move |policy: &&Arc<AuthorizationPolicy>| {
                policy.action == *action && policy.is_dry_run == is_dry_run
            };
            let mut policies = policies.iter().filter(is_of).map(|policy| &**policy).peekable();
            let stance = if *action == Action::Allow { Stance::Permits } else { Stance::Restricts };
            policies.peek()?;
            Some(RuleSet::of(policies, stance, &domains))
        };
        let rules =
            |is_dry_run| Rules { deny: of(&Action::Deny, is_dry_run), allow: of(&Action::Allow, is_dry_run) };
        let mut custom: Vec<(Arc<str>, RuleSet)> = Vec::new();
        for policy in &policies {
            if let Action::Custom(provider) = &policy.action
                && !custom.iter().any(|(known, _)| known == provider)
            {
                custom.extend(of(&policy.action, false).map(|rules| (Arc::clone(provider), rules)));
            }
        }
        let (enforced, tried, audit) = (rules(false), rules(true), of(&Action::Audit, false));
        Self { custom, enforced, tried, audit, domains, policies }
    }

    /// The policies that were looked at, oldest first.
    pub(in crate::table::inbound) fn policies(&self) -> &[Arc<AuthorizationPolicy>] {
        &self.policies
    }

    /// Whether the request passes.
    pub(in crate::table::inbound) fn decide(&self, view: &InboundView<'_>) -> Verdict<'_> {
        // Without a policy, as most workloads are, nothing is taken apart.
        self.enforced.decide(view).unwrap_or(Verdict::Allowed(None))
    }

    /// What the policies that are only tried would make of the request; `None` when there is none.
    pub(in crate::table::inbound) fn try_out(&self, view: &InboundView<'_>) -> Option<Verdict<'_>> {
        self.tried.decide(view)
    }

    /// The rule by which the request is noted, if one is.
    pub(in crate::table::inbound) fn audit(&self, view: &InboundView<'_>) -> Option<&RuleName> {
        let rules = self.audit.as_ref()?;
        rules.first_match(&Facts::of(view, rules.asks_host()))
    }

    /// Who is asked about the request, in the order of their policies, and the rules that say so.
    pub(in crate::table::inbound) fn custom<'a>(
        &'a self,
        view: &'a InboundView<'a>,
    ) -> impl Iterator<Item = (&'a str, &'a RuleName)> {
        let asked = |(provider, rules): &'a (Arc<str>, RuleSet)| {
            let rule = rules.first_match(&Facts::of(view, rules.asks_host()))?;
            Some((&**provider, rule))
        };
        self.custom.iter().filter_map(asked)
    }

    /// All sets of rules, in the order in which they are looked at.
    pub(super) fn sets(&self) -> impl Iterator<Item = &RuleSet> {
        let Rules { deny, allow } = &self.enforced;
        let custom = self.custom.iter().map(|(_, rules)| rules);
        let rest = [&self.audit, deny, allow, &self.tried.deny, &self.tried.allow];
        custom.chain(rest.into_iter().flatten())
    }
}

/// It follows from what it was made of.
impl PartialEq for Authorization {
    fn eq(&self, other: &Self) -> bool {
        (&self.policies, &self.domains) == (&other.policies, &other.domains)
    }
}

impl Eq for Authorization {}

impl Rules {
    /// What becomes of the request; `None` when there are no policies.
    fn decide(&self, view: &InboundView<'_>) -> Option<Verdict<'_>> {
        let mut sets = self.deny.iter().chain(&self.allow).peekable();
        sets.peek()?;
        let facts = Facts::of(view, sets.any(RuleSet::asks_host));
        let denied = self.deny.as_ref().and_then(|rules| rules.first_match(&facts));
        if let Some(rule) = denied {
            return Some(Verdict::Denied(Some(rule)));
        }
        Some(match &self.allow {
            None => Verdict::Allowed(None),
            Some(rules) => match rules.first_match(&facts) {
                Some(rule) => Verdict::Allowed(Some(rule)),
                None => Verdict::Denied(None),
            },
        })
    }
}

/// The labels of the workload. One that acts as a certain gateway has those that select its workloads.
fn labels<'a>(model: &Model, viewpoint: &'a Viewpoint) -> Cow<'a, Labels> {
    let GatewayRole::Named(name) = &viewpoint.gateway else { return Cow::Borrowed(&viewpoint.labels) };
    let mut labels = viewpoint.labels.clone();
    for gateway in model.gateways.iter().filter(|gateway| gateway.name == *name) {
        for (key, value) in &gateway.selector {
            labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    Cow::Owned(labels)
}
