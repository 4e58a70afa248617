//! Whether whoever is asked lets a request in, and why.

use crate::output::{DECIDED, ERROR};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mesh_core::{
    identity::{Claims, InvalidSpiffeId, SpiffeId},
    model::{Address, Labels, Model},
    table::{
        AuthorizationExplanation, BackendEndpoint, Explanation, GatewayRole, InboundView, PolicyExplanation,
        Question, RequestView, Snapshot, Viewpoint,
    },
};
use serde::Serialize;
use std::{
    io::{self, Write},
    net::IpAddr,
    str::FromStr,
    sync::Arc,
};

/// Who asks: the workload, and the end user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) workload: Option<Principal>,
    pub(crate) user: Option<Token>,
}

/// A workload's identity: `spiffe://cluster.local/ns/shop/sa/cart`.
#[derive(Clone, Debug)]
pub(crate) struct Principal(SpiffeId);

/// A token, of which the signature is not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Token(Arc<Claims>);

/// What one of those who are asked makes of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Judged {
    /// The workload's namespace.
    namespace: String,
    /// Its labels.
    labels: Labels,
    /// Its address, as `address:port`; none for a gateway, whose addresses nobody has written.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(flatten)]
    explanation: AuthorizationExplanation,
}

/// Where a request comes in.
struct Door {
    viewpoint: Viewpoint,
    address: Option<IpAddr>,
    port: u16,
    endpoint: Option<String>,
}

/// What everybody makes of the request who has a policy for it: the gateway, and each kind of workload that it can go to.
/// All of them when somebody is named who asks.
pub(crate) fn judge(
    model: &Model,
    question: &Question,
    snapshot: &Snapshot,
    explanation: &Explanation,
    identity: &Identity,
) -> Vec<Judged> {
    let mut doors = Vec::new();
    if question.viewpoint.gateway != GatewayRole::None {
        let port = question.view().port;
        doors.push(Door { viewpoint: question.viewpoint.clone(), address: None, port, endpoint: None });
    }
    doors.extend(destinations(model, snapshot, explanation));
    let is_named = identity.workload.is_some() || identity.user.is_some();
    let judged = doors.iter().map(|door| door.judge(model, question, explanation, identity));
    judged.filter(|judged| is_named || !judged.explanation.policies.is_empty()).collect()
}

/// One workload of each set of labels that the request can go to.
fn destinations(model: &Model, snapshot: &Snapshot, explanation: &Explanation) -> Vec<Door> {
    let mut doors: Vec<Door> = Vec::new();
    for target in &explanation.targets {
        let is_own = |backend: &&Arc<mesh_core::table::Backend>| {
            let name = &backend.name;
            (name.host.as_str(), name.subset.as_deref(), name.port)
                == (target.host.as_str(), target.subset.as_deref(), target.port)
        };
        let service = model.services.iter().find(|service| service.host.as_str() == target.host);
        let Some(namespace) = service.map(|service| service.namespace.to_string()) else { continue };
        for endpoint in snapshot.backends().filter(is_own).flat_map(|backend| &*backend.endpoints) {
            let door = Door::of(&namespace, endpoint);
            if !doors.iter().any(|known| known.viewpoint == door.viewpoint) {
                doors.push(door);
            }
        }
    }
    doors
}

impl Door {
    fn of(namespace: &str, endpoint: &BackendEndpoint) -> Self {
        let address = match &endpoint.address {
            Address::Ip(address) => Some(*address),
            Address::Name(_) => None,
        };
        let labels = Labels::clone(&endpoint.labels);
        Self {
            viewpoint: Viewpoint { namespace: namespace.to_owned(), labels, ..Viewpoint::default() },
            address,
            port: endpoint.port,
            endpoint: Some(format!("{}:{}", endpoint.address, endpoint.port)),
        }
    }

