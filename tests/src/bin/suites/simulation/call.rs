//! One request through a proxy.

use super::{Row, destination, is_same};
use crate::{
    documents,
    judgement::{Comparison, Outcome},
};
use http::HeaderMap;
use mesh_core::table::{RequestView, Snapshot};

/// Compares where one request goes.
pub(super) fn outcome(row: &Row, snapshot: &Snapshot) -> Outcome {
    let port = row.call["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let listener = Some(port).filter(|_| row.proxy.is_gateway());
    compared(row, snapshot, &view(row, port, &HeaderMap::new(), listener))
}

/// Compares where a connection goes whose TLS ends behind the gateway.
pub(super) fn sealed(row: &Row, snapshot: &Snapshot) -> Outcome {
    let port = row.call["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let name = row.call["sni"].as_str().or(row.call["host"].as_str());
    let got = match snapshot.decide_sealed(port, name, 0) {
        Ok(backend) => backend.name.to_string(),
        Err(refusal) => format!("{refusal:?}"),
    };
    let mut comparison = Comparison::default();
    let expected = row.expect["cluster"].as_str().unwrap_or("a cluster");
    comparison.check("cluster", is_same(expected, &got), expected, &got);
    comparison.outcome()
}

fn view<'a>(row: &'a Row, port: u16, headers: &'a HeaderMap, listener: Option<u16>) -> RequestView<'a> {
    RequestView {
        method: "GET",
        scheme: if row.call["tls"] == "tls" { "https" } else { "http" },
        authority: documents::text(&row.call, "host"),
        path: documents::or(documents::text(&row.call, "path"), "/"),
        query: None,
        headers,
        port,
        listener,
        claims: None,
    }
}

fn compared(row: &Row, snapshot: &Snapshot, view: &RequestView<'_>) -> Outcome {
    let mut comparison = Comparison::default();
    let (expect, got) = (&row.expect, found(snapshot, view));
    let host = expect["virtual_host"].as_str().map(|name| name.split(':').next().unwrap_or_default());
    if let Some(error) = expect["error"].as_str() {
        // What Istio makes of a port that nobody has rules for.
        let is_nobodys = host == Some("blackhole") && got == "no_virtual_host";
        comparison.check("error", got == error || is_nobodys, error, &got);
    }
    if let Some(cluster) = expect["cluster"].as_str() {
        comparison.check("cluster", is_same(cluster, &got), cluster, &got);
    }
    let is_asked = !matches!(got.as_str(), "tls_redirect_301" | "no_listener");
    if let Some(host) = host.filter(|host| is_asked && *host != "blackhole") {
        let explained = snapshot.explain(view).virtual_host.unwrap_or_default();
        comparison.check("virtual host", is_same(host, &explained), host, &explained);
    }
    comparison.outcome()
}

/// Where a request goes, what a gateway does before any rule is asked included.
fn found(snapshot: &Snapshot, view: &RequestView<'_>) -> String {
    let Some(port) = view.listener else { return destination(snapshot, view) };
    let Some(listener) = snapshot.listeners().iter().find(|listener| listener.port == port) else {
        return "no_listener".to_owned();
    };
    let server = listener.server_for(Some(view.host())).filter(|server| server.redirects_to_https);
    if server.is_some() && view.scheme == "http" {
        return "tls_redirect_301".to_owned();
    }
    destination(snapshot, view)
}
