//! Verdicts are those of a scan of the policies, written without any table.

use crate::world::*;
use mesh_core::{
    identity::{Claims, SpiffeId},
    model::{
        Among, AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Clause, Glob, HeaderKey, IpBlock,
        Line, Model, PathGlob, RequestPrincipal, ServiceAccount,
    },
    table::{Snapshot, Viewpoint},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::sync::Arc;

const PRINCIPALS: [&str; 4] =
    ["cluster.local/ns/a/sa/x", "cluster.local/ns/a/sa/y", "cluster.local/ns/b/sa/x", "td/ns/a/sa/x"];
const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/a/b/c", "/b", "/c/d"];
const HOSTS: [&str; 4] = ["shop.example", "SHOP.example:80", "cart.example", "a.shop.example."];

fn any_glob(words: &'static [&'static str]) -> impl Strategy<Value = Glob> {
    (select(words), 0..7_usize, 0..12_u8).prop_map(|(word, cut, kind)| {
        let cut = cut.min(word.len() - 1);
        match kind {
            0 => Glob::Present,
            1 | 2 => Glob::Prefix(word[..word.len() - cut].into()),
            3 | 4 => Glob::Suffix(word[cut..].into()),
            _ => Glob::Exact(word.into()),
        }
    })
}

fn any_path() -> impl Strategy<Value = PathGlob> {
    prop_oneof![
        4 => any_glob(&PATHS).prop_map(PathGlob::Glob),
        1 => select(&["/a/{*}", "/{*}/b", "/a/{**}", "/{**}/c"][..])
            .prop_map(|text| PathGlob::parse(text).expect("a template")),
    ]
}

