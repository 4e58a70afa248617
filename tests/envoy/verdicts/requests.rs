//! Requests by chance, and those who send them.

use crate::{
    generate::{one, percent},
    issuer::Issuer,
};
use fastrand::Rng;
use serde_json::json;

pub(super) const METHODS: [&str; 4] = ["GET", "PUT", "POST", "DELETE"];
/// Without a port: where a policy names a host that it forbids, the mesh forbids it by any port, and Envoy by none.
pub(super) const HOSTS: [&str; 5] =
    ["shop.example", "Shop.Example", "cart.example", "other.test", "a.shop.example"];
/// Never empty: Envoy takes an empty header for one that is there, and the mesh where that counts against the caller.
pub(super) const GROUPS: [&str; 3] = ["test", "tester", "admin"];
pub(super) const ROLES: [&str; 3] = ["admin", "user", "editor"];
const PATHS: [&str; 16] = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/c",
    "/a/x/y/d.html",
    "/c/d",
    "/x/b",
    "/b",
    "/admin",
    "/A/b",
    "/index.html?a=/admin",
    "/a/../admin",
    "/./a//b",
    "/%61dmin",
    "/a%2Fb",
];
/// Who calls. The last one is in the alias of the mesh's trust domain.
pub(super) const CALLERS: [&str; 4] = [
    "spiffe://cluster.local/ns/a/sa/x",
    "spiffe://cluster.local/ns/a/sa/y",
    "spiffe://cluster.local/ns/b/sa/x",
    "spiffe://old.td/ns/a/sa/x",
];
const NAMES: [&str; 2] = ["product.shop.svc.cluster.local", "a.example"];

/// A request.
#[derive(Debug)]
pub(super) struct Ask {
    /// Which of the [`CALLERS`] sends it over mutual TLS; in plain text when `None`.
    pub(super) caller: Option<usize>,
    /// The name that the caller asks for in TLS.
    pub(super) server_name: &'static str,
    /// The last part of the caller's address, `127.0.0.…`.
    pub(super) from: u8,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// All but its Host header, each name once: of several lines of one each counts for the mesh, and all as one for
    /// Envoy.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) host: &'static str,
}

/// A request of one who may have tokens of these issuers.
pub(super) fn request(rng: &mut Rng, issuers: &[Issuer]) -> Ask {
    let mut headers = Vec::new();
    for name in ["x-group", "x-version"] {
        if percent(rng, 50) {
            headers.push((name, one(rng, &GROUPS).to_owned()));
        }
    }
    if percent(rng, 50) {
        let said = one(rng, &["10.1.2.3", "203.0.113.1, 192.0.2.9", "10.1.2.3,127.0.0.1", "2001:db8::1"]);
        headers.push(("x-forwarded-for", said.to_owned()));
    }
    if percent(rng, 15) {
        headers.push(("content-type", "application/grpc".to_owned()));
    }
    if percent(rng, 60) {
        headers.push(("authorization", format!("Bearer {}", token(rng, issuers))));
    }
    Ask {
        caller: percent(rng, 75).then(|| rng.usize(..CALLERS.len())),
        server_name: one(rng, &NAMES),
        from: if percent(rng, 60) { 1 } else { 9 },
        method: one(rng, &METHODS),
        path: one(rng, &PATHS),
        headers,
        host: one(rng, &HOSTS),
    }
}

fn token(rng: &mut Rng, issuers: &[Issuer]) -> String {
    let mut claims = json!({"exp": 4_000_000_000_u64});
    let mut maybe = |name: &str, values: &[serde_json::Value]| {
        if percent(rng, 70) {
            claims[name] = values[rng.usize(..values.len())].clone();
        }
    };
    maybe("sub", &[json!("me"), json!("me"), json!("you")]);
    maybe("aud", &[json!("shop"), json!(["bank", "shop"]), json!("bank")]);
    maybe("azp", &[json!("app"), json!("web")]);
    maybe("role", &[json!("admin"), json!(["user", "editor"]), json!("user"), json!(7), json!([])]);
    maybe("scope", &[json!("read write"), json!("read"), json!(["write"])]);
    maybe("nested", &[json!({"role": "admin"}), json!({"role": ["editor", 1]}), json!("admin")]);
    issuers[rng.usize(..issuers.len())].token(&claims)
}
