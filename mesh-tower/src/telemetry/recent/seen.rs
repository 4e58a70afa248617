//! What is told of one request.

use crate::{
    event::{Exchange, Side, Workload},
    telemetry::metrics::{Own, principal},
};
use http::uri::Authority;
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// How much of a text is told, in bytes: strangers write some of them.
const MOST: usize = 256;

/// One request that has ended, as one side saw it. No headers, no query and no body: what is secret is there.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    /// When it came, in milliseconds since 1970.
    at: u64,
    /// `source`, or `destination`: Istio's name of the side that tells.
    reporter: &'static str,
    is_gateway: bool,
    method: String,
    pub(super) path: String,
    authority: String,
    from: Party,
    to: Party,
    /// The host of the service that it was for, on the side of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<String>,
    /// Where it went last.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// 0 when there was none.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc_status: Option<u16>,
    /// Envoy's flags; `-` for none.
    flags: String,
    /// Why, in Envoy's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    details: String,
    /// How often it was sent to an endpoint.
    tries: u32,
    /// In milliseconds.
    duration: f64,
    /// Whether the other end proved who it is.
    is_secured: bool,
}

/// Who takes part.
#[derive(Debug, Default, Serialize)]
struct Party {
    namespace: String,
    service: String,
    version: String,
    workload: String,
}

impl Seen {
    /// One of which nothing is known but this.
    #[cfg(test)]
    pub(super) fn of_path(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    pub(in crate::telemetry) fn of(exchange: &Exchange, own: &Own) -> Self {
        let heads = exchange.kept.heads.as_deref();
        let backend = exchange.backend.as_ref();
        let started = SystemTime::now().checked_sub(exchange.lasted).unwrap_or(UNIX_EPOCH);
        let at = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (own, peer) = (Party::of(&own.workload), Party::of_peer(exchange));
        let (from, to) = match exchange.side {
            Side::Client => (own, peer),
            Side::Server => (peer, own),
        };
        Self {
            at: u64::try_from(at).unwrap_or_default(),
            reporter: Own::reporter(exchange.side),
            is_gateway: exchange.is_gateway,
            method: heads.map(|heads| short(heads.method.as_str())).unwrap_or_default(),
            path: heads.map(|heads| short(heads.uri.path())).unwrap_or_default(),
            authority: host(&exchange.authority),
            from,
            to,
            service: backend.map(|backend| backend.name.host.to_string()),
            subset: backend.and_then(|backend| backend.name.subset.as_deref()).map(short),
            endpoint: exchange.destination.as_ref().map(|to| format!("{}:{}", to.address, to.port)),
            status: exchange.status.map_or(0, |status| status.as_u16()),
            grpc_status: exchange.grpc_status.filter(|_| exchange.is_grpc),
            flags: exchange.flags.to_string(),
            details: short(&exchange.details),
            tries: exchange.tries,
            duration: exchange.lasted.as_secs_f64() * 1e3,
            is_secured: principal(exchange).is_some(),
        }
    }
}

impl Party {
    fn of(workload: &Workload) -> Self {
        Self {
            namespace: short(workload.namespace()),
            service: short(workload.canonical_service()),
            version: short(workload.version()),
            workload: short(workload.name()),
        }
    }

    /// Who is at the other end, by itself, or else by what documents say of the endpoint.
    fn of_peer(exchange: &Exchange) -> Self {
        if let Some(peer) = &exchange.peer {
            return Self::of(peer);
        }
        let labels = exchange.endpoint().map(|endpoint| endpoint.labels.as_ref().clone()).unwrap_or_default();
        Self::of(&Workload { labels, ..Workload::default() })
    }
}

/// The host that a request was for; whoever writes a name and a password before it keeps them.
fn host(authority: &str) -> String {
    let parsed = authority.parse::<Authority>();
    parsed
        .map(|authority| short(authority.as_str().rsplit('@').next().unwrap_or_default()))
        .unwrap_or_default()
}

fn short(text: &str) -> String {
    let end = (0..=MOST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_are_cut_and_have_no_passwords() {
        assert_eq!(short("päth"), "päth");
        assert_eq!(short(&"ä".repeat(200)).len(), MOST);
        assert_eq!(short(&format!("a{}", "ä".repeat(200))).len(), MOST - 1);
        assert_eq!(host("ann:secret@shop:80"), "shop:80");
        assert_eq!(host("no host"), "");
    }
}
