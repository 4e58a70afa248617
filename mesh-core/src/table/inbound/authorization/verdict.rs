//! What becomes of a request, and by which rule.

use std::{fmt, sync::Arc};

/// A rule of an AuthorizationPolicy.
///
/// `Display` gives Envoy's name of it: `ns[shop]-policy[product]-rule[0]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleName {
    /// The policy's namespace.
    pub namespace: Arc<str>,
    /// The policy's name.
    pub policy: Arc<str>,
    /// The rule's number in it, from 0.
    pub rule: usize,
}

/// What becomes of a request.
///
/// `Display` gives Envoy's response code details of a refusal: `rbac_access_denied_matched_policy[none]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It passes: by this rule, or because no policy says which requests are allowed.
    Allowed(Option<&'a RuleName>),
    /// It does not: by this rule, or because no rule allows it.
    Denied(Option<&'a RuleName>),
}

impl<'a> Verdict<'a> {
    /// Whether the request passes.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The rule that says so, if one does.
    #[must_use]
    pub fn rule(self) -> Option<&'a RuleName> {
        match self {
            Self::Allowed(rule) | Self::Denied(rule) => rule,
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ns[{}]-policy[{}]-rule[{}]", self.namespace, self.policy, self.rule)
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.is_allowed() { "allowed" } else { "denied" };
        match self.rule() {
            Some(rule) => write!(f, "rbac_access_{outcome}_matched_policy[{rule}]"),
            None => write!(f, "rbac_access_{outcome}_matched_policy[none]"),
        }
    }
}
