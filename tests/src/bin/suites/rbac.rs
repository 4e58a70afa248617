//! gRPC's tables of Envoy's RBAC, judged as the AuthorizationPolicies that Istio would have made them of.

use crate::{
    documents::{self, list, text},
    judgement::Outcome,
};
use http::{HeaderName, HeaderValue, Request};
use mesh_core::{
    identity::SpiffeId,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
};
use serde_json::{Value, json};
use std::net::IpAddr;

/// What one part of a rule asks for: an attribute, and what it must or must not be.
#[derive(Clone, Debug)]
struct Asked {
    key: &'static str,
    name: Option<String>,
    value: String,
    is_unwanted: bool,
}

/// Ways to meet a rule, of each of which all parts must be met.
type Ways = Vec<Vec<Asked>>;

/// Whether each request passes a chain.
pub(crate) fn engine(row: &Value) -> Outcome {
    let table = match policies(list(row, "rbac_chain")) {
        Ok(policies) => Snapshot::compile(&documents::take(&policies).0, &viewpoint(), None),
        Err(reason) => return Outcome::unsaid(reason),
    };
    let queries = list(row, "queries");
    let expected: Vec<_> = queries.iter().map(|query| text(query, "expect") == "OK").collect();
    let got: Vec<_> = queries.iter().map(|query| passes(&table, &query["request"])).collect();
    Outcome::of(&expected, &got)
}

/// Whether a chain is accepted.
pub(crate) fn construct(row: &Value) -> Outcome {
    match policies(list(row, "policies")) {
        Ok(policies) => {
            let (_, status) = documents::take(&policies);
            Outcome::of(&row["valid"], &(!status.faults.iter().any(|fault| fault.is_error())).into())
        }
        Err(reason) => Outcome::unsaid(reason),
    }
}

fn viewpoint() -> Viewpoint {
    Viewpoint { namespace: "default".into(), ..Viewpoint::default() }
}

fn passes(table: &Snapshot, request: &Value) -> bool {
    let source = text(request, "source_ip").split(':').next().unwrap_or_default();
    let source: Option<IpAddr> = source.parse().ok();
    let mut sent = Request::post("/").body(()).unwrap_or_default();
    for (name, values) in request["metadata"].as_object().into_iter().flatten() {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        for value in values {
            let pair = (HeaderName::try_from(name.trim_matches('"')), HeaderValue::from_str(value));
            if let (Ok(name), Ok(value)) = pair {
                sent.headers_mut().append(name, value);
            }
        }
    }
    let peer = list(request, "uri_sans").iter().filter_map(Value::as_str).next();
    let peer = peer.and_then(|uri| SpiffeId::parse(&format!("spiffe:{uri}")).ok());
    let view = InboundView {
        source,
        remote: source,
        destination: None,
        port: 0,
        server_name: None,
        peer: peer.as_ref(),
        claims: None,
        request: Some(RequestView {
            path: text(request, "full_method"),
            ..RequestView::inbound(&sent, 0, false)
        }),
    };
    table.inbound().authorize(&view).is_allowed()
}

/// The policies of a chain, or why Istio has none like them.
fn policies(chain: &[Value]) -> Result<Vec<Value>, String> {
    (0..).zip(chain).map(|(number, written)| policy(number, written)).collect()
}

fn policy(number: usize, written: &Value) -> Result<Value, String> {
    let action = documents::or(text(written, "action"), "ALLOW");
    if action == "LOG" {
        return Err("gRPC refuses to log; Istio's AUDIT is just that".to_owned());
    }
    if !written["auditLoggingOptions"].is_null() {
        return Err("where audits are written is no part of Istio's policies".to_owned());
    }
    let mut rules = Vec::new();
    for policy in written["policies"].as_object().into_iter().flatten().map(|(_, policy)| policy) {
        let permissions = any_of(list(policy, "permissions"))?;
        let principals = any_of(list(policy, "principals"))?;
        for permission in &permissions {
            for principal in &principals {
                let all: Vec<Asked> = permission.iter().chain(principal).cloned().collect();
                rules.push(rule(&all)?);
            }
        }
    }
    let metadata = json!({"name": format!("p{number}"), "namespace": "default"});
    let spec = json!({"action": action, "rules": rules});
    Ok(
        json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}),
    )
}

fn rule(all: &[Asked]) -> Result<Value, String> {
    let (paths, others): (Vec<_>, Vec<_>) = all.iter().partition(|asked| asked.key == "paths");
    let condition = |asked: &&Asked| {
        let key = asked.name.as_ref().map_or(asked.key.to_owned(), |name| format!("{}[{name}]", asked.key));
        let field = if asked.is_unwanted { "notValues" } else { "values" };
        json!({"key": key, field: [asked.value]})
    };
    let mut rule = json!({"when": others.iter().map(condition).collect::<Vec<_>>()});
    match paths.as_slice() {
        [] => {}
        [path] => {
            let field = if path.is_unwanted { "notPaths" } else { "paths" };
            rule["to"] = json!([{"operation": {field: [path.value]}}]);
        }
        _ => return Err("two paths that one request must have".to_owned()),
    }
    Ok(rule)
}

