//! Why a request passes, or does not, for people.

use super::{
    compile::Authorization,
    facts::Facts,
    rules::Rule,
    test::{Stance, Test, Which},
};
use crate::{
    identity::SpiffeId,
    model::{AuthorizationAction, AuthorizationPolicy, HeaderKey, is_secret, shown_target},
    table::InboundView,
};
use http::HeaderValue;
use serde::Serialize;

/// What policies make of a request, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationExplanation {
    /// Whether the request passes, as far as nobody else is asked.
    pub is_allowed: bool,
    /// In one sentence, what happens and why.
    pub summary: String,
    /// Envoy's response code details of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The extension providers that are asked about the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// What the policies that are only tried would make of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<String>,
    /// The policies that were looked at, in the order in which they are: those that ask somebody else, those that audit,
    /// those that deny, those that allow.
    pub policies: Vec<PolicyExplanation>,
}

/// A policy, and what it makes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyExplanation {
    /// `namespace/name`.
    pub policy: String,
    /// Its action, by Istio's name.
    pub action: &'static str,
    /// Whether it is only tried.
    pub is_dry_run: bool,
    /// Its rules, in the order written.
    pub rules: Vec<RuleExplanation>,
}

/// A rule, and why it is or is not for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleExplanation {
    /// Its number in the policy, from 0, as Envoy counts.
    pub rule: usize,
    /// The line of its document where it starts; 0 when unknown.
    pub line: u32,
    /// The first condition that fails; the rule is for the request when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
}

impl Authorization {
    /// What becomes of the request, and why.
    pub(in crate::table::inbound) fn explain(&self, view: &InboundView<'_>) -> AuthorizationExplanation {
        let verdict = self.decide(view);
        let facts = Facts::of(view, true);
        let summary = match (verdict.is_allowed(), verdict.rule()) {
            (true, Some(rule)) => {
                format!("Allowed by rule {} of {}/{}.", rule.rule, rule.namespace, rule.policy)
            }
            (true, None) if self.enforced.deny.is_some() => {
                "Allowed: no rule denies it, and no policy says which requests are allowed.".to_owned()
            }
            (true, None) => {
                "Allowed: no policy denies anything, or says which requests are allowed.".to_owned()
            }
            (false, Some(rule)) => {
                format!("Denied by rule {} of {}/{}.", rule.rule, rule.namespace, rule.policy)
            }
            (false, None) => {
                "Denied: there are policies that allow requests, and no rule allows this one.".to_owned()
            }
        };
        AuthorizationExplanation {
            is_allowed: verdict.is_allowed(),
            summary,
            details: (!verdict.is_allowed()).then(|| verdict.to_string()),
            asked: self.custom(view).map(|(provider, _)| provider.to_owned()).collect(),
            dry_run: self.try_out(view).map(|verdict| verdict.to_string()),
            policies: self.explain_policies(&facts),
        }
    }

    fn explain_policies(&self, facts: &Facts<'_>) -> Vec<PolicyExplanation> {
        let place = |policy: &AuthorizationPolicy| match policy.action {
            AuthorizationAction::Custom(_) => 0,
            AuthorizationAction::Audit => 1,
            AuthorizationAction::Deny => 2,
            AuthorizationAction::Allow => 3,
        };
        let mut policies: Vec<_> = self.policies().iter().collect();
        policies.sort_by_key(|policy| (policy.is_dry_run, place(policy)));
        policies.into_iter().map(|policy| self.explain_policy(policy, facts)).collect()
    }

    fn explain_policy(&self, policy: &AuthorizationPolicy, facts: &Facts<'_>) -> PolicyExplanation {
        let is_own =
            |rule: &&Rule| (&*rule.name.namespace, &*rule.name.policy) == (&*policy.namespace, &*policy.name);
        let explained = self.sets().flat_map(|set| {
            let (rules, stance) = set.all();
            rules.iter().filter(is_own).map(move |rule| rule.explain(facts, stance))
        });
        let mut rules: Vec<_> = explained.collect();
        rules.sort_by_key(|rule| rule.rule);
        PolicyExplanation {
            policy: format!("{}/{}", policy.namespace, policy.name),
            action: policy.action.name(),
            is_dry_run: policy.is_dry_run,
            rules,
        }
    }
}

impl Rule {
    fn explain(&self, facts: &Facts<'_>, stance: Stance) -> RuleExplanation {
        RuleExplanation {
            rule: self.name.rule,
            line: self.line.number(),
            mismatch: self.mismatch(facts, stance),
        }
    }

