//! Requests that rules are likely to match.

use super::{
    actions::ORIGINS,
    conditions::{HEADERS, VALUES},
    one,
    paths::{PATTERNS, any_path, any_query},
    percent,
};
use crate::{
    istiod::{Door, doors},
    upstreams::Upstreams,
    world::{Service, World},
};
use fastrand::Rng;
use http::{
    HeaderName, HeaderValue, Method,
    header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN},
};
use serde_json::Value;

/// A request, and where it goes in.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The listener.
    pub(crate) door: Door,
    /// The method.
    pub(crate) method: Method,
    /// The host, and perhaps a port.
    pub(crate) authority: String,
    /// The path and query.
    pub(crate) path: String,
    /// The headers, without Host.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// A request to one of the hosts of a world, most often one that a rule asks for.
pub(crate) fn request(rng: &mut Rng, world: &World, upstreams: &Upstreams) -> Option<Target> {
    let spec = &world.virtual_services[rng.usize(..world.virtual_services.len())]["spec"];
    let door = door(rng, spec);
    let host = match rng.u32(..100) {
        0..75 => named(rng, spec),
        75..90 => service(rng, world),
        90..96 if matches!(door, Door::Mesh(_)) => upstreams.outside().to_string(),
        _ => one(rng, &["nobody.test", "www.example.org", "x.y.example.com"]).to_owned(),
    };
    if !is_alike(world, &door, &host) {
        return None;
    }
    let rules = spec["http"].as_array().expect("rules");
    let rule = &rules[rng.usize(..rules.len())];
    let block = rule["match"].as_array().map_or(&Value::Null, |blocks| &blocks[rng.usize(..blocks.len())]);
    let mut queries = Vec::new();
    let mut target = Target {
        authority: authority(rng, &door, host),
        method: method(rng, &block["method"]),
        path: path(rng, block),
        headers: headers(rng, block),
        door,
    };
    for (name, asked) in block["queryParams"].as_object().into_iter().flatten() {
        if !percent(rng, 15) {
            queries.push(format!("{name}={}", value(rng, asked)));
        }
    }
    queries.extend(any_query(rng).filter(|_| !target.path.contains('?')));
    if !queries.is_empty() {
        target.path = format!("{}?{}", target.path, queries.join("&"));
    }
    if rule["corsPolicy"].is_object() && percent(rng, 70) {
        target.headers.push((ORIGIN, HeaderValue::from_static(ORIGINS[rng.usize(..ORIGINS.len())])));
        if percent(rng, 50) {
            target.method = Method::OPTIONS;
            target.headers.push((ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT")));
        }
    }
    // Chance among destinations would have a slow request sent many times.
    let is_sure = rule["route"].as_array().is_some_and(|route| route.len() == 1)
        && rule["route"][0]["destination"]["subset"].is_string();
    if rule["timeout"].is_string() && is_sure && percent(rng, 20) {
        target.headers.push((HeaderName::from_static("x-slow"), HeaderValue::from_static("1")));
    }
    Some(target)
}

/// Whether a host is one that the mesh is to treat as Istio does. Where it is not, that is on purpose:
///
/// - Rules for a service and for a host that is none hold for that host on the service's ports too; which ports Istio has
///   them on beside 80 depends on what else is there.
/// - A dot at the end is part of a service's full name alone. In the mesh it ends every name, as in DNS.
fn is_alike(world: &World, door: &Door, host: &str) -> bool {
    let name = host.trim_end_matches('.');
    let service = world.services.iter().find(|service| service.names().any(|known| known == name));
    match (door, service) {
        (Door::Gateway(_), _) => name == host,
        (Door::Mesh(port), Some(service)) => {
            name == host || (name == service.host && service.ports.contains(port))
        }
        (Door::Mesh(port), None) => name == host && (*port == 80 || !is_beside_services(world, name)),
    }
}

/// Whether rules for a name that is no service are for a service too.
fn is_beside_services(world: &World, name: &str) -> bool {
    let is_service = |host: &Value| {
        let known = |service: &Service| service.names().any(|known| Some(&*known) == host.as_str());
        world.services.iter().any(known)
    };
    let means = |host: &Value| {
        let host = host.as_str().unwrap_or_default();
        host.strip_prefix('*').map_or(host == name, |suffix| name.ends_with(suffix))
    };
    world
        .virtual_services
        .iter()
        .filter_map(|rules| rules["spec"]["hosts"].as_array())
        .any(|hosts| hosts.iter().any(means) && hosts.iter().any(is_service))
}

impl Target {
    /// The request's headers, Host first.
    pub(crate) fn all_headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
        let host = HeaderValue::from_str(&self.authority).expect("a host of text");
        [(HOST, host)].into_iter().chain(self.headers.iter().cloned())
    }
}

/// Most often one at which the rules apply.
fn door(rng: &mut Rng, spec: &Value) -> Door {
    let names = spec["gateways"].as_array().map_or(&[][..], Vec::as_slice);
    let name = names.get(rng.usize(..names.len().max(1))).and_then(Value::as_str).unwrap_or("mesh");
    match name {
        _ if percent(rng, 10) => doors().nth(rng.usize(..4)).expect("four doors"),
        "door" => Door::Gateway(80),
        "mesh" if percent(rng, 70) => Door::Mesh(80),
        "mesh" => Door::Mesh(8080),
        _ => Door::Gateway(8080),
    }
}

/// A host that a VirtualService names.
fn named(rng: &mut Rng, spec: &Value) -> String {
    let hosts = spec["hosts"].as_array().expect("hosts");
    let host = hosts[rng.usize(..hosts.len())].as_str().expect("text");
    match host.strip_prefix('*') {
        Some("") => "any.example.org".to_owned(),
        Some(suffix) => format!("{}{suffix}", one(rng, &["a", "b.c", "www", "product"])),
        None => host.to_owned(),
    }
}

/// A name of a service.
fn service(rng: &mut Rng, world: &World) -> String {
    let service = &world.services[rng.usize(..world.services.len())];
    let (name, namespace) = (&service.name, &service.namespace);
    match rng.u32(..6) {
        0 | 1 => service.host.clone(),
        // Istio knows a dot at the end of services' full names alone; the mesh takes it as DNS does, at every name.
        2 => format!("{}.", service.host),
        3 => name.clone(),
        4 => format!("{name}.{namespace}"),
        _ => format!("{name}.{namespace}.svc"),
    }
}

fn authority(rng: &mut Rng, door: &Door, host: String) -> String {
    if host.contains(':') {
        return host;
    }
    let host = match rng.u32(..12) {
        0 => host.to_ascii_uppercase(),
        _ => host,
    };
    match door {
        // Calls name the port that they go to.
        Door::Mesh(80) if percent(rng, 80) => host,
        Door::Mesh(port) => format!("{host}:{port}"),
        Door::Gateway(port) if percent(rng, 10) => format!("{host}:{port}"),
        Door::Gateway(_) if percent(rng, 10) => format!("{host}:{}", one(rng, &["80", "443", "8443"])),
        Door::Gateway(_) => host,
    }
}

fn method(rng: &mut Rng, asked: &Value) -> Method {
    let usual = ["GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let name = match asked["exact"].as_str() {
        Some(name) if !percent(rng, 20) => name,
        _ if percent(rng, 60) => "GET",
        _ => one(rng, &usual),
    };
    name.parse().expect("a method")
}

fn path(rng: &mut Rng, block: &Value) -> String {
    let uri = &block["uri"];
    if percent(rng, 10) {
        return any_path(rng);
    }
    let mut path = if let Some(exact) = uri["exact"].as_str() {
        exact.to_owned()
    } else if let Some(prefix) = uri["prefix"].as_str() {
        format!("{prefix}{}", one(rng, &["", "", "/", "x", "/more", "cart", "/../up", "//"]))
    } else if let Some(regex) = uri["regex"].as_str() {
        let (_, matching) = PATTERNS.iter().find(|(pattern, _)| *pattern == regex).expect("a known pattern");
        one(rng, matching).to_owned()
    } else {
        any_path(rng)
    };
    if percent(rng, 12) {
        path = path.to_ascii_uppercase();
    }
    path
}

fn headers(rng: &mut Rng, block: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    let mut push = |name: &str, value: &str| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.push((name, HeaderValue::from_str(value).expect("a value")));
    };
    for (name, asked) in block["headers"].as_object().into_iter().flatten() {
        if !percent(rng, 12) {
            push(name, &value(rng, asked));
        }
        if percent(rng, 6) {
            push(name, &value(rng, asked));
        }
    }
    for (name, asked) in block["withoutHeaders"].as_object().into_iter().flatten() {
        if percent(rng, 40) {
            push(name, &value(rng, asked));
        }
    }
    while percent(rng, 35) {
        push(one(rng, &HEADERS), one(rng, &VALUES));
    }
    while percent(rng, 25) {
        push(one(rng, &["x-secret", "x-multi", "x-kept"]), one(rng, &["1", "2", "a, b", ""]));
    }
    headers
}

/// A value that is likely to be what is asked for.
fn value(rng: &mut Rng, asked: &Value) -> String {
    let text = asked["exact"].as_str().or(asked["prefix"].as_str()).unwrap_or_default();
    let end = if asked["prefix"].is_string() { one(rng, &["", "st", "0"]) } else { "" };
    match asked["regex"].as_str() {
        None if percent(rng, 85) && !text.is_empty() => format!("{text}{end}"),
        Some("te.t" | "(test|v1)") if percent(rng, 80) => "test".to_owned(),
        Some("[0-9]+") if percent(rng, 80) => "42".to_owned(),
        _ => one(rng, &VALUES).to_owned(),
    }
}
