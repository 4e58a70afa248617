//! Conditions of rules.

use super::{
    one,
    paths::{PATHS, PATTERNS, PREFIXES},
    percent,
};
use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Names of headers in conditions.
pub(crate) const HEADERS: [&str; 5] = ["x-group", "X-Version", "cookie", "x-user", "accept-language"];
/// Values that conditions of any kind ask for.
pub(crate) const VALUES: [&str; 6] = ["test", "tester", "1", "10", "v1", "Test"];
/// Patterns of values.
const VALUE_PATTERNS: [&str; 5] = ["te.t", "[0-9]+", "(test|v1)", ".*", "*"];
/// Names of query parameters in conditions.
const PARAMETERS: [&str; 3] = ["q", "flag", "a"];

/// The blocks of a rule; none for a rule without conditions.
pub(crate) fn blocks(rng: &mut Rng, has_prefix: bool) -> Option<Value> {
    if percent(rng, 8) && !has_prefix {
        return None;
    }
    let count = 1 + usize::from(percent(rng, 25)) + usize::from(percent(rng, 10));
    Some((0..count).map(|_| block(rng, has_prefix)).collect())
}

fn block(rng: &mut Rng, has_prefix: bool) -> Value {
    let mut block = Map::new();
    if has_prefix || percent(rng, 75) {
        block.insert("uri".into(), uri(rng, has_prefix));
        if percent(rng, 20) {
            block.insert("ignoreUriCase".into(), json!(true));
        }
    }
    if percent(rng, 15) {
        let methods = [
            json!({"exact": "POST"}),
            json!({"exact": "GET"}),
            json!({"regex": "GET|PUT"}),
            json!({"prefix": "P"}),
        ];
        block.insert("method".into(), rng.choice(methods).expect("some"));
    }
    if percent(rng, 4) {
        block.insert("scheme".into(), json!({"exact": one(rng, &["http", "http", "https"])}));
    }
    if percent(rng, 8) {
        block.insert("authority".into(), authority(rng));
    }
    if percent(rng, 30) {
        block.insert("headers".into(), conditions(rng, &HEADERS));
    }
    if percent(rng, 12) {
        block.insert("withoutHeaders".into(), conditions(rng, &HEADERS));
    }
    if percent(rng, 22) {
        block.insert("queryParams".into(), conditions(rng, &PARAMETERS));
    }
    place(rng, &mut block);
    Value::Object(block)
}

/// What is asked of the listener and the client.
fn place(rng: &mut Rng, block: &mut Map<String, Value>) {
    if percent(rng, 8) {
        block.insert("port".into(), json!(if percent(rng, 60) { 80 } else { 8080 }));
    }
    if percent(rng, 6) {
        block.insert("sourceLabels".into(), json!({"app": one(rng, &["client", "other"])}));
    }
    if percent(rng, 6) {
        block.insert("sourceNamespace".into(), json!(one(rng, &["default", "other"])));
    }
    if percent(rng, 6) {
        block.insert("gateways".into(), json!([one(rng, &["mesh", "door", "default/side"])]));
    }
}

fn uri(rng: &mut Rng, has_prefix: bool) -> Value {
    match rng.u32(..10) {
        0..3 if !has_prefix => json!({"exact": one(rng, &PATHS)}),
        3..6 if !has_prefix => json!({"regex": PATTERNS[rng.usize(..PATTERNS.len())].0}),
        _ => json!({"prefix": one(rng, &PREFIXES)}),
    }
}

fn authority(rng: &mut Rng) -> Value {
    rng.choice([
        json!({"exact": "shop.test"}),
        json!({"prefix": "www"}),
        json!({"prefix": "product"}),
        json!({"regex": ".*:[0-9]+"}),
        json!({"regex": "[a-z.]+"}),
    ])
    .expect("some")
}

fn conditions(rng: &mut Rng, names: &[&str]) -> Value {
    let count = 1 + usize::from(percent(rng, 20));
    (0..count).map(|_| (one(rng, names).to_owned(), value(rng))).collect::<Map<_, _>>().into()
}

fn value(rng: &mut Rng) -> Value {
    match rng.u32(..5) {
        0 => json!({}),
        1 => json!({"prefix": one(rng, &["te", "1", "T"])}),
        2 => json!({"regex": one(rng, &VALUE_PATTERNS)}),
        _ => json!({"exact": one(rng, &VALUES)}),
    }
}
