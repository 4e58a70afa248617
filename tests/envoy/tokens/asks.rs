//! Requests with tokens by chance, good ones and others.
//!
//! Each has one token at most: Envoy lets a request pass with a bad token besides a good one, and the mesh does not.

use super::{
    Issuers,
    rules::{BARE_HEADER, COOKIE, HEADER, PARAMETER, PREFIX},
};
use crate::{
    generate::{one, percent},
    issuer::base64,
};
use fastrand::Rng;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// A request.
#[derive(Debug)]
pub(super) struct Ask {
    /// What is odd about its token.
    pub(super) what: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// A request.
pub(super) fn ask(rng: &mut Rng, issuers: &Issuers) -> Ask {
    let (what, token) = token(rng, issuers);
    let mut ask =
        Ask { what, method: one(rng, &["GET", "GET", "POST"]), path: "/a?b=c".into(), headers: vec![] };
    if let Some(token) = token {
        place(rng, &mut ask, token);
    }
    if percent(rng, 10) {
        ask.headers.push(("content-type", "application/grpc".into()));
    }
    if percent(rng, 10) {
        // Nobody but a good token says so.
        ask.headers.extend([("x-sub", "spoofed".into()), ("x-payload", "spoofed".into())]);
    }
    if percent(rng, 5) {
        ask.method = "OPTIONS";
        ask.headers.push(("origin", "http://other.test".into()));
        ask.headers.push(("access-control-request-method", "GET".into()));
    }
    ask
}

fn place(rng: &mut Rng, ask: &mut Ask, token: String) {
    match rng.usize(..20) {
        0..=9 => ask.headers.push(("authorization", format!("Bearer {token}"))),
        10 => ask.headers.push(("authorization", format!("bearer {token}"))),
        11 => ask.headers.push(("authorization", token)),
        12 => ask.headers.push(("authorization", format!("Bearer   {token}  "))),
        13 | 14 => ask.headers.push((HEADER, format!("{PREFIX}{token}"))),
        15 => ask.headers.push((BARE_HEADER, token)),
        16 => ask.headers.push(("cookie", format!("a=b; {COOKIE}={token}; c=d"))),
        17 => ask.path = format!("/a?b=c&{PARAMETER}={token}"),
        18 => ask.path = format!("/a?{PARAMETER}={token}&b=c"),
        _ => ask.path = format!("/a?access_token={token}&b=c"),
    }
}

type Change = (&'static str, fn(&mut Value));

/// What may be odd about claims.
///
/// Not `exp: 0`, which is never for Envoy and long ago for the mesh.
const CLAIMS: [Change; 27] = [
    ("no exp", |claims| drop(claims.as_object_mut().expect("claims").remove("exp"))),
    ("expired", |claims| claims["exp"] = json!(now() - 3600)),
    ("expired just now", |claims| claims["exp"] = json!(now() - 30)),
    ("not yet valid", |claims| claims["nbf"] = json!(now() + 3600)),
    ("valid soon", |claims| claims["nbf"] = json!(now() + 30)),
    ("valid for long", |claims| claims["nbf"] = json!(now() - 30)),
    ("exp is a text", |claims| claims["exp"] = json!("4000000000")),
    ("exp is negative", |claims| claims["exp"] = json!(-1)),
    ("exp has a fraction", |claims| claims["exp"] = json!(4_000_000_000.5)),
    ("exp is null", |claims| claims["exp"] = json!(null)),
    ("nbf is a text", |claims| claims["nbf"] = json!("1")),
    ("iat is a text", |claims| claims["iat"] = json!("1")),
    ("sub is a number", |claims| claims["sub"] = json!(7)),
    ("no sub", |claims| drop(claims.as_object_mut().expect("claims").remove("sub"))),
    ("jti is a number", |claims| claims["jti"] = json!(7)),
    ("aud is a number", |claims| claims["aud"] = json!(7)),
    ("aud is a list of numbers", |claims| claims["aud"] = json!(["shop", 7])),
    ("aud is an empty list", |claims| claims["aud"] = json!([])),
    ("no aud", |claims| drop(claims.as_object_mut().expect("claims").remove("aud"))),
    ("for somebody else", |claims| claims["aud"] = json!("elsewhere")),
    ("for one of several", |claims| claims["aud"] = json!(["elsewhere", "bank"])),
    ("for a URL", |claims| claims["aud"] = json!("http://shop.test")),
    ("for a part of a URL", |claims| claims["aud"] = json!("shop.test/")),
    ("a role is a list", |claims| claims["role"] = json!(["admin", "user"])),
    ("a role is a truth", |claims| claims["role"] = json!(true)),
    ("a role is an object", |claims| claims["role"] = json!({"name": "admin"})),
    ("a role is nested", |claims| claims["nested"] = json!({"role": "editor"})),
];

/// What may be odd about a header.
const HEADERS: [Change; 12] = [
    ("no key is named", |header| drop(header.as_object_mut().expect("a header").remove("kid"))),
    ("an unknown key is named", |header| header["kid"] = json!("unknown")),
    ("a path is named as a key", |header| header["kid"] = json!("../../dev/null")),
    ("a query is named as a key", |header| header["kid"] = json!("' OR '1'='1")),
    ("a key's name is a number", |header| header["kid"] = json!(7)),
    ("no algorithm is named", |header| drop(header.as_object_mut().expect("a header").remove("alg"))),
    ("an unknown algorithm is named", |header| header["alg"] = json!("XS256")),
    ("another algorithm is named", |header| header["alg"] = json!("ES512")),
    ("the algorithm is in small letters", |header| header["alg"] = json!("es256")),
    ("the algorithm is a number", |header| header["alg"] = json!(256)),
    ("the type is another", |header| header["typ"] = json!("at+jwt")),
    ("a key is said to be elsewhere", |header| header["jku"] = json!("http://other.test/keys")),
];

/// A token, and what is odd about it. `None` for none at all.
fn token(rng: &mut Rng, issuers: &Issuers) -> (&'static str, Option<String>) {
    let issuer = issuers.one(rng);
    let mut claims =
        json!({"iss": issuer.name, "sub": "me", "aud": "shop", "exp": now() + 3600, "good": "yes"});
    let mut header = issuer.header();
    let (what, token) = match rng.usize(..20) {
        0 => return ("no token", None),
        1..=5 => ("good", issuer.sign(&header, &claims)),
        6..=11 => {
            let (what, change) = CLAIMS[rng.usize(..CLAIMS.len())];
            change(&mut claims);
            (what, issuer.sign(&header, &claims))
        }
        12..=14 => {
            let (what, change) = HEADERS[rng.usize(..HEADERS.len())];
            change(&mut header);
            (what, issuer.sign(&header, &claims))
        }
        15 | 16 => forged(rng, issuers, &header, &mut claims),
        _ => broken(rng, &issuer.sign(&header, &claims)),
    };
    (what, Some(token))
}

/// One that is not by the issuer that it names.
fn forged(rng: &mut Rng, issuers: &Issuers, header: &Value, claims: &mut Value) -> (&'static str, String) {
    let unsigned = |header: &Value, claims: &Value| {
        format!("{}.{}", base64(header.to_string()), base64(claims.to_string()))
    };
    match rng.usize(..5) {
        0 => {
            claims["iss"] = json!("https://nobody.test");
            ("of an unknown issuer", issuers.stranger.sign(header, claims))
        }
        1 => ("by another's key", issuers.stranger.sign(header, claims)),
        2 => {
            let header = json!({"alg": "none"});
            ("not signed", format!("{}.", unsigned(&header, claims)))
        }
        3 => {
            let header = json!({"alg": "HS256", "kid": header["kid"]});
            ("signed by what is public", issuers.confused(&unsigned(&header, claims), claims))
        }
        _ => {
            let mut header = header.clone();
            header["jwk"] = issuers.stranger.jwk.clone();
            ("with its own key", issuers.stranger.sign(&header, claims))
        }
    }
}

/// A token of which something is left out, or something else is in its place.
///
/// Not one with padding, with spaces or with what belongs to no token, nor one whose JSON says something twice: Envoy reads
/// over them, and the mesh is strict.
fn broken(rng: &mut Rng, token: &str) -> (&'static str, String) {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let (place, what): (usize, &'static str) =
        [(0, "header"), (1, "payload"), (2, "signature")][rng.usize(..3)];
    match rng.usize(..7) {
        0 => drop(parts.remove(place)),
        1 => parts.insert(place, base64("{}")),
        2 => parts[place] = String::new(),
        // No bytes are so long.
        3 => {
            let length = parts[place].len() / 4 * 4 - 3;
            parts[place].truncate(length);
        }
        4 => parts[place] = base64("no JSON"),
        5 => parts[place] = base64("[]"),
        _ => return ("no token at all", one(rng, &["", "x", "..", "a.b.c", "a+b.c"]).to_owned()),
    }
    (what, parts.join("."))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time since then").as_secs()
}
