//! RequestAuthentications by chance.

use super::Issuers;
use crate::{
    generate::{one, percent},
    issuer::jwks,
};
use fastrand::Rng;
use serde_json::{Value, json};

/// The namespace of the workload that is asked.
pub(super) const NAMESPACE: &str = "shop";

/// Where rules look for tokens besides the usual places.
pub(super) const HEADER: &str = "x-token";
pub(super) const PREFIX: &str = "Token ";
/// Carries a token alone: Envoy would take a prefix for a part of it, and read over the space.
pub(super) const BARE_HEADER: &str = "x-bare-token";
pub(super) const PARAMETER: &str = "jwt";
pub(super) const COOKIE: &str = "session";

/// The rules of one or two documents.
pub(super) fn documents(rng: &mut Rng, issuers: &Issuers) -> Vec<Value> {
    let mut names: Vec<&str> = issuers.names().collect();
    rng.shuffle(&mut names);
    names.truncate(1 + rng.usize(..names.len()));
    let rules: Vec<Value> = names.iter().map(|name| rule(rng, name, issuers)).collect();
    let (first, second) = rules.split_at(rng.usize(..=rules.len()));
    [("first", NAMESPACE, first), ("second", "istio-system", second)]
        .into_iter()
        .filter(|(.., rules)| !rules.is_empty())
        .map(|(name, namespace, rules)| {
            json!({
                "apiVersion": "security.istio.io/v1",
                "kind": "RequestAuthentication",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"jwtRules": rules},
            })
        })
        .collect()
}

fn rule(rng: &mut Rng, issuer: &str, issuers: &Issuers) -> Value {
    let mut keys: Vec<Value> = issuers.keys_of(issuer).cloned().collect();
    keys.truncate(1 + rng.usize(..keys.len()));
    for key in &mut keys {
        // By such a key Envoy verifies whatever algorithm a token names, and the mesh only its own.
        let may_be_for_any = key["kty"] != "OKP";
        let key = key.as_object_mut().expect("a key");
        for (optional, may_go) in [("kid", true), ("alg", may_be_for_any)] {
            if may_go && percent(rng, 15) {
                key.remove(optional);
            }
        }
    }
    let mut rule = json!({"issuer": issuer, "jwks": jwks(&keys)});
    if percent(rng, 40) {
        let audiences: [&[&str]; 3] = [&["shop"], &["https://shop.test/", "bank"], &["shop.test"]];
        rule["audiences"] = json!(one(rng, &audiences));
    }
    if percent(rng, 35) {
        rule["fromHeaders"] = one(
            rng,
            &[
                &json!([{"name": HEADER, "prefix": PREFIX}]),
                &json!([{"name": BARE_HEADER}]),
                &json!([{"name": "authorization", "prefix": "Bearer "}, {"name": HEADER, "prefix": PREFIX}]),
            ],
        )
        .clone();
    }
    if percent(rng, 20) {
        rule["fromParams"] = json!([PARAMETER]);
    }
    if percent(rng, 20) {
        rule["fromCookies"] = json!([COOKIE]);
    }
    if percent(rng, 40) {
        rule["outputPayloadToHeader"] = json!("x-payload");
    }
    if percent(rng, 50) {
        let told = [
            json!({"header": "x-sub", "claim": "sub"}),
            json!({"header": "x-role", "claim": "role"}),
            json!({"header": "x-nested", "claim": "nested.role"}),
            json!({"header": "x-good", "claim": "good"}),
        ];
        rule["outputClaimToHeaders"] = json!(told[..1 + rng.usize(..told.len())]);
    }
    if percent(rng, 50) {
        rule["forwardOriginalToken"] = json!(true);
    }
    rule
}
