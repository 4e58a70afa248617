//! AuthorizationPolicies by chance.

use super::requests::{GROUPS, HOSTS, METHODS, ROLES};
use crate::generate::{one, percent};
use fastrand::Rng;
use serde_json::{Map, Value, json};

/// The other name of the mesh's trust domain.
pub(super) const ALIAS: &str = "old.td";
/// The namespace of the workload that is asked.
pub(super) const NAMESPACE: &str = "shop";
/// The labels of it.
pub(super) const LABELS: (&str, &str) = ("app", "product");

const PRINCIPALS: [&str; 9] = [
    "cluster.local/ns/a/sa/x",
    "cluster.local/ns/a/sa/y",
    "cluster.local/ns/b/*",
    "old.td/ns/a/sa/x",
    "*/ns/b/sa/x",
    "*/sa/y",
    "clus*",
    "elsewhere/ns/a/sa/x",
    "*",
];
const NAMESPACES: [&str; 5] = ["a", "b", "a*", "*b", "*"];
const USERS: [&str; 7] =
    ["https://one.test/me", "https://one.test/*", "two/me", "*/me", "*/you", "two/y*", "*"];
const BLOCKS: [&str; 4] = ["127.0.0.1", "127.0.0.8/29", "127.0.0.0/8", "10.0.0.0/8"];
const REMOTE_BLOCKS: [&str; 5] = ["10.1.2.3", "10.1.0.0/16", "192.0.2.0/24", "127.0.0.0/8", "2001:db8::/32"];
const PATHS: [&str; 14] = [
    "/a",
    "/a/b",
    "/a/*",
    "/c*",
    "*/b",
    "*.html",
    "/admin",
    "*",
    "/a/{*}",
    "/{*}/b",
    "/a/{**}",
    "/{**}/b",
    "/a/{*}/c",
    "/a/{**}/d.html",
];
const METHOD_PATTERNS: [&str; 4] = ["P*", "*T", "*", "DELETE"];
const HOST_PATTERNS: [&str; 5] = ["*.example", "shop.*", "SHOP.example", "*", "other.test"];
const GROUP_PATTERNS: [&str; 4] = ["te*", "*er", "*", "nobody"];
const ROLE_PATTERNS: [&str; 3] = ["ad*", "*r", "*"];
const NAMES: [&str; 5] = ["*.example", "product.*", "product.shop.svc.cluster.local", "a.example", "*"];

/// The policies of a world, of which `port` is the port that requests come to.
pub(super) fn policies(rng: &mut Rng, port: u16) -> Vec<Value> {
    let count = 1 + rng.usize(..3);
    (0..count).map(|number| policy(rng, number, port)).collect()
}

fn policy(rng: &mut Rng, number: usize, port: u16) -> Value {
    let denies = percent(rng, 45);
    let least = usize::from(denies || percent(rng, 90));
    let rules: Vec<Value> = (0..least + rng.usize(..4)).map(|_| rule(rng, denies, port)).collect();
    let mut spec = json!({"action": if denies { "DENY" } else { "ALLOW" }, "rules": rules});
    if percent(rng, 25) {
        let (key, own) = LABELS;
        spec["selector"] = json!({"matchLabels": {key: one(rng, &[own, own, "other"])}});
    }
    let namespace = one(rng, &[NAMESPACE, NAMESPACE, "istio-system", "elsewhere"]);
    json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": format!("policy-{number}"), "namespace": namespace},
        "spec": spec,
    })
}

fn rule(rng: &mut Rng, denies: bool, port: u16) -> Value {
    let mut rule = Map::new();
    // What denies is about little, or nothing would pass.
    let least = if denies { 2 } else { 1 };
    if percent(rng, 60) {
        let sources: Vec<Value> =
            (0..1 + rng.usize(..2)).map(|_| json!({"source": source(rng, least)})).collect();
        rule.insert("from".into(), json!(sources));
    }
    if percent(rng, 60) {
        let operations: Vec<Value> =
            (0..1 + rng.usize(..2)).map(|_| json!({"operation": operation(rng, least, port)})).collect();
        rule.insert("to".into(), json!(operations));
    }
    if rule.is_empty() || percent(rng, 45) {
        let conditions: Vec<Value> = (0..1 + rng.usize(..2)).map(|_| condition(rng, port)).collect();
        rule.insert("when".into(), json!(conditions));
    }
    Value::Object(rule)
}

