//! What a scan of the policies finds, written without any table.

use crate::world::Sent;
use mesh_core::{
    identity::{Claims, SpiffeId},
    model::{Among, AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Clause, Glob, HeaderKey},
};
use serde_json::Value;
use std::sync::Arc;

/// The verdict by these policies, in Envoy's words.
pub(crate) fn scan(policies: &[Arc<AuthorizationPolicy>], sent: &Sent) -> String {
    let first = |action: AuthorizationAction, denies: bool| {
        let of_policy = |policy: &Arc<AuthorizationPolicy>| {
            let rules = policy.rules.clone().into_iter().enumerate();
            let name = policy.name.clone();
            rules
                .map(move |(number, rule)| (format!("ns[shop]-policy[{name}]-rule[{number}]"), rule))
                .collect::<Vec<_>>()
        };
        let policies = policies.iter().filter(|policy| policy.action == action);
        let mut matching: Vec<_> = policies
            .flat_map(of_policy)
            .filter(|(_, rule)| holds(rule, denies, sent))
            .map(|(name, _)| name)
            .collect();
        matching.sort();
        matching.into_iter().next()
    };
    let has_allow = policies.iter().any(|policy| policy.action == AuthorizationAction::Allow);
    match (first(AuthorizationAction::Deny, true), first(AuthorizationAction::Allow, false)) {
        (Some(rule), _) => format!("rbac_access_denied_matched_policy[{rule}]"),
        (None, Some(rule)) => format!("rbac_access_allowed_matched_policy[{rule}]"),
        (None, None) if has_allow => "rbac_access_denied_matched_policy[none]".to_owned(),
        (None, None) => "rbac_access_allowed_matched_policy[none]".to_owned(),
    }
}

/// Whether a rule of policies that deny, or of others, is for a request.
pub(crate) fn holds(rule: &AuthorizationRule, denies: bool, sent: &Sent) -> bool {
    let all = || rule.sources.iter().chain(&rule.operations).flatten().chain(&rule.conditions);
    if !sent.is_http && !denies && all().any(Clause::is_http) {
        return false;
    }
    let clause = |clause: &Clause| !sent.is_http && clause.is_http() || meets(clause, denies, sent);
    let part = |parts: &[Vec<Clause>]| parts.is_empty() || parts.iter().any(|part| part.iter().all(clause));
    part(&rule.sources) && part(&rule.operations) && rule.conditions.iter().all(clause)
}

/// Whether one of the values is met, and none of the others; `is` is told whether meeting it counts against the caller.
fn lists<T>(among: &Among<T>, denies: bool, is: impl Fn(&T, bool) -> bool) -> bool {
    (among.values.is_empty() || among.values.iter().any(|value| is(value, denies)))
        && !among.not_values.iter().any(|value| is(value, !denies))
}

fn glob(glob: &Glob, text: &str) -> bool {
    match glob {
        Glob::Present => !text.is_empty(),
        Glob::Exact(exact) => text == &**exact,
        Glob::Prefix(prefix) => text.starts_with(&**prefix),
        Glob::Suffix(suffix) => text.ends_with(&**suffix),
    }
}

