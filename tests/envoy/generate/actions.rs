//! What rules do.

use super::{conditions, one, percent};
use crate::world::{EMPTY_SUBSET, Service};
use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Whom rules let ask, and whom perhaps.
pub(crate) const ORIGINS: [&str; 4] =
    ["https://a.test", "https://a.test:8443", "https://b.shop", "http://c.test"];

/// One rule.
pub(crate) fn rule(rng: &mut Rng, services: &[Service]) -> Value {
    let mut rule = Map::new();
    let kind = rng.u32(..20);
    let has_prefix = kind == 2 || kind == 3;
    if let Some(blocks) = conditions::blocks(rng, has_prefix) {
        rule.insert("match".into(), blocks);
    }
    match kind {
        0..4 => drop(rule.insert("redirect".into(), redirect(rng, has_prefix))),
        4 | 5 => drop(rule.insert("directResponse".into(), direct_response(rng))),
        _ => forward(rng, services, &mut rule),
    }
    if percent(rng, 40) {
        // The authority may be set in one place of a rule.
        let sets_host = percent(rng, 10) && !rule.contains_key("rewrite");
        rule.insert("headers".into(), headers(rng, sets_host));
    }
    let mut rule = Value::Object(rule);
    set_host_once(&mut rule);
    rule
}

/// Where one of several destinations sets the host and then the rule does, Envoy remembers the destination's as the one
/// that the client sent; nobody wants that, so it is not asked for.
fn set_host_once(rule: &mut Value) {
    let set = &rule["headers"]["request"]["set"];
    let is_set =
        !set["Host"].is_null() || !set[":authority"].is_null() || !rule["rewrite"]["authority"].is_null();
    let Some(destinations) = rule["route"].as_array_mut().filter(|route| is_set && route.len() > 1) else {
        return;
    };
    for destination in destinations {
        let set = destination.pointer_mut("/headers/request/set").and_then(Value::as_object_mut);
        set.into_iter().for_each(|set| set.retain(|name, _| name != "Host" && name != ":authority"));
    }
}

fn forward(rng: &mut Rng, services: &[Service], rule: &mut Map<String, Value>) {
    rule.insert("route".into(), destinations(rng, services));
    rule.insert("retries".into(), retries(rng));
    if percent(rng, 35) {
        rule.insert("rewrite".into(), rewrite(rng));
    }
    if percent(rng, 10) {
        rule.insert("fault".into(), fault(rng));
    }
    if percent(rng, 20) {
        rule.insert("timeout".into(), json!("0.1s"));
    }
    if percent(rng, 15) {
        rule.insert("corsPolicy".into(), cors(rng));
    }
}

/// Written everywhere, with the shortest wait there is: many requests meet nobody, and some of them more than once.
fn retries(rng: &mut Rng) -> Value {
    let attempts = rng.u32(..4);
    if attempts == 0 {
        return json!({"attempts": 0});
    }
    let mut retries = json!({"attempts": attempts, "backoff": "1ms"});
    if percent(rng, 60) {
        let lists =
            ["5xx", "connect-failure,503", "gateway-error", "retriable-4xx", "reset", "404,unavailable"];
        retries["retryOn"] = json!(one(rng, &lists));
    }
    retries
}

fn cors(rng: &mut Rng) -> Value {
    let how = one(rng, &["exact", "prefix"]);
    let mut policy = json!({"allowOrigins": [{how: ORIGINS[0]}, {"regex": "https://.*\\.shop"}]});
    for (name, values) in [
        ("allowMethods", &["GET", "PUT"][..]),
        ("allowHeaders", &["*"]),
        ("exposeHeaders", &["x-a", "x-seen"]),
    ] {
        if percent(rng, 50) {
            policy[name] = json!(values);
        }
    }
    if percent(rng, 50) {
        policy["maxAge"] = json!("60s");
        policy["allowCredentials"] = json!(percent(rng, 50));
    }
    policy
}

fn destinations(rng: &mut Rng, services: &[Service]) -> Value {
    if percent(rng, 70) {
        let mut only = destination(rng, services);
        if percent(rng, 20) {
            only["weight"] = json!(0);
        }
        return json!([only]);
    }
    let weights: &[u32] =
        if percent(rng, 50) { &[0, 100] } else { one(rng, &[&[50, 50][..], &[1, 1, 1], &[0, 3, 2]]) };
    let weighted = |weight: &u32| {
        let mut destination = destination(rng, services);
        destination["weight"] = json!(weight);
        destination
    };
    weights.iter().map(weighted).collect()
}

fn destination(rng: &mut Rng, services: &[Service]) -> Value {
    let service = &services[rng.usize(..services.len())];
    let is_near = service.namespace == crate::world::NAMESPACE && !service.is_entry;
    let mut to = json!({"host": if is_near && percent(rng, 60) { &service.name } else { &service.host }});
    match rng.u32(..100) {
        0..70 => to["subset"] = json!(service.versions[rng.usize(..service.versions.len())].name),
        70..75 => to["subset"] = json!(EMPTY_SUBSET),
        75..80 => to["subset"] = json!("ghost"),
        80..84 => to["host"] = json!("nobody"),
        _ => {}
    }
    match rng.u32(..10) {
        0..4 => to["port"] = json!({"number": service.ports[0]}),
        4 => to["port"] = json!({"number": 8080}),
        5 if percent(rng, 40) => to["port"] = json!({"number": 9999}),
        _ => {}
    }
    let mut destination = json!({"destination": to});
    if percent(rng, 35) {
        let sets_host = percent(rng, 10);
        destination["headers"] = headers(rng, sets_host);
    }
    destination
}

