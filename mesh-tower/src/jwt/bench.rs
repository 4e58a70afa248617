//! The rules of one table, and the keys that go with them.

use super::{keys::Keys, source::Source};
use mesh_core::{
    model::{Origin, Policy, PrincipalBinding, TokenRule},
    table::Inbound,
};
use std::sync::Arc;

/// What judges the tokens of a workload's requests.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) inbound: Arc<Inbound>,
    /// The rules of today.
    pub(super) rules: Vec<Judge>,
    /// Those of 2019, one for each of their Policies that asks for tokens.
    pub(super) policies: Vec<Asking>,
}

/// A rule, and the keys by which tokens are good.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) rule: Arc<TokenRule>,
    pub(super) source: Arc<Source>,
}

/// A Policy that asks for tokens.
#[derive(Debug)]
pub(super) struct Asking {
    policy: Arc<Policy>,
    judges: Vec<Judge>,
}

impl Bench {
    pub(super) fn new(inbound: &Arc<Inbound>, keys: &Keys) -> Self {
        let judges = |rules: Vec<&Arc<TokenRule>>| -> Vec<Judge> {
            let sources = keys.of(rules.iter().map(|rule| &rule.keys));
            let pairs = rules.into_iter().zip(sources);
            pairs.map(|(rule, source)| Judge { rule: Arc::clone(rule), source }).collect()
        };
        let asking = inbound.policies.all().filter(|policy| asks(policy));
        let asking = asking.map(|policy| {
            let rules = policy.origins.iter().map(|origin| &origin.rule).collect();
            Asking { policy: Arc::clone(policy), judges: judges(rules) }
        });
        Self {
            rules: judges(inbound.tokens.rules().iter().collect()),
            policies: asking.collect(),
            inbound: Arc::clone(inbound),
        }
    }

    /// Whether nobody asks for tokens, and nobody looks at any.
    pub(super) fn is_idle(&self) -> bool {
        self.rules.is_empty() && self.policies.is_empty()
    }

    /// The Policy that asks for tokens on a port.
    pub(super) fn asking(&self, port: u16) -> Option<&Asking> {
        let holding = self.inbound.policies.at(port)?;
        self.policies.iter().find(|asking| Arc::ptr_eq(&asking.policy, holding))
    }

    /// Every rule of both dialects.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = &TokenRule> {
        let of_2019 = self.policies.iter().flat_map(|asking| &asking.judges);
        self.rules.iter().chain(of_2019).map(|judge| &*judge.rule)
    }
}

impl Asking {
    /// Whether a request without a good token passes.
    pub(super) fn is_optional(&self) -> bool {
        self.policy.origin_is_optional
    }

    /// Whether a token says who the caller is.
    pub(super) fn names_callers(&self) -> bool {
        self.policy.binding == PrincipalBinding::Origin
    }

    /// Whether a caller's name must come from a token, and yet none is asked for: nobody can have one.
    pub(super) fn is_impossible(&self) -> bool {
        self.names_callers() && self.judges.is_empty()
    }

    /// The rules whose tokens are asked for on one of these paths.
    pub(super) fn judges(&self, paths: &[&str]) -> Vec<&Judge> {
        let is_asked = |origin: &Origin| paths.iter().any(|path| origin.is_asked_on(path));
        let pairs = self.policy.origins.iter().zip(&self.judges);
        pairs.filter(|(origin, _)| is_asked(origin)).map(|(_, judge)| judge).collect()
    }
}

fn asks(policy: &Policy) -> bool {
    !policy.origins.is_empty() || policy.binding == PrincipalBinding::Origin
}
