//! What holds for the requests that come to a workload: who may connect, which tokens count, who may do what.

mod authorization;
mod policies;
mod rate_limits;
mod tls_demands;
mod tokens;
mod view;

pub use authorization::{AuthorizationExplanation, PolicyExplanation, RuleExplanation, RuleName, Verdict};
pub use policies::Policies;
pub use rate_limits::{InboundLimit, RateLimits};
pub use tls_demands::TlsDemands;
pub use tokens::Tokens;
pub use view::InboundView;

use super::Viewpoint;
use crate::model::{AuthorizationPolicy, ExtAuthz, KeySource, Model};
use authorization::Authorization;
use std::sync::Arc;

/// Everything that documents say about the requests to one workload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// The tokens that requests may carry.
    pub tokens: Tokens,
    /// What the dialect of 2019 says.
    pub policies: Policies,
    /// Whether mutual TLS is asked of those who connect.
    pub tls: TlsDemands,
    authorization: Arc<Authorization>,
    ext_authz: Vec<Arc<ExtAuthz>>,
    rate_limits: RateLimits,
    trusted_proxies: u32,
}

impl Inbound {
    /// What of the model is for the workload that asks. Parts that equal those of `previous` are shared with it.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint, previous: Option<&Self>) -> Self {
        let former = previous.map(|previous| &previous.authorization);
        let policies = Policies::of(model, viewpoint);
        Self {
            tokens: Tokens::of(model, viewpoint),
            tls: TlsDemands::of(model, &viewpoint.namespace, &viewpoint.labels).or(&policies),
            policies,
            authorization: Authorization::of(model, viewpoint, former),
            ext_authz: model.security.ext_authz.clone(),
            rate_limits: RateLimits::of(model, viewpoint),
            trusted_proxies: model.trusted_proxies,
        }
    }

    /// These rules for tokens, and nothing else.
    #[must_use]
    pub fn of_tokens(tokens: Tokens) -> Self {
        Self { tokens, ..Self::default() }
    }

    /// The hosts that keys of tokens are fetched from.
    pub(super) fn key_hosts(&self) -> Vec<&str> {
        let origins = self.policies.all().flat_map(|policy| &policy.origins).map(|origin| &origin.rule);
        let hosts = self.tokens.rules().iter().chain(origins).filter_map(|rule| match &rule.keys {
            KeySource::At(at) | KeySource::Discovered(at) => at.uri.host(),
            KeySource::Inline(_) | KeySource::Unknown => None,
        });
        hosts.collect()
    }

    /// How many proxies are believed when they say, in `x-forwarded-for`, who their client is.
    #[must_use]
    pub fn trusted_proxies(&self) -> u32 {
        self.trusted_proxies
    }

    /// Whether a request, or a connection, passes. Allocates nothing, unless a header that is asked for has several lines.
    #[must_use]
    pub fn authorize(&self, view: &InboundView<'_>) -> Verdict<'_> {
        self.authorization.decide(view)
    }

    /// The extension providers that are asked about it beforehand, each with the rule that says so, in the order of
    /// their policies. All of them have to let it pass.
    pub fn custom<'a>(&'a self, view: &'a InboundView<'a>) -> impl Iterator<Item = (&'a str, &'a RuleName)> {
        self.authorization.custom(view)
    }

    /// What the policies that are only tried would make of it; `None` when there is none.
    #[must_use]
    pub fn dry_run(&self, view: &InboundView<'_>) -> Option<Verdict<'_>> {
        self.authorization.try_out(view)
    }

    /// The rule by which it is noted, if one is.
    #[must_use]
    pub fn audit(&self, view: &InboundView<'_>) -> Option<&RuleName> {
        self.authorization.audit(view)
    }

    /// Whether it passes, and why: every policy that was looked at, and what of each rule fails.
    #[must_use]
    pub fn explain(&self, view: &InboundView<'_>) -> AuthorizationExplanation {
        self.authorization.explain(view)
    }

    /// The policies that are for this workload, oldest first.
    pub fn authorization_policies(&self) -> impl Iterator<Item = &AuthorizationPolicy> {
        self.authorization.policies().iter().map(|policy| &**policy)
    }

    /// The service of a name that is asked whether requests may pass.
    #[must_use]
    pub fn ext_authz(&self, name: &str) -> Option<&Arc<ExtAuthz>> {
        self.ext_authz.iter().find(|ext_authz| *ext_authz.name == *name)
    }

    /// How many requests the workload takes.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        &self.rate_limits
    }
}