fn any_of(all: &[Value]) -> Result<Ways, String> {
    let ways: Result<Vec<Ways>, String> = all.iter().map(ways).collect();
    Ok(ways?.into_iter().flatten().collect())
}

/// The ways in which one permission, or one principal, is met.
fn ways(written: &Value) -> Result<Ways, String> {
    let Some((kind, value)) = written.as_object().and_then(|fields| fields.iter().next()) else {
        return Err("nothing is asked for".to_owned());
    };
    match kind.as_str() {
        "any" => Ok(vec![vec![]]),
        "orRules" => any_of(list(value, "rules")),
        "orIds" => any_of(list(value, "ids")),
        "andRules" => all_of(list(value, "rules")),
        "andIds" => all_of(list(value, "ids")),
        "notRule" | "notId" => match ways(value)?.as_slice() {
            [way] if way.len() == 1 => {
                Ok(vec![way.iter().map(|asked| Asked { is_unwanted: true, ..asked.clone() }).collect()])
            }
            _ => Err("the opposite of several parts".to_owned()),
        },
        kind => Ok(vec![vec![one(kind, value)?]]),
    }
}

fn all_of(all: &[Value]) -> Result<Ways, String> {
    all.iter().try_fold(vec![vec![]], |met: Ways, next| {
        let next = ways(next)?;
        let both =
            |way: &Vec<Asked>| next.iter().map(|more| [way.as_slice(), more].concat()).collect::<Vec<_>>();
        Ok(met.iter().flat_map(both).collect())
    })
}

fn one(kind: &str, value: &Value) -> Result<Asked, String> {
    let asked = |key: &'static str, value: String| Asked { key, name: None, value, is_unwanted: false };
    let block =
        || format!("{}/{}", text(value, "addressPrefix"), value["prefixLen"].as_u64().unwrap_or_default());
    Ok(match kind {
        "urlPath" => asked("paths", glob(&value["path"])?),
        "destinationPort" => asked("destination.port", value.to_string()),
        "destinationIp" => asked("destination.ip", block()),
        "directRemoteIp" | "sourceIp" => asked("source.ip", block()),
        "remoteIp" => asked("remote.ip", block()),
        "requestedServerName" => asked("connection.sni", glob(value)?),
        "authenticated" => {
            asked("source.principal", glob(&value["principalName"])?.trim_start_matches('/').to_owned())
        }
        "header" => {
            Asked { name: Some(text(value, "name").to_owned()), ..asked("request.headers", header(value)?) }
        }
        other => return Err(format!("{other}: nothing here writes Envoy's metadata")),
    })
}

fn glob(matcher: &Value) -> Result<String, String> {
    let text = |kind: &str| matcher[kind].as_str().filter(|text| !text.is_empty());
    match (text("exact"), text("prefix"), text("suffix")) {
        (Some(exact), ..) => Ok(exact.to_owned()),
        (None, Some(prefix), _) => Ok(format!("{prefix}*")),
        (None, None, Some(suffix)) => Ok(format!("*{suffix}")),
        (None, None, None) => Err("a comparison that Istio's policies do not have".to_owned()),
    }
}

fn header(matcher: &Value) -> Result<String, String> {
    if matcher["presentMatch"] == true {
        return Ok("*".to_owned());
    }
    let kinds = [("exact", "exactMatch"), ("prefix", "prefixMatch"), ("suffix", "suffixMatch")];
    let kinds = kinds.iter().map(|(kind, field)| ((*kind).to_owned(), matcher[field].clone()));
    glob(&Value::Object(kinds.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_is_expected_differs_from_one_that_is_not() {
        let path = |path: &str| json!({"urlPath": {"path": {"exact": path}}});
        let row = |permission: Value, expect: &str| {
            json!({
                "rbac_chain": [{"action": "ALLOW", "policies": {"p": {"permissions": [permission], "principals": [{"any": true}]}}}],
                "queries": [{"request": {"full_method": "/a", "source_ip": "10.0.0.1"}, "expect": expect}],
            })
        };
        assert_eq!(engine(&row(path("/a"), "OK")), Outcome::Agrees);
        assert_eq!(engine(&row(path("/b"), "PERMISSION_DENIED")), Outcome::Agrees);
        assert_eq!(engine(&row(json!({"notRule": path("/b")}), "OK")), Outcome::Agrees);
        assert!(matches!(engine(&row(path("/b"), "OK")), Outcome::Differs { .. }));
        assert!(matches!(engine(&row(json!({"metadata": {}}), "OK")), Outcome::Unsaid { .. }));
    }
}