fn meets(clause: &Clause, denies: bool, sent: &Sent) -> bool {
    let peer = sent.peer.as_ref();
    let text = |among: &Among<Glob>, text: Option<&str>| {
        lists(among, denies, |wanted, _| text.is_some_and(|text| glob(wanted, text)))
    };
    let account = peer.and_then(SpiffeId::workload);
    let claim = |name: &str| sent.claims.as_ref().and_then(|claims: &Claims| claims.all().get(name));
    match clause {
        Clause::Principal(among) => text(among, peer.map(SpiffeId::principal)),
        Clause::Namespace(among) => text(among, account.map(|(namespace, _)| namespace)),
        Clause::TrustDomain(among) => text(among, peer.map(SpiffeId::trust_domain)),
        Clause::ServiceAccount(among) => {
            lists(among, denies, |wanted, _| account == Some((&*wanted.namespace, &*wanted.name)))
        }
        Clause::SourceIp(among) => lists(among, denies, |block, _| block.contains(sent.source)),
        Clause::RemoteIp(among) => lists(among, denies, |block, _| block.contains(sent.remote)),
        Clause::RequestPrincipal(among) => lists(among, denies, |wanted, _| {
            let is = |name, wanted| {
                claim(name).and_then(|value| value.as_str()).is_some_and(|text| glob(wanted, text))
            };
            is("iss", &wanted.issuer) && is("sub", &wanted.subject)
        }),
        Clause::Audience(among) => {
            lists(among, denies, |wanted, _| claim("aud").is_some_and(|value| is_one(wanted, value)))
        }
        Clause::Presenter(among) => text(among, claim("azp").and_then(Value::as_str)),
        Clause::Claim(path, among) => lists(among, denies, |wanted, _| {
            let claimed = claim(&path[0]);
            let value = path[1..].iter().fold(claimed, |value, name| value?.get(&**name));
            value.is_some_and(|value| match value.as_str().filter(|_| &*path[0] == "scope") {
                Some(texts) => texts.split(' ').any(|text| glob(wanted, text)),
                None => is_one(wanted, value),
            })
        }),
        Clause::Header(HeaderKey::Named(name), among) => {
            let lines = sent.request.headers().get_all(name).iter();
            let lines: Vec<_> = lines.map(|value| value.to_str().expect("text")).collect();
            headers(among, denies, &lines)
        }
        Clause::Header(HeaderKey::Method, among) => text(among, Some(sent.request.method().as_str())),
        Clause::Header(HeaderKey::Scheme, among) => text(among, Some("http")),
        Clause::Header(HeaderKey::Path, among) => {
            text(among, sent.request.uri().path_and_query().map(|path| path.as_str()))
        }
        Clause::Header(HeaderKey::Authority, among) => lists(among, denies, |wanted, restricts| {
            let (said, lower, bare) = hosts(sent);
            glob(wanted, said) || restricts && (glob(wanted, &lower) || glob(wanted, &bare))
        }),
        Clause::Host(among) => lists(among, denies, |wanted, restricts| {
            let (_, lower, bare) = hosts(sent);
            glob(wanted, &lower) || restricts && glob(wanted, &bare)
        }),
        Clause::Port(among) => lists(among, denies, |port, _| *port == sent.port),
        Clause::Method(among) => text(among, Some(sent.request.method().as_str())),
        Clause::Path(among) => lists(among, denies, |wanted, _| wanted.matches(sent.request.uri().path())),
        Clause::DestinationIp(among) => lists(among, denies, |block, _| block.contains([10, 0, 0, 1].into())),
        Clause::ServerName(among) => text(among, sent.server_name.as_deref()),
        Clause::Filter(_) => denies,
    }
}

/// A text that is meant, or a list with one.
fn is_one(wanted: &Glob, value: &Value) -> bool {
    let is = |value: &Value| value.as_str().is_some_and(|text| glob(wanted, text));
    value.as_array().map_or_else(|| is(value), |values| values.iter().any(is))
}

/// The host as it was sent, in small letters, and without its port and dot.
fn hosts(sent: &Sent) -> (&str, String, String) {
    let said = sent.request.uri().authority().expect("a host").as_str();
    let lower = said.to_ascii_lowercase();
    let bare = lower.split(':').next().expect("a part").trim_end_matches('.').to_owned();
    (said, lower, bare)
}

/// A list of values is met as a whole: by one reading where that counts against the caller, else by all.
fn headers(among: &Among<Glob>, denies: bool, lines: &[&str]) -> bool {
    let mut readings: Vec<String> = lines.iter().map(ToString::to_string).collect();
    if lines.len() > 1 {
        readings.push(lines.join(","));
    }
    let met = |wanted: &[Glob], restricts: bool| {
        let one = |text: &String| {
            wanted
                .iter()
                .any(|wanted| glob(wanted, text) || restricts && text.is_empty() && *wanted == Glob::Present)
        };
        if restricts { readings.iter().any(one) } else { !readings.is_empty() && readings.iter().all(one) }
    };
    (among.values.is_empty() || met(&among.values, denies))
        && (among.not_values.is_empty() || !met(&among.not_values, !denies))
}
