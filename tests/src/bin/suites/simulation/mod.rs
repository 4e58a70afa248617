//! Documents, and where a proxy would send one request by them.

mod call;
mod inbound;
mod routes;
mod supply;

use crate::{
    documents,
    gateway_api::{self, convert},
    judgement::Outcome,
    suite::read,
};
use mesh_core::{
    model::Labels,
    table::{Decision, GatewayRole, RequestView, Snapshot, Viewpoint},
};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// One row of the index.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    group: String,
    /// The documents, relative to the index.
    config: Option<String>,
    proxy: Proxy,
    call: Value,
    expect: Value,
}

/// Who looks at the documents.
#[derive(Debug, Deserialize)]
struct Proxy {
    /// `sidecar` or `gateway`.
    r#type: String,
    #[serde(default)]
    labels: Labels,
    namespace: Option<String>,
}

impl Proxy {
    fn is_gateway(&self) -> bool {
        self.r#type == "gateway"
    }

    fn viewpoint(&self) -> Viewpoint {
        let gateway = if self.is_gateway() { GatewayRole::BySelector } else { GatewayRole::None };
        let namespace = self.namespace.clone().unwrap_or_else(|| "default".to_owned());
        Viewpoint { namespace, labels: self.labels.clone(), gateway, ..Viewpoint::default() }
    }
}

/// Judges every row, by its group.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let rows: Vec<Row> = read(&folder.join("index.json"))?;
    rows.iter().map(|row| Ok((row.group.clone(), row.id.clone(), outcome(folder, row)?))).collect()
}

fn outcome(folder: &Path, row: &Row) -> Result<Outcome, String> {
    let Some(config) = row.config.as_deref() else {
        return Ok(Outcome::unsaid(
            "no connections are captured, so none can come back to the port of capture",
        ));
    };
    let written = documents::read(&folder.join(config))?;
    if let Some(reason) = unsaid(row, &written) {
        return Ok(Outcome::unsaid(reason));
    }
    let mut documents = match convert(&written) {
        Ok(documents) => documents,
        Err(what) => return Ok(Outcome::unsaid(format!("a VirtualService cannot say it: {what}"))),
    };
    let supplied = supply::for_clusters(&clusters(&row.expect), &documents);
    documents.extend(supplied.iter().cloned());
    let snapshot = Snapshot::compile(&documents::take(&documents).0, &row.proxy.viewpoint(), None);
    Ok(match row.call["route_name"].as_str() {
        Some(port) => routes::outcome(row, port, &written, &supplied, &snapshot),
        None if row.call["mode"] == "inbound" => inbound::outcome(row, &snapshot),
        None if is_sealed(row, &written) => call::sealed(row, &snapshot),
        None => call::outcome(row, &snapshot),
    })
}

/// Whether a connection passes through a gateway that does not end its TLS.
fn is_sealed(row: &Row, written: &[Value]) -> bool {
    let servers = written.iter().flat_map(|document| documents::list(&document["spec"], "servers"));
    let mut modes = servers.map(|server| &server["tls"]["mode"]);
    row.call["tls"] == "tls" && row.proxy.is_gateway() && modes.any(|mode| mode == "PASSTHROUGH")
}

/// Why nothing can be said about a row.
fn unsaid(row: &Row, written: &[Value]) -> Option<&'static str> {
    let call = &row.call;
    let is_http = call["protocol"] == "http" || call["route_name"].is_string();
    let listeners = || written.iter().flat_map(|document| documents::list(&document["spec"], "ingress"));
    if call["mode"] == "inbound" {
        let has_own_tls = listeners().any(|listener| listener["tls"].is_object());
        return has_own_tls.then_some("the TLS of a Sidecar's own ports has no effect yet");
    }
    if !is_http {
        return Some("connections that are not HTTP are not routed yet");
    }
    if call["tls"] == "tls" && !row.proxy.is_gateway() {
        return Some("TLS that ends at the backend is not routed yet");
    }
    None
}

/// Every cluster that a row expects.
fn clusters(expect: &Value) -> Vec<&str> {
    let hosts = expect["virtual_hosts"].as_object().into_iter().flatten();
    let of_hosts = hosts.flat_map(|(_, clusters)| clusters.as_array().into_iter().flatten());
    of_hosts.filter_map(Value::as_str).chain(expect["cluster"].as_str()).collect()
}

/// Where a request goes, in the simulation's words: a cluster, or why there is none.
fn destination(snapshot: &Snapshot, view: &RequestView<'_>) -> String {
    match snapshot.decide(view, 0) {
        Decision::Forward(chosen) => match snapshot.target(chosen).map(|target| target.backend(view.port)) {
            Some(Ok(backend)) => backend.name.to_string(),
            _ => "nowhere".to_owned(),
        },
        Decision::Answer(_) => "an answer".to_owned(),
        Decision::Pass => "PassthroughCluster".to_owned(),
        Decision::Refuse(_) if snapshot.explain(view).virtual_host.is_none() => "no_virtual_host".to_owned(),
        Decision::Refuse(refusal) => match snapshot.explain(view).rule {
            Some(_) => format!("{refusal:?}: {}", snapshot.explain(view).summary),
            None => "no_route".to_owned(),
        },
    }
}