fn source(rng: &mut Rng, least: usize) -> Value {
    let fields: [(&str, &str, &[&str]); 7] = [
        ("principals", "notPrincipals", &PRINCIPALS),
        ("namespaces", "notNamespaces", &NAMESPACES),
        ("requestPrincipals", "notRequestPrincipals", &USERS),
        ("ipBlocks", "notIpBlocks", &BLOCKS),
        ("remoteIpBlocks", "notRemoteIpBlocks", &REMOTE_BLOCKS),
        ("principals", "notPrincipals", &PRINCIPALS),
        ("requestPrincipals", "notRequestPrincipals", &USERS),
    ];
    let mut source = Map::new();
    // These stand for names of workloads as those above do, and not beside them.
    if percent(rng, 20) {
        source.insert("serviceAccounts".into(), list(rng, &["a/x", "b/x", "y"]));
    }
    if percent(rng, 12) {
        source.insert("trustDomains".into(), list(rng, &["cluster.local", "old.td", "elsewhere", "*"]));
    }
    let others = if source.is_empty() { &fields[..] } else { &fields[2..5] };
    while source.len() < least {
        lists(rng, &mut source, others);
    }
    Value::Object(source)
}

fn operation(rng: &mut Rng, least: usize, port: u16) -> Value {
    let ports = [port.to_string(), "1".to_owned(), (u32::from(port) + 1).min(65535).to_string()];
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let methods = [&METHODS[..], &METHOD_PATTERNS].concat();
    let hosts = [&HOSTS[..], &HOST_PATTERNS].concat();
    let fields: [(&str, &str, &[&str]); 5] = [
        ("paths", "notPaths", &PATHS),
        ("methods", "notMethods", &methods),
        ("hosts", "notHosts", &hosts),
        ("ports", "notPorts", &ports),
        ("paths", "notPaths", &PATHS),
    ];
    let mut operation = Map::new();
    while operation.len() < least {
        lists(rng, &mut operation, &fields);
    }
    Value::Object(operation)
}

/// Adds what one of these fields must be, or must not be, or both.
fn lists(rng: &mut Rng, to: &mut Map<String, Value>, fields: &[(&str, &str, &[&str])]) {
    let (values, not_values, pool) = fields[rng.usize(..fields.len())];
    let which = rng.usize(..10);
    if which != 0 {
        to.insert(values.into(), list(rng, pool));
    }
    if which < 3 {
        to.insert(not_values.into(), list(rng, pool));
    }
}

fn condition(rng: &mut Rng, port: u16) -> Value {
    let port = port.to_string();
    let groups = [&GROUPS[..], &GROUP_PATTERNS].concat();
    let roles = [&ROLES[..], &ROLE_PATTERNS].concat();
    let keys: [(&str, &[&str]); 18] = [
        ("request.headers[x-group]", &groups),
        ("request.headers[X-Version]", &groups),
        ("request.headers[:method]", &METHODS),
        ("source.ip", &BLOCKS),
        ("remote.ip", &REMOTE_BLOCKS),
        ("source.namespace", &NAMESPACES),
        ("source.principal", &PRINCIPALS),
        ("source.serviceAccount", &["a/x", "b/x", "y"]),
        ("source.trustDomain", &["cluster.local", "old.td"]),
        ("request.auth.principal", &USERS),
        ("request.auth.audiences", &["shop", "bank", "sh*"]),
        ("request.auth.presenter", &["app", "web", "*"]),
        ("request.auth.claims[role]", &roles),
        ("request.auth.claims[scope]", &["read", "write", "re*"]),
        ("request.auth.claims[nested][role]", &roles),
        ("destination.ip", &["127.0.0.0/8", "10.0.0.0/8"]),
        ("destination.port", &[&port, "1"]),
        ("connection.sni", &NAMES),
    ];
    let (key, pool) = keys[rng.usize(..keys.len())];
    let mut condition = Map::from_iter([("key".to_owned(), json!(key))]);
    let which = rng.usize(..10);
    if which > 2 {
        condition.insert("values".into(), list(rng, pool));
    }
    if which < 4 {
        condition.insert("notValues".into(), list(rng, pool));
    }
    Value::Object(condition)
}

fn list(rng: &mut Rng, pool: &[&str]) -> Value {
    let mut all = pool.to_vec();
    rng.shuffle(&mut all);
    all.truncate(1 + rng.usize(..2));
    json!(all)
}
