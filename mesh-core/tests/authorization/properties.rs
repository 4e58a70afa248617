//! Verdicts are those of a scan of the policies.

use crate::{
    scan::{holds, scan},
    world::*,
};
use mesh_core::{
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
const PATHS: [&str; 7] = ["/", "/a", "/a/b", "/a/b/c", "/b", "/c/d", "/a/b?q"];
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
        1 => select(&["/a/{*}", "/{*}/b", "/a/{**}", "/{**}/c", "/{**}", "/a/{*}/{**}/d", "/{*}/{*}"][..])
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
    let header = select(&["x-group", "x-other", ":method", ":path", ":authority", ":scheme"][..])
        .prop_map(|name| HeaderKey::parse(name).expect("a header"));
    let claim = select(&["role", "scope", "deep role", "deep er role"][..])
        .prop_map(|path| path.split(' ').map(Box::from).collect::<Vec<Box<str>>>());
    const WORDS: [&str; 7] = ["p", "q", "pq", "qp", "GET", "/a/b", "shop.example"];
    prop_oneof![
        3 => among(any_glob(&PRINCIPALS).boxed()).prop_map(Clause::Principal),
        2 => among(any_glob(&["a", "b", "c"]).boxed()).prop_map(Clause::Namespace),
        1 => among(account.boxed()).prop_map(Clause::ServiceAccount),
        1 => among(any_glob(&["cluster.local", "td"]).boxed()).prop_map(Clause::TrustDomain),
        1 => among(block.clone().boxed()).prop_map(Clause::SourceIp),
        1 => among(block.clone().boxed()).prop_map(Clause::RemoteIp),
        1 => among(block.boxed()).prop_map(Clause::DestinationIp),
        1 => among(user.boxed()).prop_map(Clause::RequestPrincipal),
        1 => among(any_glob(&["p", "q"]).boxed()).prop_map(Clause::Audience),
        1 => among(any_glob(&["p", "q"]).boxed()).prop_map(Clause::Presenter),
        3 => (claim, among(any_glob(&["p", "q", "pq"]).boxed())).prop_map(|(path, among)| Clause::Claim(path, among)),
        4 => (header, among(any_glob(&WORDS).boxed())).prop_map(|(key, among)| Clause::Header(key, among)),
        2 => among(any_glob(&["shop.example", "cart.example"]).boxed()).prop_map(Clause::Host),
        1 => among(any_glob(&["shop.example", "cart.example"]).boxed()).prop_map(Clause::ServerName),
        1 => among(select(&[80_u16, 8080][..]).boxed()).prop_map(Clause::Port),
        2 => among(any_glob(&["GET", "PUT"]).boxed()).prop_map(Clause::Method),
        4 => among(any_path().boxed()).prop_map(Clause::Path),
        1 => Just(Clause::Filter("experimental.envoy.filters.x[y]".into())),
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
        &[
            r#"{"iss": "i", "sub": "me", "aud": "p", "scope": "p q"}"#,
            r#"{"iss": "j", "sub": "you", "role": ["p", 1], "deep": {"role": "pq"}, "azp": "q"}"#,
            r#"{"role": "q", "aud": ["q", "pq"], "deep": {"er": {"role": "qp"}, "role": ["q"]}}"#,
            r#"{"role": "p q", "scope": ["p"], "deep": "p"}"#,
        ][..],
    );
    (
        select(&["GET", "PUT", "POST"][..]),
        select(&HOSTS[..]),
        select(&PATHS[..]),
        option::of(select(&PRINCIPALS[..])),
        option::of(token),
        vec((select(&["x-group", "x-group", "x-other"][..]), select(&["p", "q", "pq", ""][..])), 0..4),
        (select(&["10.0.0.9", "10.1.2.3", "::1"][..]), select(&["10.0.0.9", "10.1.2.3"][..])),
        (
            select(&[80_u16, 8080][..]),
            prop::bool::weighted(0.85),
            option::of(select(&["shop.example", "a.example"][..])),
        ),
    )
        .prop_map(
            |(method, host, path, peer, token, groups, (source, remote), (port, is_http, name))| {
                let mut made = sent(method, &format!("http://{host}{path}"));
                if let Some(peer) = peer {
                    made = made.from(peer);
                }
                if let Some(token) = token {
                    made = made.with_token(token);
                }
                for (header, group) in groups {
                    made = made.with(header, group);
                }
                let (source, remote) =
                    (source.parse().expect("an address"), remote.parse().expect("an address"));
                Sent { source, remote, port, is_http, server_name: name.map(str::to_owned), ..made }
            },
        )
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