    fn judge(
        &self,
        model: &Model,
        question: &Question,
        explanation: &Explanation,
        identity: &Identity,
    ) -> Judged {
        let snapshot = Snapshot::compile(model, &self.viewpoint, None);
        let sent = question.view();
        // Whoever is behind a gateway, or behind a rule, sees what they have made of the request.
        let is_first = self.viewpoint.gateway != GatewayRole::None;
        let rewritten = explanation.rewritten_path.as_deref().filter(|_| !is_first);
        let (path, query) = match rewritten.map(|path| path.split_once('?').unwrap_or((path, ""))) {
            Some((path, query)) => (path, Some(query).filter(|query| !query.is_empty())),
            None => (sent.path, sent.query),
        };
        let authority = explanation.rewritten_authority.as_deref().filter(|_| !is_first);
        let request = RequestView {
            path,
            query,
            authority: authority.unwrap_or(sent.authority),
            port: self.port,
            ..sent
        };
        let view = InboundView {
            source: None,
            remote: None,
            destination: self.address,
            port: self.port,
            server_name: None,
            peer: identity.workload.as_ref().map(|Principal(id)| id),
            claims: identity.user.as_ref().map(|Token(claims)| &**claims),
            request: Some(request),
        };
        Judged {
            namespace: self.viewpoint.namespace.clone(),
            labels: self.viewpoint.labels.clone(),
            endpoint: self.endpoint.clone(),
            explanation: snapshot.inbound().explain(&view),
        }
    }
}

/// Writes for people what was made of the request.
pub(crate) fn write(out: &mut impl Write, judged: &[Judged], identity: &Identity) -> io::Result<()> {
    if identity.user.is_some() {
        line(out, "token", "its claims are believed as written: no signature is checked here")?;
    }
    for Judged { namespace, labels, endpoint, explanation } in judged {
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let place = endpoint.as_deref().unwrap_or("gateway");
        line(out, "asked", &format!("{place} in {namespace} ({})", labels.join(",")))?;
        let style = if explanation.is_allowed { DECIDED } else { ERROR };
        line(out, "  verdict", &format!("{style}{}{style:#}", explanation.summary))?;
        for provider in &explanation.asked {
            line(out, "  asks first", provider)?;
        }
        for policy in &explanation.policies {
            write_policy(out, policy)?;
        }
        if let Some(dry_run) = &explanation.dry_run {
            line(out, "  dry run", dry_run)?;
        }
    }
    Ok(())
}

fn write_policy(out: &mut impl Write, policy: &PolicyExplanation) -> io::Result<()> {
    let tried = if policy.is_dry_run { ", only tried" } else { "" };
    line(out, "  policy", &format!("{} ({}{tried})", policy.policy, policy.action))?;
    if policy.rules.is_empty() {
        line(out, "    no rule", "is for no request")?;
    }
    for rule in &policy.rules {
        let mismatch = rule.mismatch.as_deref().unwrap_or("is for the request");
        let place = if rule.line > 0 { format!("line {}: ", rule.line) } else { String::new() };
        line(out, &format!("    rule {}", rule.rule), &format!("{place}{mismatch}"))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, word: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{word:18} {text}")
}

impl Principal {
    /// The namespace that it is of, if it says.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.0.workload().map(|(namespace, _)| namespace)
    }
}

impl FromStr for Principal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let id = SpiffeId::parse(text);
        id.map(Self).map_err(|reason: InvalidSpiffeId| {
            format!("{text:?}: {reason} (such as spiffe://cluster.local/ns/shop/sa/cart)")
        })
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A token is a secret: what is wrong with it is told without it.
        let mut parts = text.trim().splitn(3, '.');
        let payload = parts.nth(1).filter(|_| parts.next().is_some());
        let payload = payload.ok_or("no token: it has three parts, with dots between")?;
        let payload =
            URL_SAFE_NO_PAD.decode(payload).map_err(|_| "no token: its second part is no base64url")?;
        let claims =
            serde_json::from_slice(&payload).map_err(|_| "no token: its claims are no JSON object")?;
        Ok(Self(Arc::new(Claims::new(claims))))
    }
}
