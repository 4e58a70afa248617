//! What istiod makes of AuthorizationPolicies: Envoy's filter for role based access control.
//!
//! Written from Istio's rules alone. It shares no code with the mesh, so that a mistake in one of them shows.

use super::policies::{ALIAS, LABELS, NAMESPACE};
use serde_json::{Map, Value, json};

const DOMAIN: &str = "cluster.local";

/// The filters for these policies, in their order.
pub(super) fn filters(policies: &[Value]) -> Vec<Value> {
    ["DENY", "ALLOW"].into_iter().filter_map(|action| filter(policies, action)).collect()
}

/// The filter of one action; none where no policy of it is for the workload.
fn filter(policies: &[Value], action: &str) -> Option<Value> {
    let own: Vec<&Value> =
        policies.iter().filter(|policy| policy["spec"]["action"] == action && is_own(policy)).collect();
    if own.is_empty() {
        return None;
    }
    let mut rules = Map::new();
    for policy in own {
        let (namespace, name) = (text(&policy["metadata"]["namespace"]), text(&policy["metadata"]["name"]));
        for (number, rule) in list(&policy["spec"]["rules"]).iter().enumerate() {
            rules.insert(format!("ns[{namespace}]-policy[{name}]-rule[{number}]"), made_of(rule, namespace));
        }
    }
    Some(json!({
        "name": format!("rbac-{action}"),
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {"action": action, "policies": rules},
        },
    }))
}

/// Those of the root namespace and of the workload's are its own, where their labels are.
fn is_own(policy: &Value) -> bool {
    let is_near = [NAMESPACE, "istio-system"].contains(&text(&policy["metadata"]["namespace"]));
    let wanted = &policy["spec"]["selector"]["matchLabels"][LABELS.0];
    is_near && (wanted.is_null() || wanted == LABELS.1)
}

/// What Envoy's rules are made of: what is asked for, and who asks.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Permission,
    Principal,
}

impl Part {
    fn all(self, of: Vec<Value>) -> Value {
        match (self, of.is_empty()) {
            (_, true) => json!({"any": true}),
            (Self::Permission, _) => json!({"and_rules": {"rules": of}}),
            (Self::Principal, _) => json!({"and_ids": {"ids": of}}),
        }
    }

    fn one_of(self, of: Vec<Value>) -> Value {
        match self {
            Self::Permission => json!({"or_rules": {"rules": of}}),
            Self::Principal => json!({"or_ids": {"ids": of}}),
        }
    }

    fn not(self, of: Value) -> Value {
        match self {
            Self::Permission => json!({"not_rule": of}),
            Self::Principal => json!({"not_id": of}),
        }
    }

    /// One of the values and none of the others.
    fn among(self, values: &Value, not_values: &Value, make: &dyn Fn(&str) -> Value) -> Vec<Value> {
        let made = |of: &Value| list(of).iter().map(|value| make(text(value))).collect::<Vec<_>>();
        let mut all = Vec::new();
        if !list(values).is_empty() {
            all.push(self.one_of(made(values)));
        }
        if !list(not_values).is_empty() {
            all.push(self.not(self.one_of(made(not_values))));
        }
        all
    }
}

fn made_of(rule: &Value, namespace: &str) -> Value {
    let (mut of_request, mut of_caller) = (Vec::new(), Vec::new());
    for condition in list(&rule["when"]) {
        let (part, make) = condition_of(text(&condition["key"]), namespace);
        let made = part.among(&condition["values"], &condition["notValues"], &*make);
        if part == Part::Permission { of_request.extend(made) } else { of_caller.extend(made) }
    }
    let permissions = list(&rule["to"]).iter().map(|to| {
        let mut all = of_operation(&to["operation"]);
        all.extend(of_request.iter().cloned());
        Part::Permission.all(all)
    });
    let principals = list(&rule["from"]).iter().map(|from| {
        let mut all = of_source(&from["source"], namespace);
        all.extend(of_caller.iter().cloned());
        Part::Principal.all(all)
    });
    let (mut permissions, mut principals): (Vec<_>, Vec<_>) = (permissions.collect(), principals.collect());
    if permissions.is_empty() {
        permissions.push(Part::Permission.all(of_request));
    }
    if principals.is_empty() {
        principals.push(Part::Principal.all(of_caller));
    }
    json!({"permissions": permissions, "principals": principals})
}