/// Whether two names mean the same cluster: the simulation leaves the cluster's domain away where it has none.
fn is_same(expected: &str, got: &str) -> bool {
    got == expected || got.strip_suffix(".svc.cluster.local") == Some(expected)
}

/// The hosts that a row's documents write rules or Services for.
fn hosts(written: &[Value]) -> Vec<String> {
    let mut hosts = Vec::new();
    for document in written {
        let spec = &document["spec"];
        if documents::is_kind(document, "", "Service") {
            hosts.push(documents::full_name(documents::name(document), documents::namespace(document)));
        } else if documents::is_kind(document, gateway_api::GROUP, "HTTPRoute") {
            let parents = documents::list(spec, "parentRefs").iter();
            hosts.extend(parents.map(|parent| {
                documents::full_name(documents::text(parent, "name"), documents::text(parent, "namespace"))
            }));
        } else {
            hosts.extend(documents::list(spec, "hosts").iter().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(proxy: &str, call: Value, expect: Value) -> Row {
        let row = json!({
            "id": "a", "group": "b", "config": null, "call": call, "expect": expect,
            "proxy": {"type": proxy, "labels": {"istio": "ingressgateway"}},
        });
        serde_json::from_value(row).unwrap()
    }

    fn judged(row: &Row, written: &[Value]) -> Outcome {
        let supplied = supply::for_clusters(&clusters(&row.expect), written);
        let documents = [written, &supplied].concat();
        let snapshot = Snapshot::compile(&documents::take(&documents).0, &row.proxy.viewpoint(), None);
        match row.call["route_name"].as_str() {
            Some(port) => routes::outcome(row, port, written, &supplied, &snapshot),
            None => call::outcome(row, &snapshot),
        }
    }

    fn gateway() -> Vec<Value> {
        let server =
            json!({"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["shop.example"]});
        vec![
            json!({
                "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "door"},
                "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
            }),
            json!({
                "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "shop"},
                "spec": {"gateways": ["door"], "hosts": ["shop.example"], "http": [
                    {"match": [{"uri": {"prefix": "/cart"}}], "route": [{"destination": {"host": "cart"}}]},
                ]},
            }),
        ]
    }

    #[test]
    fn a_gateway_s_cluster_is_compared() {
        let call = |path: &str| json!({"port": 80, "protocol": "http", "host": "shop.example", "path": path});
        let right = json!({"cluster": "outbound|80||cart.default", "virtual_host": "shop.example:80"});
        assert_eq!(judged(&row("gateway", call("/cart"), right.clone()), &gateway()), Outcome::Agrees);
        let elsewhere = judged(&row("gateway", call("/else"), right), &gateway());
        assert!(matches!(elsewhere, Outcome::Differs { .. }), "{elsewhere:?}");
        let wrong = json!({"cluster": "outbound|80||price.default"});
        let wrong = judged(&row("gateway", call("/cart"), wrong), &gateway());
        assert!(matches!(wrong, Outcome::Differs { .. }), "{wrong:?}");
    }

    #[test]
    fn the_reasons_for_no_cluster_are_told_apart() {
        let call = |port: u16, host: &str| json!({"port": port, "protocol": "http", "host": host});
        for (call, error) in [
            (call(81, "shop.example"), "no_listener"),
            (call(80, "other.example"), "no_virtual_host"),
            (call(80, "shop.example"), "no_route"),
        ] {
            for said in ["no_listener", "no_virtual_host", "no_route"] {
                let outcome = judged(&row("gateway", call.clone(), json!({"error": said})), &gateway());
                assert_eq!(outcome == Outcome::Agrees, said == error, "{call}: {said}");
            }
        }
    }

    #[test]
    fn a_virtual_host_that_must_not_exist_differs_if_it_does() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart", "namespace": "default"},
            "spec": {"ports": [{"name": "http", "port": 80}]},
        });
        let hosts = |expected: Value| json!({"virtual_hosts": {"cart.default.svc.cluster.local": expected}});
        let judged = |expected| {
            judged(
                &row("sidecar", json!({"route_name": "80"}), hosts(expected)),
                std::slice::from_ref(&service),
            )
        };
        let own = json!(["outbound|80||cart.default.svc.cluster.local"]);
        assert_eq!(judged(own), Outcome::Agrees);
        assert!(matches!(judged(Value::Null), Outcome::Differs { .. }));
    }

    #[test]
    fn what_is_not_http_is_not_judged() {
        let unsaid = |call| unsaid(&row("sidecar", call, json!({})), &[]).is_some();
        assert!(unsaid(json!({"protocol": "tcp"})) && !unsaid(json!({"protocol": "tcp", "mode": "inbound"})));
        assert!(unsaid(json!({"protocol": "http", "tls": "tls"})) && !unsaid(json!({"protocol": "http"})));
    }
}