/// Values, and values that are not meant; rarely many, which are looked up then.
fn among<T: Clone + std::fmt::Debug>(
    one: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Among<T>> {
    let few = || vec(one.clone(), 0..3);
    prop_oneof![
        9 => (few(), few()).prop_map(|(values, not_values)| Among { values, not_values }),
        6 => vec(one.clone(), 1..3).prop_map(|values| Among { values, not_values: vec![] }),
        1 => vec(one, 10..14).prop_map(|values| Among { values, not_values: vec![] }),
    ]
}

fn any_clause() -> impl Strategy<Value = Clause> {
    let user = select(&["i/me", "i/*", "*", "j/you", "*/me"][..])
        .prop_map(|text| RequestPrincipal::parse(text).expect("a user"));
    let account = (select(&["a", "b"][..]), select(&["x", "y"][..]))
        .prop_map(|(namespace, name)| ServiceAccount { namespace: namespace.into(), name: name.into() });
    let block = select(&["10.0.0.9", "10.0.0.0/24", "10.1.0.0/16", "::/0"][..])
        .prop_map(|text| IpBlock::parse(text).expect("a block"));
    let header = || HeaderKey::parse("x-group").expect("a header");
    prop_oneof![
        3 => among(any_glob(&PRINCIPALS).boxed()).prop_map(Clause::Principal),
        2 => among(any_glob(&["a", "b", "c"]).boxed()).prop_map(Clause::Namespace),
        1 => among(account.boxed()).prop_map(Clause::ServiceAccount),
        1 => among(any_glob(&["cluster.local", "td"]).boxed()).prop_map(Clause::TrustDomain),
        1 => among(block.clone().boxed()).prop_map(Clause::SourceIp),
        1 => among(block.boxed()).prop_map(Clause::RemoteIp),
        1 => among(user.boxed()).prop_map(Clause::RequestPrincipal),
        1 => among(any_glob(&["p", "q"]).boxed()).prop_map(|among| Clause::Claim(vec!["role".into()], among)),
        2 => among(any_glob(&["p", "q", "pq"]).boxed()).prop_map(move |among| Clause::Header(header(), among)),
        2 => among(any_glob(&["shop.example", "cart.example"]).boxed()).prop_map(Clause::Host),
        1 => among(select(&[80_u16, 8080][..]).boxed()).prop_map(Clause::Port),
        2 => among(any_glob(&["GET", "PUT"]).boxed()).prop_map(Clause::Method),
        4 => among(any_path().boxed()).prop_map(Clause::Path),
    ]
}

fn any_rule() -> impl Strategy<Value = AuthorizationRule> {
    let part = || vec(any_clause(), 1..3);
    (vec(part(), 0..3), vec(part(), 0..3), vec(any_clause(), 0..2)).prop_map(
        |(sources, operations, conditions)| AuthorizationRule {
            line: Line::default(),
            sources,
            operations,
            conditions,
        },
    )
}

fn any_policy() -> impl Strategy<Value = AuthorizationPolicy> {
    let action = select(&[AuthorizationAction::Allow, AuthorizationAction::Deny][..]);
    (action, vec(any_rule(), 0..16)).prop_map(|(action, rules)| AuthorizationPolicy {
        namespace: "shop".into(),
        name: "p".into(),
        workloads: Default::default(),
        action,
        is_dry_run: false,
        rules,
    })
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let token = select(
        &[r#"{"iss": "i", "sub": "me"}"#, r#"{"iss": "j", "sub": "you", "role": ["p"]}"#, r#"{"role": "q"}"#]
            [..],
    );
    (
        select(&["GET", "PUT", "POST"][..]),
        select(&HOSTS[..]),
        select(&PATHS[..]),
        option::of(select(&PRINCIPALS[..])),
        option::of(token),
        vec(select(&["p", "q", "pq", ""][..]), 0..3),
        (select(&["10.0.0.9", "10.1.2.3", "::1"][..]), select(&["10.0.0.9", "10.1.2.3"][..])),
        (select(&[80_u16, 8080][..]), prop::bool::weighted(0.85)),
    )
        .prop_map(|(method, host, path, peer, token, groups, (source, remote), (port, is_http))| {
            let mut made = sent(method, &format!("http://{host}{path}"));
            if let Some(peer) = peer {
                made = made.from(peer);
            }
            if let Some(token) = token {
                made = made.with_token(token);
            }
            for group in groups {
                made = made.with("x-group", group);
            }
            let (source, remote) = (source.parse().expect("an address"), remote.parse().expect("an address"));
            Sent { source, remote, port, is_http, ..made }
        })
}

proptest! {
    #[test]
    fn a_verdict_is_that_of_a_scan(policies in vec(any_policy(), 0..4), requests in vec(any_sent(), 8)) {
        let policies: Vec<_> = policies
            .into_iter()
            .enumerate()
            .map(|(number, policy)| Arc::new(AuthorizationPolicy { name: format!("p{number}").into(), ..policy }))
            .collect();
        let mut model = Model::default();
        model.security.authorization.clone_from(&policies);
        let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
        let table = Snapshot::compile(&model, &viewpoint, None);
        for request in &requests {
            let expected = scan(&policies, request);
            prop_assert_eq!(request.verdict(&table), expected.clone(), "{:?}", request);
            let explained = table.inbound().explain(&request.view());
            prop_assert_eq!(explained.is_allowed, expected.contains("_allowed_"));
            // What is told of each rule agrees with what was decided.
            let told = explained.policies.iter().zip_by(&policies);
            for (policy, rules) in told {
                for (rule, told) in policy.rules.iter().zip(rules) {
                    let holds = holds(rule, policy.action == AuthorizationAction::Deny, request);
                    prop_assert_eq!(told, holds, "{:?} {:?}", rule, request);
                }
            }
        }
    }
}

/// Whether each rule of each policy was told to be for the request.
trait ZipBy {
    fn zip_by(self, policies: &[Arc<AuthorizationPolicy>]) -> Vec<(Arc<AuthorizationPolicy>, Vec<bool>)>;
}

impl<'a, I: Iterator<Item = &'a mesh_core::table::PolicyExplanation>> ZipBy for I {
    fn zip_by(self, policies: &[Arc<AuthorizationPolicy>]) -> Vec<(Arc<AuthorizationPolicy>, Vec<bool>)> {
        self.map(|told| {
            let is_own = |policy: &&Arc<AuthorizationPolicy>| told.policy == format!("shop/{}", policy.name);
            let policy = policies.iter().find(is_own).expect("a policy");
            (Arc::clone(policy), told.rules.iter().map(|rule| rule.mismatch.is_none()).collect())
        })
        .collect()
    }
}

fn scan(policies: &[Arc<AuthorizationPolicy>], sent: &Sent) -> String {
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

fn holds(rule: &AuthorizationRule, denies: bool, sent: &Sent) -> bool {
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
        Clause::Claim(path, among) => lists(among, denies, |wanted, _| {
            claim(&path[0]).is_some_and(|value| match value.as_array() {
                Some(values) => {
                    values.iter().any(|value| value.as_str().is_some_and(|text| glob(wanted, text)))
                }
                None => value.as_str().is_some_and(|text| glob(wanted, text)),
            })
        }),
        Clause::Header(_, among) => {
            let lines: Vec<_> = sent
                .request
                .headers()
                .get_all("x-group")
                .iter()
                .map(|value| value.to_str().expect("text"))
                .collect();
            headers(among, denies, &lines)
        }
        Clause::Host(among) => lists(among, denies, |wanted, restricts| {
            let lower = sent.request.uri().authority().expect("a host").as_str().to_ascii_lowercase();
            let bare = lower.split(':').next().expect("a part").trim_end_matches('.');
            glob(wanted, &lower) || restricts && glob(wanted, bare)
        }),
        Clause::Port(among) => lists(among, denies, |port, _| *port == sent.port),
        Clause::Method(among) => text(among, Some(sent.request.method().as_str())),
        Clause::Path(among) => lists(among, denies, |wanted, _| wanted.matches(sent.request.uri().path())),
        other => panic!("not asked for here: {other:?}"),
    }
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