fn headers(rng: &mut Rng, sets_host: bool) -> Value {
    let mut headers = Map::new();
    for direction in ["request", "response"] {
        let mut operations = Map::new();
        for operation in ["set", "add"] {
            if percent(rng, 50) {
                operations.insert(operation.into(), values(rng, direction));
            }
        }
        if percent(rng, 40) {
            operations.insert("remove".into(), json!([one(rng, &NAMES), "x-secret"]));
        }
        headers.insert(direction.into(), Value::Object(operations));
    }
    if sets_host {
        let name = one(rng, &["Host", ":authority"]);
        headers["request"]["set"] = json!({name: "by-header.example.com"});
    }
    Value::Object(headers)
}

/// Names of headers that are changed; upstreams send some of them too.
const NAMES: [&str; 6] = ["x-group", "X-Multi", "x-secret", "x-new", "x-user", "x-kept"];

fn values(rng: &mut Rng, direction: &str) -> Value {
    let count = 1 + usize::from(percent(rng, 30));
    let texts = ["one", "two, three", "100%%", "a=\"b\"", "ümlaut", ""];
    let value = |rng: &mut Rng| {
        let texts = if percent(rng, 20) { &texts[..] } else { &texts[..4] };
        let text = one(rng, texts);
        if text.is_empty() || percent(rng, 50) { text.to_owned() } else { format!("{direction} {text}") }
    };
    (0..count).map(|_| (one(rng, &NAMES).to_owned(), json!(value(rng)))).collect::<Map<_, _>>().into()
}

fn rewrite(rng: &mut Rng) -> Value {
    let mut rewrite = Map::new();
    match rng.u32(..10) {
        0..5 => {
            drop(rewrite.insert("uri".into(), json!(one(rng, &["/", "/new", "/new/", "/shop", "/n%20w"]))))
        }
        5..8 => {
            let (pattern, replacement) = rng
                .choice([
                    ("^/shop/(.*)$", "/store/\\1"),
                    ("o", "0"),
                    ("/api/v([0-9]+)/(.*)", "/\\2/version/\\1"),
                    ("[aeiou]", "_\\0_"),
                    ("cart$", "$basket"),
                    ("^/", "/v1/"),
                ])
                .expect("some");
            rewrite.insert("uriRegexRewrite".into(), json!({"match": pattern, "rewrite": replacement}));
        }
        _ => {}
    }
    if rewrite.is_empty() || percent(rng, 30) {
        rewrite
            .insert("authority".into(), json!(one(rng, &["new.example.com", "new.example.com:8443", "NEW"])));
    }
    Value::Object(rewrite)
}

fn redirect(rng: &mut Rng, has_prefix: bool) -> Value {
    let mut redirect = Map::new();
    if has_prefix {
        redirect.insert("prefixRewrite".into(), json!(one(rng, &["/", "/new", "/new/"])));
    } else if percent(rng, 60) {
        redirect.insert("uri".into(), json!(one(rng, &["/", "/new", "/new?from=redirect", "/n%20w/"])));
    }
    let mut has_port = false;
    if percent(rng, 45) {
        let authority = one(rng, &["new.example.com", "new.example.com:81", "new.example.com:443"]);
        redirect.insert("authority".into(), json!(authority));
        has_port = authority.contains(':');
    }
    if percent(rng, 40) {
        redirect.insert("scheme".into(), json!(one(rng, &["http", "https"])));
    }
    match rng.u32(..10) {
        // Envoy appends a port to a port.
        0..5 if has_port => {}
        0..3 => drop(redirect.insert("port".into(), json!(rng.choice([80, 443, 8443]).expect("some")))),
        3 | 4 => drop(redirect.insert("derivePort".into(), json!("FROM_REQUEST_PORT"))),
        5 => drop(redirect.insert("derivePort".into(), json!("FROM_PROTOCOL_DEFAULT"))),
        _ => {}
    }
    let is_empty = ["uri", "authority", "scheme", "port"].iter().all(|field| !redirect.contains_key(*field));
    if is_empty && !has_prefix {
        redirect.insert("uri".into(), json!("/elsewhere"));
    }
    if percent(rng, 60) {
        let code = rng.choice([301, 302, 303, 307, 308]).expect("some");
        redirect.insert("redirectCode".into(), json!(code));
    }
    Value::Object(redirect)
}

fn direct_response(rng: &mut Rng) -> Value {
    let status = rng.choice([200, 204, 404, 418, 503, 599]).expect("some");
    match status {
        204 => json!({"status": status}),
        _ => json!({"status": status, "body": {"string": format!("direct {status}")}}),
    }
}

fn fault(rng: &mut Rng) -> Value {
    rng.choice([
        json!({"abort": {"httpStatus": 555, "percentage": {"value": 100.0}}}),
        json!({"abort": {"httpStatus": 418, "percentage": {"value": 100.0}}}),
        json!({"abort": {"httpStatus": 500, "percentage": {"value": 0.0}}}),
        json!({"abort": {"httpStatus": 500}}),
        json!({"abort": {"grpcStatus": "UNAVAILABLE", "percentage": {"value": 100.0}}}),
        json!({"delay": {"fixedDelay": "0.001s", "percentage": {"value": 100.0}}}),
    ])
    .expect("some")
}