fn of_operation(operation: &Value) -> Vec<Value> {
    let part = Part::Permission;
    let among = |field: &str, not: &str, make: &dyn Fn(&str) -> Value| {
        part.among(&operation[field], &operation[not], make)
    };
    [
        among("hosts", "notHosts", &host),
        among("methods", "notMethods", &|value| header(":method", value)),
        among("paths", "notPaths", &path),
        among("ports", "notPorts", &port),
    ]
    .concat()
}

fn of_source(source: &Value, namespace: &str) -> Vec<Value> {
    let part = Part::Principal;
    let among =
        |field: &str, not: &str, make: &dyn Fn(&str) -> Value| part.among(&source[field], &source[not], make);
    [
        among("principals", "notPrincipals", &principal),
        among("requestPrincipals", "notRequestPrincipals", &user),
        among("namespaces", "notNamespaces", &of_namespace),
        among("serviceAccounts", "notServiceAccounts", &|value| account(value, namespace)),
        among("trustDomains", "notTrustDomains", &trust_domain),
        among("ipBlocks", "notIpBlocks", &|value| json!({"direct_remote_ip": block(value)})),
        among("remoteIpBlocks", "notRemoteIpBlocks", &|value| json!({"remote_ip": block(value)})),
    ]
    .concat()
}

type Make<'a> = Box<dyn Fn(&str) -> Value + 'a>;

fn condition_of<'a>(key: &'a str, namespace: &'a str) -> (Part, Make<'a>) {
    use Part::{Permission, Principal};
    let bracketed = |rest: &'a str| rest.trim_matches(['[', ']']).split("][").collect::<Vec<_>>();
    if let Some(rest) = key.strip_prefix("request.headers") {
        return (Principal, Box::new(move |value| json!({"header": matched(bracketed(rest)[0], value)})));
    }
    if let Some(rest) = key.strip_prefix("request.auth.claims") {
        return (Principal, Box::new(move |value| claim(&bracketed(rest), value)));
    }
    match key {
        "source.ip" => (Principal, Box::new(|value| json!({"direct_remote_ip": block(value)}))),
        "remote.ip" => (Principal, Box::new(|value| json!({"remote_ip": block(value)}))),
        "source.namespace" => (Principal, Box::new(of_namespace)),
        "source.principal" => (Principal, Box::new(principal)),
        "source.serviceAccount" => (Principal, Box::new(move |value| account(value, namespace))),
        "source.trustDomain" => (Principal, Box::new(trust_domain)),
        "request.auth.principal" => (Principal, Box::new(user)),
        "request.auth.audiences" => (Principal, Box::new(|value| claim(&["aud"], value))),
        "request.auth.presenter" => (Principal, Box::new(|value| claim(&["azp"], value))),
        "destination.ip" => (Permission, Box::new(|value| json!({"destination_ip": block(value)}))),
        "destination.port" => (Permission, Box::new(port)),
        "connection.sni" => (Permission, Box::new(|value| json!({"requested_server_name": string(value)}))),
        other => panic!("a key that nobody generates: {other}"),
    }
}

/// A text, or what it begins with or ends in.
fn string(pattern: &str) -> Value {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => regex(".+"),
        (Some(suffix), _) => json!({"suffix": suffix}),
        (_, Some(prefix)) => json!({"prefix": prefix}),
        _ => json!({"exact": pattern}),
    }
}

fn regex(pattern: &str) -> Value {
    json!({"safe_regex": {"regex": pattern}})
}