    /// The first condition that fails.
    fn mismatch(&self, facts: &Facts<'_>, stance: Stance) -> Option<String> {
        if self.is_out_of_place(facts, stance) {
            return Some("it asks for what only HTTP has, and the connection is not HTTP".to_owned());
        }
        let failure = |tests: &[Test]| {
            tests.iter().find_map(|test| Some(test.in_words(test.failure(facts, stance)?, facts)))
        };
        // Of several parts the first that fails tells why, and whether there are others.
        let of_parts = |parts: &[Box<[Test]>]| {
            let failures: Option<Vec<_>> = parts.iter().map(|part| failure(part)).collect();
            let failures = failures.filter(|failures| !failures.is_empty())?;
            let others = failures.len() - 1;
            let first = failures.into_iter().next()?;
            Some(if others == 0 { first } else { format!("{first} (nor does any of {others} others hold)") })
        };
        of_parts(&self.operations).or_else(|| of_parts(&self.sources)).or_else(|| failure(&self.conditions))
    }
}

impl Test {
    /// Why it fails, in words, with what the request has instead.
    fn in_words(&self, which: Which, facts: &Facts<'_>) -> String {
        let (name, value) = self.attribute(facts);
        let hides = matches!(self, Self::Header(HeaderKey::Named(name), _) if is_secret(name.as_str()));
        let value = value.map_or_else(|| "absent".to_owned(), |value| format!("{value:?}"));
        let value = if hides { "(hidden)".to_owned() } else { value };
        let asked = match which {
            Which::Values => "is asked for",
            Which::NotValues => "is asked not to be",
        };
        let list = if hides { "(hidden)".to_owned() } else { self.list(which) };
        format!("{name} is {value}, {list} {asked}")
    }

    /// What the attribute is called, and what the request has for it.
    fn attribute(&self, facts: &Facts<'_>) -> (String, Option<String>) {
        let view = facts.view;
        let (name, value) = match self {
            Self::Principal(_) => ("principal", view.peer.map(|peer| peer.principal().to_owned())),
            Self::Namespace(_) => ("source namespace", facts.namespace.map(str::to_owned)),
            Self::TrustDomain(_) => ("trust domain", view.peer.map(|peer| peer.trust_domain().to_owned())),
            Self::Account(_) => {
                let account = |(namespace, name): (&str, &str)| format!("{namespace}/{name}");
                ("service account", facts.account.map(account).or_else(|| view.peer.map(SpiffeId::to_string)))
            }
            Self::SourceIp(_) => ("source address", view.source.map(|ip| ip.to_canonical().to_string())),
            Self::RemoteIp(_) => ("client address", view.remote.map(|ip| ip.to_canonical().to_string())),
            Self::DestinationIp(_) => {
                ("destination address", view.destination.map(|ip| ip.to_canonical().to_string()))
            }
            Self::Subject(_) => {
                ("request principal", view.claims.and_then(|claims| claims.principal()).map(str::to_owned))
            }
            Self::Audience(_) => {
                let audiences = view.claims.map(|claims| claims.audiences().collect::<Vec<_>>().join(" "));
                ("audience", audiences.filter(|audiences| !audiences.is_empty()))
            }
            Self::Claim(path, _) => {
                let claim = view.claims.and_then(|claims| claims.get(path));
                return (format!("claim {}", path.join(".")), claim.map(ToString::to_string));
            }
            Self::Header(key, _) => return (format!("header {key}"), header(key, facts)),
            Self::Host(_) => ("host", view.request.map(|request| request.authority.to_owned())),
            Self::Port(_) => ("port", Some(view.port.to_string())),
            Self::Method(_) => ("method", view.request.map(|request| request.method.to_owned())),
            Self::Path(_) => ("path", view.request.map(|request| request.path.to_owned())),
            Self::ServerName(_) => ("server name", view.server_name.map(str::to_owned)),
            Self::Filter(key) => return (key.to_string(), None),
        };
        (name.to_owned(), value)
    }
}

fn header(key: &HeaderKey, facts: &Facts<'_>) -> Option<String> {
    let request = facts.view.request?;
    Some(match key {
        HeaderKey::Method => request.method.to_owned(),
        HeaderKey::Scheme => request.scheme.to_owned(),
        HeaderKey::Authority => request.authority.to_owned(),
        HeaderKey::Path => match request.query {
            Some(query) => shown_target(&format!("{}?{query}", request.path)).into_owned(),
            None => request.path.to_owned(),
        },
        HeaderKey::Named(name) => {
            let lines = request.headers.get_all(name).iter().map(HeaderValue::as_bytes);
            let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
            (!lines.is_empty()).then(|| lines.join(","))?
        }
    })
}
