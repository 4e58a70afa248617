//! What holds for requests to a workload, as it is told.

use super::written::{InboundDump, PolicyDump, TokenDump};
use crate::{
    model::{KeySource, TlsDemand, TokenRule},
    table::Inbound,
};

impl Inbound {
    /// Everything that is said of requests to this workload but secrets.
    pub(super) fn dump(&self) -> InboundDump {
        let named = |demand: TlsDemand| match demand {
            TlsDemand::Strict => "STRICT",
            TlsDemand::Permissive => "PERMISSIVE",
            TlsDemand::Disabled => "DISABLE",
        };
        let mut policies: Vec<_> = self.policies.all().map(|policy| policy.name.to_string()).collect();
        policies.dedup();
        let limits = self.rate_limits().as_slice().iter();
        InboundDump {
            mutual_tls: named(self.tls.elsewhere()),
            mutual_tls_by_port: self.tls.by_port().map(|(port, demand)| (port, named(demand))).collect(),
            tokens: self.tokens.rules().iter().map(|rule| tokens(rule)).collect(),
            authorization: self.authorization_policies().map(policy).collect(),
            policies,
            rate_limits: limits.map(|limit| format!("{}: {}", limit.origin, limit.rule.name)).collect(),
            trusted_proxies: self.trusted_proxies(),
        }
    }
}

fn policy(policy: &crate::model::AuthorizationPolicy) -> PolicyDump {
    PolicyDump {
        policy: format!("{}/{}", policy.namespace, policy.name),
        action: policy.action.name(),
        is_dry_run: policy.is_dry_run,
        rules: policy.rules.len(),
    }
}

fn tokens(rule: &TokenRule) -> TokenDump {
    let keys = match &rule.keys {
        KeySource::Inline(_) => "inline".to_owned(),
        KeySource::At(at) | KeySource::Discovered(at) => at.shown().to_string(),
        KeySource::Unknown => "unknown".to_owned(),
    };
    TokenDump {
        issuer: rule.issuer.as_deref().map(Into::into),
        audiences: rule.audiences.iter().map(ToString::to_string).collect(),
        keys,
    }
}