fn matched(name: &str, pattern: &str) -> Value {
    match pattern {
        "*" => json!({"name": name, "present_match": true}),
        _ => json!({"name": name, "string_match": string(pattern)}),
    }
}

fn header(name: &str, pattern: &str) -> Value {
    json!({"header": matched(name, pattern)})
}

fn host(pattern: &str) -> Value {
    let mut matched = matched(":authority", pattern);
    if pattern != "*" {
        matched["string_match"]["ignore_case"] = json!(true);
    }
    json!({"header": matched})
}

fn path(pattern: &str) -> Value {
    if !pattern.contains('{') {
        return json!({"url_path": {"path": string(pattern)}});
    }
    let template = pattern.replace("{**}", "**").replace("{*}", "*");
    let kind = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
    json!({"uri_template": {
        "name": "uri-template",
        "typed_config": {"@type": kind, "path_template": template},
    }})
}

fn port(text: &str) -> Value {
    json!({"destination_port": text.parse::<u16>().expect("a port")})
}

fn block(text: &str) -> Value {
    let whole = if text.contains(':') { 128 } else { 32 };
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    json!({"address_prefix": address, "prefix_len": bits.parse().unwrap_or(whole)})
}

fn authenticated(name: Value) -> Value {
    json!({"authenticated": {"principal_name": name}})
}

/// A workload, by every name of the mesh's trust domain where one of them is written.
fn principal(pattern: &str) -> Value {
    let parts = pattern.split_once('/').filter(|(domain, _)| [DOMAIN, ALIAS].contains(domain));
    let names: Vec<String> = match parts {
        Some((_, rest)) => [DOMAIN, ALIAS].map(|domain| format!("{domain}/{rest}")).into(),
        None => vec![pattern.to_owned()],
    };
    Part::Principal.one_of(names.iter().map(|name| authenticated(of_spiffe(name))).collect())
}

fn of_spiffe(pattern: &str) -> Value {
    match pattern.strip_prefix('*') {
        Some("") => regex(".+"),
        Some(suffix) => regex(&format!("spiffe://.*{}", escaped(suffix))),
        None => string(&format!("spiffe://{pattern}")),
    }
}

fn escaped(text: &str) -> String {
    text.replace('.', "\\.")
}

fn of_namespace(pattern: &str) -> Value {
    authenticated(regex(&format!(".*/ns/{}/.*", pattern.replace('*', ".*"))))
}

fn account(written: &str, namespace: &str) -> Value {
    let (namespace, name) = written.split_once('/').unwrap_or((namespace, written));
    authenticated(regex(&format!("spiffe://[^/]+/ns/{namespace}/sa/{name}")))
}

fn trust_domain(written: &str) -> Value {
    let domains = match written {
        "*" => "[^/]+".to_owned(),
        DOMAIN => format!("({}|{})", escaped(DOMAIN), escaped(ALIAS)),
        other => escaped(other),
    };
    authenticated(regex(&format!("spiffe://{domains}/.*")))
}

/// An issuer and a subject. A wildcard is at one end of both together, and the last slash is between them.
fn user(pattern: &str) -> Value {
    let (issuer, subject) = match pattern.rsplit_once('/') {
        Some((issuer, subject)) => (issuer, subject),
        None => ("*", "*"),
    };
    let part = |name: &str, pattern: &str| in_token(&[name], &json!({"string_match": string(pattern)}));
    Part::Principal.all(vec![part("iss", issuer), part("sub", subject)])
}

/// A claim that is a text or a list of them.
fn claim(names: &[&str], pattern: &str) -> Value {
    let text = json!({"string_match": string(pattern)});
    in_token(names, &json!({"or_match": {"value_matchers": [{"list_match": {"one_of": text}}, text]}}))
}

fn in_token(names: &[&str], value: &Value) -> Value {
    let path: Vec<Value> = ["payload"].iter().chain(names).map(|name| json!({"key": name})).collect();
    json!({"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": path, "value": value}})
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
